import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The system's Chromium; CHROMIUM names another. */
export function openBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ARGS });
}

/** For what a busy machine may need; a test has twice as long. */
export const WAIT_MS = 30_000;

/** A page that remembers what went wrong on it and whom it asked. */
export interface WatchedPage {
  readonly page: Page;
  /** Messages of level error, and exceptions that nothing caught. */
  readonly errors: string[];
  /** Origins of every request and WebSocket. */
  readonly origins: Set<string>;
}

/** Adds up layout shifts that no input explains, from the first paint on, in `window.shifted`. */
const MEASURE_SHIFTS = `
  window.shifted = 0;
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      window.shifted += entry.value;
      for (const { node } of entry.sources) {
        window.shifts.push(node?.parentElement?.outerHTML.slice(0, 200) ?? 'unknown');
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
`;

export async function openPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    // Far from UTC, in which every page shows its times.
    timezoneId: 'America/New_York',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const watched: WatchedPage = { page, errors: [], origins: new Set() };
  page.on('console', (message) => {
    if (message.type() === 'error') watched.errors.push(message.text());
  });
  page.on('pageerror', (error) => watched.errors.push(error.message));
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:') watched.origins.add(origin);
  });
  page.on('websocket', (socket) => watched.origins.add(new URL(socket.url()).origin));
  await page.addInitScript(MEASURE_SHIFTS);
  return watched;
}

/** What axe-core finds wrong with the page as it is, one line a rule and place. */
export async function findBarriers(page: Page): Promise<string[]> {
  // Evaluated from outside: the page's own policy allows no injected script.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    interface Violation {
      readonly id: string;
      readonly help: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
    }
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: readonly Violation[] }> };
    };
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary ?? ''}`),
    );
  });
}

/** Layout shifts so far that no input explains, and what shifted. */
export async function shiftsOf(page: Page): Promise<{ score: number; where: string[] }> {
  return page.evaluate(() => {
    const { shifted, shifts } = globalThis as unknown as { shifted: number; shifts: string[] };
    return { score: shifted, where: shifts };
  });
}

/** Cells of tables whose content is wider than what is between the paddings: it is cut there. */
export function cutCellsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(
    `[...document.querySelectorAll('th, td')].filter((cell) => {
      const content = document.createRange();
      content.selectNodeContents(cell);
      const { paddingLeft, paddingRight } = getComputedStyle(cell);
      const paddings = Number.parseFloat(paddingLeft) + Number.parseFloat(paddingRight);
      const { width } = cell.getBoundingClientRect();
      return content.getBoundingClientRect().width > Math.max(0, width - paddings);
    }).map((cell) => cell.textContent)`,
  );
}

/** How many pixels the document is wider than the window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { document, innerWidth } = globalThis as unknown as {
      document: { documentElement: { scrollWidth: number } };
      innerWidth: number;
    };
    return document.documentElement.scrollWidth - innerWidth;
  });
}
