import type { Browser, Page } from 'playwright-core';
import { encode } from 'uqr';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { chartCases } from './chartCases.js';
import { listCases } from './listCases.js';
import {
  cutCellsOf,
  findBarriers,
  openBrowser,
  openPage,
  overflowOf,
  shiftsOf,
  WAIT_MS,
  type WatchedPage,
} from './openBrowser.js';
import { outageCases } from './outageCases.js';
import { packageCases } from './packageCases.js';
import { playCases } from './playCases.js';
import { type PlayedStory, playStory } from './playedStory.js';
import { playTroubleCases } from './playTroubleCases.js';
import { type RunningPlatform, startPlatform } from './runningPlatform.js';
import { searchCases } from './searchCases.js';
import { toolsCases } from './toolsCases.js';

// A browser, a platform and other suites may share two cores.
vi.setConfig({ testTimeout: 180_000 });

let platform: RunningPlatform;
let browser: Browser;
let story: PlayedStory;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  platform = await startPlatform();
  story = await playStory(platform);
  browser = await openBrowser();
  watched = await openPage(browser);
  page = watched.page;
}, 400_000);

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
}, 60_000);

beforeEach(async () => {
  // What the page before still has to say is not this test's.
  await page.goto('about:blank');
  watched.errors.length = 0;
});

const open = (path: string) => page.goto(platform.url + path, { waitUntil: 'domcontentloaded' });
/** Asks again until it is so. */
const eventually = <T>(ask: () => T) => expect.poll(ask, { timeout: WAIT_MS });
const mainText = () => page.locator('main').textContent();

async function search(text: string): Promise<void> {
  await page.getByRole('searchbox').fill(text);
  await page.keyboard.press('Enter');
}

async function verdict(): Promise<string> {
  await page.getByRole('button', { name: 'Check this command' }).click();
  const shown = page.getByRole('status').filter({ hasText: /PASS|FAIL/ });
  return (await shown.textContent()) ?? '';
}

describe('the home page', () => {
  it('shows new blocks as they come, and nothing moves that was already there', async () => {
    await open('/');
    const newest = page.getByRole('region', { name: 'newest blocks' }).locator('strong').first();
    const heightOf = async () => Number(((await newest.textContent()) ?? '').replace(/\D/g, ''));
    const before = await heightOf();
    await eventually(heightOf).toBeGreaterThanOrEqual(before + 3);
    await page.getByText('Spin roulette').first().waitFor();
    const { score, where } = await shiftsOf(page);
    expect(score, where.join('\n')).toBeLessThan(0.01);
    expect(watched.errors).toEqual([]);
  });
});

