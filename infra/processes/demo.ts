import { randomBytes, randomInt } from 'node:crypto';
import { z } from 'zod';
import { openPlayer, type Player } from '../../command/client/client.js';
import { openTrust } from '../../command/client/openTrust.js';
import type { ClientWorld } from '../../command/client/ports.js';
import { openProvenReader, type ProvenReader } from '../../command/client/provenReader.js';
import { openReader, type Reader } from '../../command/client/reader.js';
import { ReaderError, type ReadFailure } from '../../command/client/readerError.js';
import type { Trust } from '../../command/client/verifyEvents.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { count, flag, httpUrl, webSocketUrl } from '../config/optionTypes.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { createNativeSigner, nativeVerifier } from '../crypto/nativeSignatures.js';
import { type BetTimes, execute, type PlayedBet, playBet } from '../demo/playBet.js';
import {
  balanceOf,
  blockReads,
  historySum,
  isConserved,
  type ReadBlock,
} from '../demo/publicReads.js';
import { recomputeBet } from '../demo/recomputeBet.js';
import { nodeClientWorld } from '../websocket/nodeClientWorld.js';

const configSchema = z.object({
  players: count(1_000).default(5).describe('how many play side by side'),
  bets: count(10_000).default(4).describe('of each player'),
  url: webSocketUrl.default('ws://127.0.0.1:9010/play').describe('of a gateway'),
  reader: httpUrl.default('http://127.0.0.1:8080').describe('of a reader'),
  json: flag.default(false),
});

const CHIP = 0;
const READY_TIMEOUT_MS = 30_000;

interface DemoPlayer {
  readonly account: string;
  readonly player: Player;
  readonly bets: PlayedBet[];
  readonly heights: number[];
}

/** The last line of `npm run demo -- --json`. */
interface Report {
  readonly bets: number;
  readonly settled: number;
  readonly refused: number;
  readonly fromHeight: number;
  readonly toHeight: number;
  readonly recomputed: number;
  readonly balancesMatch: boolean;
  readonly conserved: boolean;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function percentile(sorted: readonly number[], share: number): number {
  const index = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return Math.round((sorted[index] ?? 0) * 10) / 10;
}

async function within<T>(promise: Promise<T>, limitMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ConfigError(`${what} within ${limitMs / 1000} s`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function openDemoPlayer(
  gatewayUrl: string,
  trust: Trust,
  world: ClientWorld,
): Promise<DemoPlayer> {
  const signer = createNativeSigner(new Uint8Array(randomBytes(32)));
  const account = signer.publicKey;
  const player = openPlayer({ gatewayUrl, world, trust, account, signer, authorization: 0 });
  await within(player.ready(), READY_TIMEOUT_MS, `no session on ${gatewayUrl}`);
  return { account: toHex(account), player, bets: [], heights: [] };
}

async function play(demoPlayer: DemoPlayer, bets: number, times: BetTimes): Promise<void> {
  const claim = await execute(demoPlayer.player, { kind: 'ClaimFaucet', asset: CHIP }, times);
  if (typeof claim === 'string') throw new ConfigError(`the faucet gave nothing: ${claim}`);
  demoPlayer.heights.push(claim.height);
  for (let bet = 0; bet < bets; bet++) {
    const played = await playBet(demoPlayer.player, bet, (below) => randomInt(below), times);
    demoPlayer.bets.push(played);
    demoPlayer.heights.push(...played.steps.map(({ height }) => height));
  }
}

async function balancesMatch(players: readonly DemoPlayer[], reader: Reader): Promise<boolean> {
  let match = true;
  for (const { account, heights } of players) {
    const balance = await balanceOf(reader, account, CHIP, Math.max(...heights));
    const sum = await historySum(reader, account, CHIP);
    if (balance !== sum) {
      process.stderr.write(`demo: ${account} holds ${balance}, its events sum to ${sum}\n`);
      match = false;
    }
  }
  return match;
}

async function areConserved(from: number, to: number, read: ReadBlock): Promise<boolean> {
  for (let height = from; height <= to; height++) {
    if (await isConserved(read, height)) continue;
    process.stderr.write(`demo: an asset is not conserved at height ${height}\n`);
    return false;
  }
  return true;
}

async function check(
  players: readonly DemoPlayer[],
  reader: Reader,
  proven: ProvenReader,
  genesis: Genesis,
  times: BetTimes,
): Promise<Report> {
  const bets = players.flatMap((player) => player.bets);
  const read = blockReads(proven);
  const seedOf = async (height: number) => (await read(height)).certificate.result.seed;
  let recomputed = 0;
  for (const bet of bets) {
    if (await recomputeBet(bet, seedOf, genesis)) recomputed++;
  }
  const heights = players.flatMap((player) => player.heights);
  const fromHeight = Math.min(...heights);
  const toHeight = Math.max(...heights);
  const sorted = [...times.latenciesMs].sort((a, b) => a - b);
  return {
    bets: bets.length,
    settled: bets.filter(({ settled }) => settled).length,
    refused: bets.filter(({ refusal }) => refusal !== null).length,
    fromHeight,
    toHeight,
    recomputed,
    balancesMatch: await balancesMatch(players, reader),
    conserved: await areConserved(fromHeight, toHeight, read),
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
  };
}

function holds(report: Report): boolean {
  const { bets, settled, recomputed } = report;
  return settled === bets && recomputed === bets && report.balancesMatch && report.conserved;
}

/** Nothing is at the address, or something else is. */
const NO_READER: ReadonlySet<ReadFailure> = new Set(['unreachable', 'malformed', 'refused']);

/** Whatever chain is there: nobody pinned its id. */
async function trustReader(reader: Reader, url: string) {
  try {
    return await openTrust(reader, { chainId: null, verifier: nativeVerifier() });
  } catch (error) {
    if (!(error instanceof ReaderError && NO_READER.has(error.code))) throw error;
    const hint = 'is the platform running, and --reader its read API?';
    throw new ReaderError(error.code, url, `${error.detail}: ${hint}`, error.status);
  }
}

/** `npm run demo`: real bets through a gateway, each checked against public data. */
export async function demo(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  installNativeCrypto();
  const world = nodeClientWorld();
  const reader = openReader(config.reader, world);
  const { genesis, trust } = await trustReader(reader, config.reader);
  const proven = openProvenReader({ reader, trust, beacon: await createNativeBeacon() });
  const times: BetTimes = { latenciesMs: [], nowMs: () => performance.now() };
  const say = (line: string): void => {
    if (!config.json) process.stderr.write(`${line}\n`);
  };
  say(`${config.players} players, ${config.bets} bets each, on ${config.url}`);
  const open = Array.from({ length: config.players }, () =>
    openDemoPlayer(config.url, trust, world),
  );
  const players = await Promise.all(open);
  await Promise.all(players.map((player) => play(player, config.bets, times)));
  for (const { player } of players) player.close();
  for (const refusal of players.flatMap(({ bets }) => bets.flatMap((bet) => bet.refusal ?? []))) {
    process.stderr.write(`demo: refused: ${refusal}\n`);
  }
  const report = await check(players, reader, proven, genesis, times);
  if (config.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else
    for (const [name, value] of Object.entries(report)) {
      process.stdout.write(`${name.padEnd(14)} ${value}\n`);
    }
  if (!holds(report)) process.exitCode = 1;
}
