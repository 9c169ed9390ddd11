import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBarriers, openPage, overflowOf, WAIT_MS, type WatchedPage } from './openBrowser.js';
import type { RunningPlatform } from './runningPlatform.js';

interface World {
  readonly browser: Browser;
  readonly platform: RunningPlatform;
}

const claim = (page: Page) => page.getByRole('button', { name: /^Get .* chips$/ });
const draw = (page: Page) => page.getByRole('button', { name: 'Draw a card' });
const spin = (page: Page) => page.getByRole('button', { name: /^Spin for/ });
const stake = (page: Page) => page.getByLabel('Stake');
const cashOut = (page: Page) => page.getByRole('button', { name: /^Cash out/ });
const balance = async (page: Page) =>
  Number(((await page.locator('#balance').textContent()) ?? '').replaceAll(',', ''));
const rounds = (page: Page) => page.locator('.rounds > li');
const verdicts = async (page: Page) => {
  const texts = await rounds(page).locator('summary > .chip:last-child').allTextContents();
  return texts.map((text) => text.trim());
};
const eventually = <T>(ask: () => T) => expect.poll(ask, { timeout: WAIT_MS });

/** What a visitor may do wrong or meet at the table, and what the page says then. */
export function playTroubleCases(world: () => World): void {
  describe('the play page, in trouble', () => {
    let watched: WatchedPage;
    let page: Page;
    let url: string;
    /** Whether ends of commands are held back, behind words that they are not taken yet. */
    let isHolding = false;
    const held: (() => void)[] = [];

    beforeAll(async () => {
      watched = await openPage(world().browser);
      page = watched.page;
      url = `${world().platform.url}/play`;
      await page.routeWebSocket('**/play', (socket) => {
        socket.connectToServer().onMessage((text) => {
          const { commandId } = JSON.parse(String(text)) as { commandId?: string };
          if (commandId === undefined || !isHolding) return socket.send(text);
          const pending = { type: 'pending', commandId, code: 5002, name: 'poolFull' };
          socket.send(JSON.stringify(pending));
          held.push(() => socket.send(text));
        });
      });
    });

    afterAll(async () => {
      await page?.context().close();
    });

    it('takes no bet without chips, and says where there are some', async () => {
      await page.goto(url);
      await page.getByRole('button', { name: 'Make a key and play' }).click();
      await eventually(() => claim(page).isEnabled()).toBe(true);
      await page.getByText('This key is no account yet.').waitFor();
      expect(await draw(page).isDisabled()).toBe(true);
      await page.getByRole('tab', { name: 'Roulette' }).click();
      await page.getByRole('button', { name: 'bet on number 17' }).click();
      await page.getByText('This key is no account yet.').waitFor();
      expect(await spin(page).isDisabled()).toBe(true);
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      expect(await findBarriers(page)).toEqual([]);
      await page.setViewportSize({ width: 1280, height: 900 });
      await claim(page).click();
      await eventually(() => spin(page).isEnabled()).toBe(true);
    });

    it.each(['1.5', '1e3', '-5', '', '20000'])(
      'keeps a stake of "%s", and takes no bet',
      async (text) => {
        await page.getByRole('tab', { name: 'Hi-lo' }).click();
        await stake(page).fill(text);
        expect(await stake(page).inputValue()).toBe(text);
        expect(await stake(page).getAttribute('aria-invalid')).toBe('true');
        expect(await draw(page).isDisabled()).toBe(true);
        await page
          .getByText(/whole number of chips|You do not have that many|^Stake 1 to/)
          .waitFor();
        expect(await findBarriers(page)).toEqual([]);
      },
    );

    it('takes a number in groups, as the page writes it', async () => {
      await stake(page).fill('1,000');
      await draw(page).click();
      await page.getByText('staked 1,000').waitFor();
      await cashOut(page).click();
      await eventually(() => draw(page).isEnabled()).toBe(true);
    });

    it('says at once why validators do not take a move yet', async () => {
      await page.goto(`${url}#roulette`);
      await page.getByRole('button', { name: 'bet on red', exact: true }).click();
      const before = await rounds(page).count();
      isHolding = true;
      await spin(page).click();
      await page.getByRole('alert').getByText('more to do than they can hold').waitFor();
      // What signs nothing can be done meanwhile.
      await page.getByRole('button', { name: 'bet on black', exact: true }).click();
      expect(await claim(page).isDisabled()).toBe(true);
      isHolding = false;
      for (const pass of held.splice(0)) pass();
      await eventually(() => rounds(page).count()).toBe(before + 1);
      await eventually(() => page.getByRole('alert').count()).toBe(0);
    });

    it('shows and checks what came of a move that was under way during a reload', async () => {
      const before = await rounds(page).count();
      isHolding = true;
      await spin(page).click();
      await page.getByRole('alert').getByText('more to do than they can hold').waitFor();
      isHolding = false;
      await page.reload();
      await eventually(() => rounds(page).count()).toBe(before + 1);
      await eventually(() => verdicts(page)).toEqual(Array(before + 1).fill('verified'));
      await page.getByText(/^(Paid|Lost) /).waitFor();
    });

    it('keeps what was played while one looks at other pages, and checks it again', async () => {
      const before = await rounds(page).count();
      await rounds(page).first().getByRole('link', { name: 'command' }).click();
      await page.waitForURL(/\/command\//);
      await page.getByRole('navigation').getByRole('link', { name: 'Play' }).click();
      await eventually(() => verdicts(page)).toEqual(Array(before).fill('verified'));
      await page.reload();
      await eventually(() => verdicts(page)).toEqual(Array(before).fill('verified'));
      await page.route('**/explorer/commands/*', (route) => route.abort());
      await page.reload();
      await eventually(() => verdicts(page)).toEqual(Array(before).fill('not checked'));
      await page.unrouteAll();
      watched.errors.length = 0;
    });

    it('shows in one tab what another one has played, by itself', async () => {
      await page.goto(url);
      await eventually(() => draw(page).isEnabled()).toBe(true);
      const other = await page.context().newPage();
      other.on('pageerror', (error) => watched.errors.push(error.message));
      await other.goto(url);
      await eventually(() => draw(other).isEnabled()).toBe(true);
      const before = await balance(page);
      await draw(page).click();
      await cashOut(page).waitFor();
      await cashOut(other).waitFor();
      expect(await balance(other)).toBe(before - 50);
      await cashOut(other).click();
      await eventually(() => draw(page).isEnabled()).toBe(true);
      await eventually(() => balance(page)).toBe(before);
      // How it ended, and both rounds, checked, in both.
      for (const tab of [page, other]) {
        await tab.locator('.result').getByText('Paid 50').waitFor();
        await eventually(async () => (await verdicts(tab)).slice(0, 2)).toEqual(
          Array(2).fill('verified'),
        );
      }
      expect(await page.getByRole('alert').count()).toBe(0);
      expect(await other.getByRole('alert').count()).toBe(0);
      await other.close();
    });

    it('says that another device has played with the key, and how things stand', async () => {
      const stored = 'localStorage.getItem("nullspace.player-seed")';
      const seed = await page.evaluate<string>(stored);
      const elsewhere = await openPage(world().browser);
      const device = elsewhere.page;
      await device.addInitScript(`localStorage.setItem('nullspace.player-seed', '${seed}')`);
      await device.goto(url);
      await eventually(() => draw(device).isEnabled()).toBe(true);
      const before = await balance(page);
      await draw(page).click();
      await cashOut(page).waitFor();
      await stake(device).fill('70');
      await draw(device).click();
      await device.getByRole('alert').getByText('Another tab or device played').waitFor();
      await cashOut(device).getByText('Cash out 50').waitFor();
      expect(await balance(device)).toBe(before - 50);
      // Its next move takes its place behind those of the other device.
      await cashOut(device).click();
      await eventually(() => balance(device)).toBe(before);
      // The device that knows nothing of it meets the same.
      await cashOut(page).click();
      await page.getByRole('alert').getByText('Another tab or device played').waitFor();
      await eventually(() => draw(page).isEnabled()).toBe(true);
      expect(await balance(page)).toBe(before);
      expect(elsewhere.errors).toEqual([]);
      await device.context().close();
    });

    it('goes on without what it kept and cannot read', async () => {
      const spoil = `for (const key of Object.keys(sessionStorage)) {
        if (!key.startsWith('nullspace.rounds.')) continue;
        localStorage.setItem(key.replace('rounds', 'outbox'), '{garbage');
        sessionStorage.setItem(key, '[{"of":"another version"}]');
      }`;
      await page.evaluate(spoil);
      await page.reload();
      await page.getByRole('alert').getByText('was set aside').waitFor();
      await eventually(() => draw(page).isEnabled()).toBe(true);
      await draw(page).click();
      await cashOut(page).click();
      await eventually(() => verdicts(page)).toEqual(Array(2).fill('verified'));
      await page.reload();
      await eventually(() => draw(page).isEnabled()).toBe(true);
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('has made no error', () => {
      expect(watched.errors).toEqual([]);
    });
  });
}
