import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cutCellsOf, openPage, WAIT_MS } from './openBrowser.js';
import type { PlayedStory } from './playedStory.js';
import type { RunningPlatform } from './runningPlatform.js';

interface World {
  readonly browser: Browser;
  readonly platform: RunningPlatform;
  readonly story: PlayedStory;
}

/** A reader is asked again, so often, for a height that is to come: longer than a page may wait. */
const AT_ONCE_MS = 10_000;

/** What the address says of a list, and what happens where it says what cannot be. */
export function listCases(world: () => World): void {
  describe('a list', () => {
    let page: Page;
    let url: string;
    let account: string;

    beforeAll(async () => {
      const { browser, platform, story } = world();
      ({ page } = await openPage(browser));
      url = platform.url;
      account = `/account/${story.account}`;
    });
    afterAll(() => page?.context().close());

    const open = (path: string) => page.goto(url + path, { waitUntil: 'domcontentloaded' });
    const newest = async () => {
      const answer = await fetch(`${url}/explorer/blocks?limit=1`);
      return ((await answer.json()) as { visibleHeight: number }).visibleHeight;
    };
    const search = () => new URL(page.url()).search;
    const selectedTab = () => page.locator('[role=tab][aria-selected=true]').textContent();
    const pageShown = (text: string) => page.locator('.pager').getByText(text).waitFor();

    it.each([1280, 360])('cuts no age of two digits, %i pixels wide', async (width) => {
      const later = await page.context().newPage();
      await later.addInitScript('{ const now = Date.now; Date.now = () => now() + 20 * 60000; }');
      await later.setViewportSize({ width, height: 900 });
      for (const path of ['/blocks', '/commands', '/games', account, `${account}#games`]) {
        await later.goto(url + path);
        await later.locator('tbody td').first().waitFor();
        await expect.poll(() => later.getByText(/^\d\d min ago$/).count()).toBeGreaterThan(0);
        expect(await cutCellsOf(later), path).toEqual([]);
      }
      await later.close();
    });

    it.each(['abc', '-5', '1.5', '9999999999999999999'])(
      'says that %s is no height',
      async (text) => {
        for (const path of [account, '/commands']) {
          await open(`${path}?asOf=${text}`);
          await page.getByText(`“${text}” is no height`).waitFor();
        }
      },
    );

    it('says at once that a height is to come, and shows it when it comes', async () => {
      for (const path of [account, '/commands']) {
        await open(`${path}?asOf=99999999`);
        await page.getByText('This height is not there yet').waitFor({ timeout: AT_ONCE_MS });
      }
      await open(`${account}?asOf=${(await newest()) + 6}`);
      await page.getByText('later changes are not shown').waitFor();
      await page.getByText('Public key', { exact: true }).waitFor();
    });

    it('says that a block far away takes years', async () => {
      await open('/block/99999999999999');
      await page
        .getByText(/Block 99,999,999,999,999 comes after .* takes about [\d,]+ years/)
        .waitFor();
    });

    it('keeps its filter and its page in the address, there and back', async () => {
      // Three pages of 25 blocks.
      await expect.poll(newest, { timeout: 2 * WAIT_MS }).toBeGreaterThan(55);
      await open('/blocks');
      await page.getByLabel('only blocks with commands').check();
      expect(search()).toBe('?nonEmpty=true');
      await page.getByLabel('only blocks with commands').uncheck();
      for (const shown of ['Page 2', 'Page 3']) {
        await page.getByRole('button', { name: 'Older' }).click();
        await pageShown(shown);
      }
      const first = () => page.locator('tbody a').first().textContent();
      const row = page.locator('tbody td');
      await row.first().waitFor();
      const [there, height] = [page.url(), await first()];
      await page.reload();
      await pageShown('Page 3');
      await expect.poll(first, { timeout: WAIT_MS }).toBe(height);
      await page.locator('tbody a').first().click();
      await page.waitForURL(/\/block\//);
      await page.goBack();
      await expect.poll(first, { timeout: WAIT_MS }).toBe(height);
      await page.getByRole('button', { name: 'Newer' }).click();
      await pageShown('Page 2');
      // Sent to somebody else, there is no way back but to the newest.
      const other = await page.context().newPage();
      await other.goto(there);
      await other.getByRole('button', { name: 'Newest' }).click();
      await other.locator('.pager').getByText('Page 1').waitFor();
      await other.close();
    });

    it('keeps the game and the range that were chosen', async () => {
      await open('/games');
      await page.getByRole('combobox', { name: 'Game' }).selectOption('hiLo');
      expect(search()).toBe('?game=hiLo');
      await page.reload();
      await expect
        .poll(() => page.getByRole('combobox', { name: 'Game' }).inputValue())
        .toBe('hiLo');
      await open('/stats');
      await page.getByRole('button', { name: '7 d' }).click();
      expect(search()).toBe('?range=7d');
      await page.reload();
      await page.locator('button[aria-pressed=true]', { hasText: '7 d' }).waitFor();
    });

    it('keeps the open tab as of another height', async () => {
      await open(`${account}#games`);
      await page.getByText('Stake').first().waitFor();
      await page.getByLabel('As of height').fill(String(world().story.height));
      await page.getByRole('button', { name: 'Show' }).click();
      await page.getByText('later changes are not shown').waitFor();
      await expect.poll(selectedTab, { timeout: WAIT_MS }).toBe('Games');
      await page.getByRole('link', { name: 'Now' }).click();
      await page.getByText('later changes are not shown').waitFor({ state: 'detached' });
      await expect.poll(selectedTab, { timeout: WAIT_MS }).toBe('Games');
    });

    it('counts as new only what its filter lets through', async () => {
      await open('/blocks');
      await page.getByRole('button', { name: /new blocks?, click to load/ }).waitFor();
      await open('/blocks?nonEmpty=true');
      const footer = page.locator('footer b');
      const height = async () => Number(((await footer.textContent()) ?? '').replace(/\D/g, ''));
      await page.locator('tbody a').first().waitFor();
      const before = await height();
      await expect.poll(height, { timeout: WAIT_MS }).toBeGreaterThan(before + 3);
      expect(await page.getByText('click to load').count()).toBe(0);
    });

    it('shows on a phone why a command was refused, and how a game ended', async () => {
      await page.setViewportSize({ width: 360, height: 740 });
      await page.route('**/explorer/commands?*', async (route) => {
        const response = await route.fetch();
        const body = (await response.json()) as { items: object[] };
        const refusal = { status: 'refused', code: 4019, codeName: 'tooManyAuthorizations' };
        const items = body.items.map((item) => ({ ...item, ...refusal }));
        await route.fulfill({ response, json: { ...body, items } });
      });
      await open('/commands');
      await page.getByText('refused: tooManyAuthorizations').first().waitFor();
      expect(await cutCellsOf(page)).toEqual([]);
      const chip = page.locator('td .chip.bad').first();
      const { x = 0, width = 999 } = (await chip.boundingBox()) ?? {};
      expect(x + width).toBeLessThanOrEqual(360 - 10);
      await page.unroute('**/explorer/commands?*');
      await open('/games');
      await page.locator('td .phone .chip').first().waitFor();
      await page.locator(`td a.phone[href="${account}"]`).first().waitFor();
      expect(await cutCellsOf(page)).toEqual([]);
      await page.setViewportSize({ width: 1280, height: 900 });
    });
  });
}