describe('search', () => {
  it.each([
    ['a command by its id', () => story.spin, () => `/command/${story.spin}`],
    ['an account by its key', () => story.account, () => `/account/${story.account}`],
    ['a block by its height', () => String(story.height), () => `/block/${story.height}`],
  ])('finds %s', async (_title, query, path) => {
    await open('/');
    await search(query());
    await page.waitForURL(platform.url + path());
  });

  it('takes the keyboard at /', async () => {
    await open('/');
    await page.getByText('Newest blocks').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type(String(story.height));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${platform.url}/block/${story.height}`);
  });

  it.each([
    ['is not there', 'ab'.repeat(32)],
    ['cannot be', 'no such thing'],
  ])('says what was searched when it %s', async (_title, query) => {
    await open('/');
    await search(query);
    await eventually(() => page.locator('body').textContent()).toContain(`“${query}”`);
  });
});

describe('the page', () => {
  it('of a block shows its seed, its signers and its commands', async () => {
    await open(`/block/${story.height}`);
    await page.getByRole('heading', { name: `Block ${story.height}` }).waitFor();
    await page.locator(`a[href="/command/${story.spin}"]`).first().waitFor();
    await page.locator(`[title="${story.seed}"]`).first().waitFor();
    await page.getByText('validator 0').first().waitFor();
    expect(watched.errors).toEqual([]);
  });

  it('of blocks leads to the block of a time', async () => {
    const answer = await fetch(`${platform.url}/explorer/blocks/${story.height}`);
    const { timestampMs } = (await answer.json()) as { timestampMs: number };
    await open('/blocks');
    const time = page.getByLabel('Time (UTC)');
    await time.fill('1970-01-02T00:00:00');
    await page.locator('form', { has: time }).getByRole('button', { name: 'Go' }).click();
    await page.getByText('no block as early as that').waitFor();
    // In UTC whatever the browser's own time zone is, to the second: the block is in it, or right
    // before it.
    await time.fill(new Date(timestampMs + 999).toISOString().slice(0, 19));
    await page.locator('form', { has: time }).getByRole('button', { name: 'Go' }).click();
    await page.waitForURL(/\/block\/\d+$/);
    const height = Number(page.url().split('/').at(-1));
    const second = Math.floor((timestampMs + 999) / 1000) * 1000;
    const found = await fetch(`${platform.url}/explorer/block-by-time/${second}`);
    expect(((await found.json()) as { block: { height: number } }).block.height).toBe(height);
  });

  it('of a command shows how it ended, who signed and what came of it', async () => {
    await open(`/command/${story.spin}`);
    await page.getByText('executed').first().waitFor();
    await page.getByText('RouletteSpun').first().waitFor();
    await page.locator(`a[href="/account/${story.account}"]`).first().waitFor();
    expect(watched.errors).toEqual([]);
  });

  it('of an account shows what it holds, as the API answers it', async () => {
    const answer = await fetch(`${platform.url}/account/${story.account}`);
    const { balances } = (await answer.json()) as { balances: { amount: string }[] };
    await open(`/account/${story.account}`);
    const text = async () => ((await mainText()) ?? '').replace(/(\d),(?=\d)/g, '$1');
    await eventually(text).toContain(String(balances[0]?.amount));
    await page.getByText('Stake').first().waitFor();
    await page.getByText('QR code').click();
    const code = page.getByRole('img', { name: 'QR code of the address of this account' });
    const { data } = encode(`${platform.url}/account/${story.account}`, { ecc: 'M', border: 4 });
    const dark = data.flat().filter((isDark) => isDark).length;
    const drawn = async () => (await code.locator('path').getAttribute('d'))?.split('M').length;
    await eventually(drawn).toBe(dark + 1);
    expect(watched.errors).toEqual([]);
  });

  it.each([
    ['block', '/block/999999999', '999,999,999'],
    ['malformed block', '/block/xyz', 'xyz'],
    ['command', `/command/${'ab'.repeat(32)}`, 'ab'.repeat(32)],
    ['malformed command', '/command/nonsense', 'nonsense'],
    ['account', `/account/${'cd'.repeat(32)}`, 'cd'.repeat(32)],
    ['malformed account', '/account/nobody', 'nobody'],
    ['page', '/no/such/page', '/no/such/page'],
  ])('of an unknown %s says what was looked for', async (_title, path, asked) => {
    await open(path);
    await eventually(mainText).toContain(asked);
    await eventually(mainText).toMatch(/is not|no such/i);
  });
});

describe('the live feed', () => {
  it('says that it reconnects, and goes on from the height after the last one seen', async () => {
    const asked: (number | null)[] = [];
    let cut: (() => void) | null = null;
    await page.routeWebSocket('**/feed', (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((text) => {
        asked.push((JSON.parse(String(text)) as { from: number | null }).from);
        server.send(text);
      });
      cut = () => socket.close({ code: 4001 });
    });
    await open('/');
    const footer = page.locator('footer');
    await footer.getByText('live').waitFor();
    const shown = async () => Number(((await footer.locator('b').textContent()) ?? '').trim());
    const before = await shown();
    await eventually(shown).toBeGreaterThan(before);
    (cut as (() => void) | null)?.();
    await footer.getByText('reconnecting…').waitFor();
    await footer.getByText('live', { exact: true }).waitFor();
    const again = await shown();
    await eventually(shown).toBeGreaterThan(again);
    expect(asked.length).toBe(2);
    expect(asked[1]).toBeGreaterThan(before);
    await page.unrouteAll();
  });
});

describe('the fairness check', () => {
  it.each([
    ['a spin', () => story.spin, 'The spin follows from the seed'],
    ['the first card of hi-lo', () => story.start, 'The first card follows from the seed'],
    ['a guess at hi-lo', () => story.guess, 'The step follows from the seed and the card before'],
  ])('passes on %s, and fails once it is altered on its way', async (_title, id, step) => {
    await open(`/command/${id()}`);
    expect(await verdict()).toBe('PASS');
    await page.getByText(step).waitFor();
    expect(watched.errors).toEqual([]);
    const path = `**/explorer/commands/${id()}*`;
    await page.route(path, async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as { events: { kind: string; value: string }[] };
      const event = body.events.find(({ kind }) => /RouletteSpun|HiLo/.test(kind));
      if (event === undefined) throw new Error('no event of a game');
      const last = Number.parseInt(event.value.slice(-2), 16) ^ 2;
      event.value = event.value.slice(0, -2) + last.toString(16).padStart(2, '0');
      await route.fulfill({ response, json: body });
    });
    await open(`/command/${id()}`);
    expect(await verdict()).toBe('FAIL');
    await page.unroute(path);
  });

  it('fails on a block whose certificate others have signed', async () => {
    const path = /\/explorer\/blocks\/\d+/;
    await page.route(path, async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as {
        certified: string;
        certificate: { signatures: { signature: string }[] };
      };
      const { signature = '' } = body.certificate.signatures[0] ?? {};
      const forged = signature.replace(/^../, (byte) => (byte === '00' ? '01' : '00'));
      body.certified = body.certified.replace(signature, forged);
      await route.fulfill({ response, json: body });
    });
    await open(`/command/${story.spin}`);
    expect(await verdict()).toBe('FAIL');
    await page.unroute(path);
  });
});

describe('every page', () => {
  /** With a text that shows that its content has come. */
  const pages: readonly (readonly [path: () => string, shown: string])[] = [
    [() => '/', 'Spin roulette'],
    [() => '/blocks', 'validator 0'],
    [() => '/commands', 'These commands as CSV'],
    [() => '/accounts', 'CHIP'],
    [() => '/games', 'Outcome'],
    [() => '/validators', 'Signatures needed'],
    [() => '/stats', 'Staked and paid'],
    [() => '/status', 'events/0'],
    [() => '/tools', 'Decode bytes'],
    [() => '/search?q=fffffffe', 'No block, command or account'],
    [() => `/block/${story.height}`, 'State root'],
    [() => `/command/${story.spin}`, 'RouletteSpun'],
    [() => `/account/${story.account}`, 'Stake'],
    [() => '/no/such/page', 'There is no such page'],
  ];

  it.each(pages)('has no barrier, fits a phone, makes no error: %s', async (path, shown) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await open(path());
    await page.getByText(shown).first().waitFor();
    expect(await findBarriers(page), 'light').toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 360, height: 740 });
    // Charts learn of another width a moment later.
    await expect.poll(() => overflowOf(page)).toBeLessThanOrEqual(0);
    await expect.poll(() => cutCellsOf(page)).toEqual([]);
    expect(await findBarriers(page), 'dark, on a phone').toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
    expect(watched.errors).toEqual([]);
  });

  it('shows on a phone, among the pages, the one that is open', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open('/status');
    const current = page.getByRole('navigation').getByRole('link', { name: 'Status' });
    await current.waitFor();
    const { x = -1, width = 0 } = (await current.boundingBox()) ?? {};
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThanOrEqual(360);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('copies what a button stands beside', async () => {
    await open(`/command/${story.spin}`);
    await page.getByRole('button', { name: /^copy/ }).first().click();
    await page.getByRole('button', { name: 'copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(story.spin);
  });

  it('runs under a policy that lets no code in from elsewhere, nor from a string', async () => {
    const response = await open('/');
    const policy = response?.headers()['content-security-policy'] ?? '';
    const gateway = new URL(platform.gatewayUrl).host;
    expect(policy).toContain("default-src 'self'; ");
    expect(policy).toContain(`connect-src 'self' ws://${gateway} wss://${gateway}; `);
    expect(policy).not.toContain('unsafe');
  });

  it('states its version, the indexed height, the lag and where the API is described', async () => {
    await open('/');
    const footer = page.locator('footer');
    await footer.getByText(/explorer \d+\.\d+\.\d+/).waitFor();
    await footer.getByText('indexed height').waitFor();
    await footer.getByText(/no lag|behind/).waitFor();
    await footer.getByRole('link', { name: 'API document' }).waitFor();
  });

  it('follows the theme of the system, and the one chosen on it', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await open('/');
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const dark = await ground();
    const toggle = page.getByRole('button', { name: /theme/ });
    await toggle.click();
    await page.getByRole('button', { name: /theme: light/ }).waitFor();
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.reload();
    expect(await ground()).toBe(light);
  });

  it('has asked nobody but the reader', () => {
    const own = [platform.url, platform.url.replace('http', 'ws')];
    expect([...watched.origins].filter((origin) => !own.includes(origin))).toEqual([]);
    expect(watched.origins.size).toBe(2);
  });
});

chartCases(() => ({ browser, platform }));
listCases(() => ({ browser, platform, story }));
playCases(() => ({ browser, platform }));
playTroubleCases(() => ({ browser, platform }));
packageCases(() => ({ browser, platform, story }));
outageCases(() => ({ browser, platform, story }));
searchCases(() => ({ browser, platform, story }));
toolsCases(() => ({ browser, platform, story }));
