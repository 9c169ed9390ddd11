import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBarriers, openPage, overflowOf, WAIT_MS } from './openBrowser.js';
import type { RunningPlatform } from './runningPlatform.js';

interface World {
  readonly browser: Browser;
  readonly platform: RunningPlatform;
}

/** 2026-01-02 03:04:00 UTC: begin of the first of the bars that these tests draw. */
const START_MS = Date.UTC(2026, 0, 2, 3, 4);
const MINUTE_MS = 60_000;
const POINTS = 60;
/** Charts are drawn before their values come, as they are where a reader is far away. */
const ANSWER_MS = 1_000;

const VALUES: Readonly<Record<string, number>> = { sizeBytes: 345_000, staked: 50, paid: 40 };

/** Every minute of a chart has the same value, so that all of its bars should look the same. */
async function serveSeries(page: Page): Promise<void> {
  await page.route('**/explorer/stats/*', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    const { pathname, searchParams } = new URL(route.request().url());
    const series = pathname.split('/').at(-1) ?? '';
    const value = searchParams.get('asset') === '7' ? 31_250 : (VALUES[series] ?? 7);
    const points = Array.from({ length: POINTS }, (_, index) => ({
      startMs: START_MS + index * MINUTE_MS,
      value: String(value),
    }));
    return route.fulfill({ json: { series, points } });
  });
}

/** A second asset, with two decimals, and what was played for of both. */
async function serveAssets(page: Page): Promise<void> {
  await page.route('**/genesis', async (route) => {
    const genesis = await (await route.fetch()).json();
    const gem = { ...genesis.assets[0], asset: 7, symbol: 'GEM', decimals: 2 };
    return route.fulfill({ json: { ...genesis, assets: [...genesis.assets, gem] } });
  });
  await page.route(/\/explorer\/stats\?/, async (route) => {
    const stats = await (await route.fetch()).json();
    const games = [
      { asset: 0, staked: '1000', paid: '900' },
      { asset: 7, staked: '500', paid: '400' },
    ];
    return route.fulfill({ json: { ...stats, totals: { ...stats.totals, games } } });
  });
}

interface Run {
  readonly colour: string;
  width: number;
}

interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): {
    getImageData(...box: [x: number, y: number, width: number, height: number]): {
      readonly data: Uint8ClampedArray;
    };
  };
}

/**
 * Runs of one colour across a chart, in the lower half of its bars, in pixels: `a` is where blue is
 * most, as in the first colour, `b` where green is.
 */
const runsOf = (page: Page, title: string): Promise<readonly Run[]> =>
  page
    .locator('section', { has: page.getByRole('heading', { name: title }) })
    .locator('canvas')
    .evaluate((element) => {
      const canvas = element as unknown as Canvas;
      const row = Math.floor(canvas.height * 0.6);
      const { data } = canvas.getContext('2d').getImageData(0, row, canvas.width, 1);
      const runs: Run[] = [];
      for (let at = 0; at < data.length; at += 4) {
        const [red = 0, green = 0, blue = 0, alpha = 0] = data.slice(at, at + 4);
        const isBar = alpha > 128 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60;
        const colour = !isBar ? '' : blue > green ? 'a' : 'b';
        const last = runs.at(-1);
        if (last?.colour === colour) last.width++;
        else runs.push({ colour, width: 1 });
      }
      return runs.filter(({ colour }) => colour !== '');
    });

