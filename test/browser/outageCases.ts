import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBarriers, openPage } from './openBrowser.js';
import type { PlayedStory } from './playedStory.js';
import type { RunningPlatform } from './runningPlatform.js';

interface World {
  readonly browser: Browser;
  readonly platform: RunningPlatform;
  readonly story: PlayedStory;
}

/** A page whose server can be taken away: its feed is cut, and requests fail. */
async function openOutage(browser: Browser) {
  const { page } = await openPage(browser);
  let isOut = false;
  const cuts = new Set<() => void>();
  await page.routeWebSocket('**/feed', (socket) => {
    if (isOut) return socket.close({ code: 4001 });
    socket.connectToServer();
    cuts.add(() => socket.close({ code: 4001 }));
  });
  const begin = async () => {
    isOut = true;
    await page.route('**/*', (route) => route.abort('connectionrefused'));
    for (const cut of cuts) cut();
    cuts.clear();
    await page.locator('footer').getByText('reconnecting…').waitFor();
  };
  const end = async () => {
    isOut = false;
    await page.unroute('**/*');
  };
  return { page, begin, end };
}

export function outageCases(world: () => World): void {
  describe('while the server is away', () => {
    let page: Page;
    let begin: () => Promise<void>;
    let end: () => Promise<void>;
    beforeEach(async () => {
      ({ page, begin, end } = await openOutage(world().browser));
      await page.goto(`${world().platform.url}/blocks`);
      await page.locator('footer').getByText('live', { exact: true }).waitFor();
    });
    afterEach(() => page?.context().close());

    const goTo = (path: string) =>
      page.evaluate(`{
        const anchor = document.createElement('a');
        anchor.href = '${path}';
        document.body.append(anchor);
        anchor.click();
        anchor.remove();
      }`);

    it.each([
      ['a block', () => `/block/${world().story.height}`, 'State root'],
      ['a command', () => `/command/${world().story.spin}`, 'RouletteSpun'],
      ['the blocks', () => '/blocks', 'validator 0'],
    ])('says that %s is not available, and shows it once it can be read', async (_, path, text) => {
      await goTo('/tools');
      await begin();
      await goTo(path());
      await page.getByText('Not available now').waitFor();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('Not available now').waitFor();
      await end();
      await page.getByText(text).first().waitFor();
    });

    it('calls what it shows last known, with its age, and healthy once it is again', async () => {
      await goTo('/status');
      const main = page.locator('main');
      const footer = page.locator('footer');
      await main.getByText(/reader.*fresh/).waitFor();
      expect(await main.getByText('last known').count()).toBe(0);
      await begin();
      await main.getByText(/^last known: \d+ blocks?$/).waitFor();
      await main.getByText(/^last known: reader.*fresh/).waitFor();
      await footer.getByText(/last known height .*, \d+ s ago/).waitFor();
      expect(await footer.getByText(/no lag|behind/).count()).toBe(0);
      expect(await main.locator('.chip.good').count()).toBe(0);
      expect(await findBarriers(page)).toEqual([]);
      await end();
      await footer.getByText(/no lag|behind/).waitFor();
      await expect.poll(() => main.getByText('last known').count()).toBe(0);
    });

    it('says that a page’s code did not come, and loads it once it can', async () => {
      await begin();
      await goTo('/tools');
      await page.getByText('This page could not be loaded').waitFor();
      expect(await findBarriers(page)).toEqual([]);
      await end();
      await page.getByText('Verify a proof').waitFor();
    });

    it('says that the fairness check did not come, and runs it when asked again', async () => {
      await goTo(`/command/${world().story.spin}`);
      await page.getByText('RouletteSpun').first().waitFor();
      await begin();
      await page.getByRole('button', { name: 'Check this command' }).click();
      await page.getByText('The code of the check could not be loaded').waitFor();
      await end();
      await page.locator('footer').getByText('live', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Check this command' }).click();
      const verdict = page.getByRole('status').filter({ hasText: /PASS|FAIL/ });
      // A browser that remembers the failure loads the document again, where it is asked anew.
      const check = page.getByRole('button', { name: 'Check this command' });
      await expect
        .poll(async () => {
          if ((await verdict.count()) > 0) return verdict.textContent();
          await check.click({ timeout: 1_000 }).catch(() => undefined);
          return '';
        })
        .toBe('PASS');
    });
  });
}
