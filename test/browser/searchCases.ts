import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBarriers, openPage } from './openBrowser.js';
import type { PlayedStory } from './playedStory.js';
import type { RunningPlatform } from './runningPlatform.js';

interface World {
  readonly browser: Browser;
  readonly platform: RunningPlatform;
  readonly story: PlayedStory;
}

export function searchCases(world: () => World): void {
  describe('ways through the page', () => {
    let page: Page;
    beforeAll(async () => {
      ({ page } = await openPage(world().browser));
    });
    afterAll(() => page?.context().close());

    const open = (path: string) => page.goto(world().platform.url + path);
    const hints = () => page.getByRole('list', { name: 'found' });
    const type = async (text: string) => {
      await page.getByRole('searchbox').fill(text);
      await hints().waitFor();
    };

    it('closes the hints of the search on a click elsewhere, and opens them again', async () => {
      await open('/tools');
      await page.getByText('Decode bytes').waitFor();
      await type(world().story.spin.slice(0, 8));
      expect(await findBarriers(page)).toEqual([]);
      await page.getByRole('heading', { name: 'Tools' }).click();
      await hints().waitFor({ state: 'detached' });
      await page.getByRole('searchbox').focus();
      await hints().waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/command/${world().story.spin}`);
      await hints().waitFor({ state: 'detached' });
    });

    it('goes to a hint that is clicked, and leaves none open elsewhere', async () => {
      await open('/tools');
      await page.getByText('Decode bytes').waitFor();
      await type(world().story.spin.slice(0, 8));
      await hints().getByRole('link').first().click();
      await page.waitForURL(`**/command/${world().story.spin}`);
      await hints().waitFor({ state: 'detached' });
      await type(world().story.spin.slice(0, 8));
      await page.goBack();
      await page.waitForURL('**/tools');
      await hints().waitFor({ state: 'detached' });
    });

    it('takes heights as it writes them', async () => {
      await open('/blocks');
      const box = page.getByLabel('Height', { exact: true });
      const form = page.locator('form', { has: box });
      await box.fill('abc');
      await form.getByRole('button', { name: 'Go' }).click();
      await form.getByText('a height is a whole number').waitFor();
      await box.fill('9,999,999');
      await form.getByRole('button', { name: 'Go' }).click();
      await page.waitForURL('**/block/9999999');
      await page.getByText('This block is not there yet').waitFor();
      await page.getByRole('searchbox').fill('99,999');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/search?q=99999');
      await page.getByText('There is no block of height 99999').waitFor();
    });

    it.each([
      ['/block/abc', 'a block is named by its height'],
      ['/command/xyz', 'a command is named by its id'],
      ['/account/xyz', 'an account is named by its public key'],
      ['/commands?account=zz', 'an account is named by its public key'],
    ])('says in words what %s should have been', async (path, words) => {
      await open(path);
      await page.getByText(words).first().waitFor();
      expect(await page.locator('main').textContent()).not.toContain('pattern');
    });

    it('keeps the tab when the skip link is followed', async () => {
      await open(`/command/${world().story.spin}#changes`);
      const tab = page.getByRole('tab', { name: 'State changes' });
      await tab.waitFor();
      await page.evaluate("location.hash = '#content'");
      await page.waitForURL('**#content');
      expect(await tab.getAttribute('aria-selected')).toBe('true');
      await page.evaluate("location.hash = '#raw'");
      const raw = page.getByRole('tab', { name: 'Raw' });
      await expect.poll(() => raw.getAttribute('aria-selected')).toBe('true');
    });
  });
}
