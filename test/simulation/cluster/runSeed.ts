import { createPrng } from '../prng.js';
import type { CommitCrime } from './byzantine/crime.js';
import { beaconSecrecy } from './checkers/beaconSecrecy.js';
import { cleanFold } from './checkers/cleanFold.js';
import { commandsEndOnce, lostCommands } from './checkers/commandsEndOnce.js';
import { honestVotes } from './checkers/honestVotes.js';
import { type LogContents, readLogContents } from './checkers/logContents.js';
import { logStandsOnce } from './checkers/logStandsOnce.js';
import { oneHistory } from './checkers/oneHistory.js';
import { onlyFaultyBlamed } from './checkers/onlyFaultyBlamed.js';
import { supplyConserved } from './checkers/supplyConserved.js';
import { type Cluster, startCluster } from './cluster.js';
import { type ClusterChain, keyedHashChain, realCryptoChain } from './clusterChain.js';
import { type ClusterCase, drawConditions } from './conditions.js';
import type { ClusterMutation } from './mutation.js';
import { heal, STORM_MS, storm } from './storm.js';
import { run } from './world.js';

export interface ClusterResult {
  readonly seed: number;
  /** Sentences; empty: safe. */
  readonly breaches: string[];
  /** What did not come to its end after the heal; empty: live. */
  readonly stuck: string[];
  readonly heights: number;
  readonly commands: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Over everything that happened. */
  readonly digest: string;
}

/** Heights above the highest at the heal that everybody must certify. */
const LIVE_HEIGHTS = 2;
const LIVE_BUDGET_MS = 40_000;
const LOOK_EVERY_MS = 50;
const PLAY_AGAIN_MS = 1_500;
/** For the projector to read what the publishers wrote last. */
const LAST_READ_MS = 3_000;

/** A storm, then a healed world in which everything must come to its end; judged as a whole. */
export async function runClusterSeed(
  kind: ClusterCase,
  seed: number,
  mutation: ClusterMutation = {},
  secretCrime: CommitCrime | null = null,
): Promise<ClusterResult> {
  const conditions = drawConditions(kind, createPrng(seed).fork());
  const chain = await chainOf(kind);
  const rejections: string[] = [];
  const onRejection = (reason: unknown): void => {
    rejections.push(`a promise nobody awaited: ${String(reason)}`);
  };
  process.on('unhandledRejection', onRejection);
  try {
    const cluster = startCluster({ seed, chain, conditions, mutation, secretCrime });
    await storm(cluster);
    heal(cluster);
    const stuck = await demandLiveness(cluster);
    return await judge(cluster, stuck, rejections);
  } finally {
    process.off('unhandledRejection', onRejection);
  }
}

const chains = new Map<string, Promise<ClusterChain>>();

function chainOf({ validators, crypto = 'keyedHash' }: ClusterCase): Promise<ClusterChain> {
  const key = `${validators} ${crypto}`;
  const known = chains.get(key);
  if (known !== undefined) return known;
  const chain =
    crypto === 'real' ? realCryptoChain(validators) : Promise.resolve(keyedHashChain(validators));
  chains.set(key, chain);
  return chain;
}

/** Runs until all have gone on and nothing is open, or the budget is spent; what is left undone. */
async function demandLiveness(cluster: Cluster): Promise<string[]> {
  const { world, players } = cluster;
  for (const player of players) player.stopPlaying();
  let againMs = world.scheduler.nowMs;
  const target = world.history.finalHeight + LIVE_HEIGHTS;
  const untilMs = world.scheduler.nowMs + LIVE_BUDGET_MS;
  let left = await leftUndone(cluster, target);
  while (left.length > 0 && world.scheduler.nowMs < untilMs) {
    if (world.scheduler.nowMs >= againMs) {
      // A command that was refused at a gateway leaves its nonce to the next one.
      for (const player of players) player.playOnce();
      againMs = world.scheduler.nowMs + PLAY_AGAIN_MS;
    }
    await run(world, LOOK_EVERY_MS);
    left = await leftUndone(cluster, target);
  }
  return left;
}

async function leftUndone(cluster: Cluster, target: number): Promise<string[]> {
  const { world, honest, players, projector } = cluster;
  const left: string[] = [];
  for (const validator of honest) {
    const status = validator.status();
    const height = status?.certifiedHeight ?? 0;
    if (height < target) left.push(`node ${validator.node}: ${JSON.stringify(status)} < ${target}`);
  }
  for (const { name, open } of players) {
    if (open() > 0) left.push(`${name} waits for ${open()} commands`);
  }
  if (left.length > 0) return left;
  const projected = await projector.height();
  if (projected < target) left.push(`tables stand at ${projected} < ${target}`);
  if (left.length > 0) return left;
  return lostCommands(world, await readLogContents(world));
}

async function judge(
  cluster: Cluster,
  stuck: readonly string[],
  rejections: readonly string[],
): Promise<ClusterResult> {
  const { world, validators, honest, gateways, projector, conditions } = cluster;
  const { history } = world;
  for (const machine of [...validators, ...gateways]) machine.crash();
  const virtualMs = world.scheduler.nowMs;
  await run(world, LAST_READ_MS);
  projector.crash();
  const contents: LogContents = await readLogContents(world);
  const isHostile = [...conditions.crimes.values()].includes('hostilePublisher');
  const breaches = [
    ...oneHistory(world, honest),
    ...honestVotes(world),
    ...beaconSecrecy(world),
    ...onlyFaultyBlamed(world),
    ...supplyConserved(world),
    ...logStandsOnce(world, contents, isHostile),
    ...commandsEndOnce(world, contents),
    ...(await cleanFold(world, projector)),
    ...history.faults,
    ...rejections,
  ];
  return {
    seed: world.seed,
    breaches,
    stuck: [...new Set([...stuck, ...lostCommands(world, contents)])],
    heights: history.certified.length,
    commands: history.commands.size,
    events: world.audit.events,
    virtualMs: Math.round(virtualMs - STORM_MS),
    digest: world.audit.digest(),
  };
}
