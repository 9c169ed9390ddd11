import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cutCellsOf, openPage } from './openBrowser.js';
import type { PlayedStory } from './playedStory.js';
import type { RunningPlatform } from './runningPlatform.js';

interface World {
  readonly browser: Browser;
  readonly platform: RunningPlatform;
  readonly story: PlayedStory;
}

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
