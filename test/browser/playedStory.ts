import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PROGRAM, type RunningPlatform } from './runningPlatform.js';

/** What one player did, by command id: enough for a row of everything that a page shows. */
export interface PlayedStory {
  readonly account: string;
  readonly claim: string;
  readonly spin: string;
  readonly start: string;
  readonly guess: string;
  /** Height of the spin, and its seed. */
  readonly height: number;
  readonly seed: string;
}

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly account: string;
  readonly height: number;
}

const PLAY_TIMEOUT_MS = 90_000;

async function read<T>(platform: RunningPlatform, path: string): Promise<T> {
  const response = await fetch(platform.url + path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/**
 * One player of `npm run demo`, who claims, spins and plays hi-lo; ids as the reader tells them.
 */
export async function playStory(platform: RunningPlatform): Promise<PlayedStory> {
  const argv = [PROGRAM, 'demo', '--players', '1', '--bets', '2', '--json'];
  argv.push('--url', platform.gatewayUrl, '--reader', platform.url);
  await promisify(execFile)(process.execPath, argv, { timeout: PLAY_TIMEOUT_MS });
  const { items } = await read<{ items: Row[] }>(platform, '/explorer/commands?limit=100');
  const idOf = (kind: string): string => {
    const found = items.find((row) => row.kind === kind);
    if (found === undefined) throw new Error(`the demo has played no ${kind}`);
    return found.id;
  };
  const spin = idOf('SpinRoulette');
  const { height, account, block } = await read<Row & { block: { seed: string } }>(
    platform,
    `/explorer/commands/${spin}`,
  );
  const [claim, start, guess] = [idOf('ClaimFaucet'), idOf('StartHiLo'), idOf('GuessHiLo')];
  return { account, claim, spin, start, guess, height, seed: block.seed };
}
