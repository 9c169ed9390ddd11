import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { eventually, runProgram } from '../e2e/nullspaceProgram.js';

const HERE = fileURLToPath(new URL('./', import.meta.url));
const RECIPE_MS_MAX = 110_000;

/** What every recipe of the page comes to. */
export interface EventTotals {
  readonly events: number;
  readonly executed: number;
  readonly refused: number;
  readonly accounts: number;
  readonly staked: number;
  readonly paid: number;
}

/** A folder that looks like the checkout to a recipe, with programs as they are when installed. */
export interface Kitchen {
  readonly folder: string;
  /** `replacing`: this platform's addresses in the place of the usual ones. Answers stdout. */
  cook(title: string, replacing: Readonly<Record<string, string>>): string;
}

/** `programs`: shell commands by the name under which recipes call them. */
export function prepareKitchen(
  folder: string,
  programs: Readonly<Record<string, string>>,
): Kitchen {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, command] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  }
  mkdirSync(join(folder, 'test'));
  symlinkSync(HERE, join(folder, 'test/cookbook'));
  return {
    folder,
    cook(title, replacing) {
      let text = recipe(title);
      for (const [usual, here] of Object.entries(replacing)) text = text.replaceAll(usual, here);
      const { status, stdout, stderr } = spawnSync('bash', ['-eu', '-o', 'pipefail', '-c', text], {
        cwd: folder,
        env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, INIT_CWD: folder },
        encoding: 'utf8',
        timeout: RECIPE_MS_MAX,
      });
      expect(status, `${stdout}${stderr}`).toBe(0);
      return stdout;
    },
  };
}

/** The block below a heading that contains `title`. */
function recipe(title: string): string {
  const page = readFileSync(join(HERE, 'ANALYSTS.md'), 'utf8');
  const section = page.split('\n## ').find((each) => each.split('\n')[0]?.includes(title));
  const [, block] = /```sh\n([\s\S]*?)```/.exec(section ?? '') ?? [];
  if (block === undefined) throw new Error(`ANALYSTS.md has no recipe for ${title}`);
  return block;
}

/** Has some play, and waits until the read API shows all of it; its totals. */
export async function playedTotals(gatewayUrl: string, readerUrl: string): Promise<EventTotals> {
  const urls = ['--url', gatewayUrl, '--reader', readerUrl];
  const demo = await runProgram(['demo', '--players', '5', '--bets', '8', '--json', ...urls]);
  expect(demo.code, demo.stderr).toBe(0);
  const { toHeight } = JSON.parse(demo.stdout) as { readonly toHeight: number };
  const read = async () => (await (await fetch(`${readerUrl}/explorer/stats`)).json()) as Stats;
  await eventually(async () => (await read()).visibleHeight > toHeight, 'all is shown');
  const { events, executed, refused, accounts, games } = (await read()).totals;
  expect(accounts).toBe(5);
  expect(executed).toBeGreaterThan(40);
  const [game] = games;
  const money = { staked: Number(game?.staked), paid: Number(game?.paid) };
  return { events, executed, refused, accounts, ...money };
}

interface Stats {
  readonly visibleHeight: number;
  readonly totals: Pick<EventTotals, 'events' | 'executed' | 'refused' | 'accounts'> & {
    readonly games: readonly { readonly staked: string; readonly paid: string }[];
  };
}
