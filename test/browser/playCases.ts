import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBarriers, openPage, overflowOf, WAIT_MS, type WatchedPage } from './openBrowser.js';
import type { RunningPlatform } from './runningPlatform.js';

interface World {
  readonly browser: Browser;
  readonly platform: RunningPlatform;
}

const GUESSES_MAX = 3;

/** The likelier of higher and lower, by the chances that the buttons state. */
async function guess(page: Page): Promise<void> {
  const chanceOf = async (name: string): Promise<number> => {
    const text = (await page.getByRole('button', { name }).textContent()) ?? '';
    return Number(/(\d+) %/.exec(text)?.[1] ?? 0);
  };
  const [higher, lower] = [await chanceOf('Higher'), await chanceOf('Lower')];
  await page.getByRole('button', { name: higher >= lower ? 'Higher' : 'Lower' }).click();
}

const playedCount = (page: Page) => page.locator('.rounds > li').count();

/** Clicks, and waits until one more round stands in the list; it must have been verified. */
async function playRound(page: Page, click: () => Promise<void>): Promise<void> {
  const before = await playedCount(page);
  await click();
  await expect.poll(() => playedCount(page), { timeout: WAIT_MS }).toBe(before + 1);
  const newest = page.locator('.rounds > li').first();
  await expect
    .poll(() => newest.locator('summary').textContent(), { timeout: WAIT_MS })
    .toMatch(/verified$/);
}

/** The reader's own check of the newest round, on the page of its command. */
async function checkOnItsPage(page: Page, url: string): Promise<string> {
  const link = page.locator('.rounds > li').first().getByRole('link', { name: 'command' });
  await page.goto(url + (await link.getAttribute('href')));
  const button = page.getByRole('button', { name: 'Check this command' });
  // The reader may be a height behind what the validators told the player.
  await expect
    .poll(async () => (await button.isVisible()) || !(await page.reload()), { timeout: WAIT_MS })
    .toBe(true);
  await button.click();
  return (await page.getByText(/^(PASS|FAIL)$/).textContent()) ?? '';
}

/** A visitor with a new key plays both games in the browser, through the gateway. */
export function playCases(world: () => World): void {
  describe('the play page', () => {
    let watched: WatchedPage;
    let page: Page;
    let url: string;

    beforeAll(async () => {
      watched = await openPage(world().browser);
      page = watched.page;
      url = world().platform.url;
    });

    afterAll(async () => {
      await page?.context().close();
    });

    const claim = () => page.getByRole('button', { name: /^Get .* chips$/ });
    const balance = async () =>
      Number(((await page.locator('#balance').textContent()) ?? '').replaceAll(',', ''));

    it('makes a key in the browser, and gets chips for it', async () => {
      await page.goto(`${url}/play`);
      await page.getByRole('button', { name: 'Make a key and play' }).click();
      await playRound(page, () => claim().click());
      expect(await balance()).toBe(10_000);
    });

    it('says in plain words why a second claim is refused', async () => {
      await claim().click();
      await page.getByRole('alert').getByText('it gives again after a day').waitFor();
      expect(await balance()).toBe(10_000);
    });

    it('plays a game of hi-lo to its end, over a reload, and verifies each step', async () => {
      const cashOut = page.getByRole('button', { name: /^Cash out/ });
      await playRound(page, () => page.getByRole('button', { name: 'Draw a card' }).click());
      const card = page.locator('.cards .playing-card').last();
      const shown = await card.getAttribute('aria-label');
      await page.reload();
      await cashOut.waitFor();
      expect(await card.getAttribute('aria-label')).toBe(shown);
      expect(await balance()).toBe(9_950);
      for (let guesses = 0; guesses < GUESSES_MAX && (await cashOut.isVisible()); guesses++) {
        await playRound(page, () => guess(page));
      }
      if (await cashOut.isVisible()) await playRound(page, () => cashOut.click());
      await page.getByText(/^(Paid|Lost) /).waitFor();
      expect(await checkOnItsPage(page, url)).toBe('PASS');
    });

    it('plays a round of roulette and verifies it', async () => {
      await page.goto(`${url}/play#roulette`);
      await expect.poll(() => claim().isEnabled(), { timeout: WAIT_MS }).toBe(true);
      const before = await balance();
      await page.getByRole('button', { name: 'bet on number 17' }).click();
      await page.getByRole('button', { name: 'bet on red', exact: true }).click();
      await page.getByRole('button', { name: 'bet on the first dozen' }).click();
      await playRound(page, () => page.getByRole('button', { name: 'Spin for 15' }).click());
      const number = Number(await page.locator('.pocket').textContent());
      const isRed = await page.locator('.pocket.red').isVisible();
      const isDozen = number >= 1 && number <= 12;
      const paid = (number === 17 ? 180 : 0) + (isRed ? 10 : 0) + (isDozen ? 15 : 0);
      expect(await balance()).toBe(before - 15 + paid);
      expect(await checkOnItsPage(page, url)).toBe('PASS');
    });

    it('has no barrier and fits a phone', async () => {
      for (const tab of ['hi-lo', 'roulette']) {
        await page.goto(`${url}/play#${tab}`);
        await expect.poll(() => claim().isEnabled(), { timeout: WAIT_MS }).toBe(true);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect(await findBarriers(page), `${tab} ${colorScheme}`).toEqual([]);
        }
        await page.setViewportSize({ width: 360, height: 740 });
        expect(await overflowOf(page), tab).toBeLessThanOrEqual(0);
        await page.setViewportSize({ width: 1280, height: 900 });
      }
    });

    it('gives the key away as a file, and plays on with it in another browser', async () => {
      const held = await balance();
      await page.getByText('Key', { exact: true }).click();
      const saving = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save the key' }).click();
      const path = await (await saving).path();
      const other = await openPage(world().browser);
      await other.page.goto(`${url}/play`);
      await other.page.getByRole('button', { name: 'I have a key' }).click();
      await other.page.locator('input[type=file]').setInputFiles(path);
      const seen = other.page.locator('#balance');
      await expect
        .poll(() => seen.textContent(), { timeout: WAIT_MS })
        .toBe(held.toLocaleString('en-US'));
      await other.page.context().close();
    });

    it('has asked nobody but the reader and the gateway, without an error', () => {
      const { gatewayUrl } = world().platform;
      const own = [url, url.replace('http', 'ws'), new URL(gatewayUrl).origin];
      expect([...watched.origins].filter((origin) => !own.includes(origin))).toEqual([]);
      // A page of a command that is not visible yet answers 404, which the browser reports.
      expect(watched.errors.filter((error) => !/404/.test(error))).toEqual([]);
    });
  });
}