/** Charts of the page, drawn by uPlot on a canvas. */
export function chartCases(world: () => World): void {
  describe('a chart', () => {
    let page: Page;
    let url: string;

    beforeAll(async () => {
      ({ page } = await openPage(world().browser));
      url = world().platform.url;
      await page.emulateMedia({ colorScheme: 'light' });
      await serveSeries(page);
    });
    afterAll(() => page?.context().close());

    it('shows its last bar as whole as the first', async () => {
      await page.goto(`${url}/stats`);
      const widths = async () => (await runsOf(page, 'Bets')).map(({ width }) => width);
      await expect.poll(async () => (await widths()).length, { timeout: WAIT_MS }).toBe(POINTS);
      const all = await widths();
      expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1);
    });

    it('shows two series side by side, each in the colour of its name', async () => {
      await page.goto(`${url}/stats`);
      const count = async (colour: string) =>
        (await runsOf(page, 'Staked and paid')).filter((run) => run.colour === colour).length;
      await expect.poll(() => count('a'), { timeout: WAIT_MS }).toBe(POINTS);
      expect(await count('b')).toBe(POINTS);
    });

    it('says the value and the time, in UTC, where the pointer or a key leads', async () => {
      await page.goto(`${url}/stats`);
      const chart = page.getByRole('slider', { name: /^Staked and paid/ });
      const figure = page.locator('figure', { has: chart });
      await figure.getByText('Times are UTC').waitFor();
      await chart.locator('canvas').waitFor();
      const last = () => chart.getAttribute('aria-valuemax');
      await expect.poll(last, { timeout: WAIT_MS }).toBe(String(POINTS - 1));
      await chart.hover();
      await figure.getByText(/^2026-01-02 03:\d\d UTC: staked 50, paid 40$/).waitFor();
      await page.mouse.move(0, 0);
      await chart.press('Home');
      await figure.getByText('2026-01-02 03:04 UTC: staked 50, paid 40').waitFor();
      await chart.press('ArrowRight');
      await figure.getByText('2026-01-02 03:05 UTC: staked 50, paid 40').waitFor();
      await chart.press('End');
      await figure.getByText('2026-01-02 04:03 UTC: staked 50, paid 40').waitFor();
    });

    it('says which range it has, where it has another than the page', async () => {
      await page.goto(`${url}/stats`);
      await page.getByRole('slider', { name: 'Active accounts over 24 h, by hour' }).waitFor();
      await page.getByText('over 24 h, by hour').waitFor();
      await page.getByRole('button', { name: '24 h' }).click();
      await expect.poll(() => page.getByText('over 24 h, by hour').count()).toBe(0);
    });
  });

  describe('a chain of several assets', () => {
    let page: Page;
    let url: string;

    beforeAll(async () => {
      ({ page } = await openPage(world().browser));
      url = world().platform.url;
      await serveSeries(page);
      await serveAssets(page);
    });
    afterAll(() => page?.context().close());

    const stakedOf = () =>
      page.getByLabel('totals since genesis').getByText('Staked').locator('..').textContent();

    it('lets the keyboard choose one on the charts, and the address keep it', async () => {
      await page.goto(`${url}/stats?range=24h`);
      await page.getByText('in CHIP').waitFor();
      await expect.poll(stakedOf).toBe('Staked1,000 CHIP');
      const choice = page.getByRole('combobox', { name: 'Asset' });
      await choice.focus();
      await choice.press('G');
      await page.getByText('in GEM').waitFor();
      expect(new URL(page.url()).search).toBe('?range=24h&asset=7');
      await expect.poll(stakedOf).toBe('Staked5 GEM');
      const chart = page.getByRole('slider', { name: /^Staked and paid/ });
      const last = () => chart.getAttribute('aria-valuemax');
      await expect.poll(last, { timeout: WAIT_MS }).toBe(String(POINTS - 1));
      await chart.press('Home');
      await page.getByText('2026-01-02 03:04 UTC: staked 312.5, paid 312.5').waitFor();
      const files = page.getByRole('link', { name: /as CSV$/ });
      const addresses = await files.evaluateAll((all) => all.map((each) => String(each)));
      expect(addresses.filter((each) => each.includes('asset=7'))).toHaveLength(2);
      await page.reload();
      await page.getByText('in GEM').waitFor();
      expect(await choice.inputValue()).toBe('7');
      await choice.selectOption('CHIP');
      await page.getByText('in CHIP').waitFor();
      expect(new URL(page.url()).search).toBe('?range=24h');
    });

    it('ranks accounts by the one that is chosen, from the first page on', async () => {
      const asked: (string | null)[] = [];
      await page.route(/\/explorer\/accounts\?/, (route) => {
        const { searchParams } = new URL(route.request().url());
        asked.push(searchParams.get('asset'), searchParams.get('cursor'));
        const page = { items: [], nextCursor: null, accounts: 0, asset: 7, issued: '9' };
        return route.fulfill({ json: page });
      });
      await page.goto(`${url}/accounts?cursor=AQ&page=2&asset=0`);
      await page.getByRole('combobox', { name: 'Asset' }).selectOption('GEM');
      await expect.poll(() => asked.slice(-2), { timeout: WAIT_MS }).toEqual(['7', null]);
      expect(new URL(page.url()).search).toBe('?asset=7');
    });

    it.each(['/stats', '/accounts'])('has room for the choice on a phone: %s', async (path) => {
      await page.setViewportSize({ width: 360, height: 740 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.goto(`${url}${path}`);
        await page.getByRole('combobox', { name: 'Asset' }).waitFor();
        await expect.poll(() => overflowOf(page)).toBeLessThanOrEqual(0);
        expect(await findBarriers(page), colorScheme).toEqual([]);
      }
    });
  });
}
