import { SAME_REGION, type Timing } from '../../../consensus/core/config.js';
import { createPrng } from '../prng.js';
import { startEquivocator } from './byzantine/equivocator.js';
import { startNuller } from './byzantine/nuller.js';
import { startSilentLeader } from './byzantine/silentLeader.js';
import { startStaleSpammer } from './byzantine/staleSpammer.js';
import { breachesOf, finalizedSince } from './checkers.js';
import { createHonestValidator, type HonestValidator, type Mutation } from './honestValidator.js';
import { createWorld, type World } from './world.js';

const CRIMES = {
  equivocator: startEquivocator,
  nuller: startNuller,
  silentLeader: startSilentLeader,
  staleSpammer: startStaleSpammer,
} as const;
export type Crime = keyof typeof CRIMES;

/** One kind of run; the seed draws the rest. */
export interface Case {
  readonly name: string;
  readonly validators: number;
  readonly quorum?: number;
  /** One entry a Byzantine validator; null draws one. */
  readonly crimes: readonly (Crime | null)[];
  readonly delayMs: readonly [number, number];
  readonly loss: number;
  readonly crashes: number;
  readonly hasPartitions: boolean;
  readonly mutation?: Mutation;
  readonly timing?: Partial<Timing>;
}

export interface RunResult {
  readonly seed: number;
  readonly breaches: string[];
  /** Honest nodes that made fewer than LIVE_FINALIZATIONS views final after the heal. */
  readonly stuck: number[];
  readonly finalized: number;
  readonly timeouts: number;
  /** Sum over the history, to compare two runs of a seed. */
  readonly digest: string;
}

const STORM_MS = 3000;
const CALM_MS = 4000;
const LIVE_FINALIZATIONS = 10;

/** A storm (loss, crashes, partitions, crimes), then a healed network in which all must go on. */
export function runSeed(kind: Case, seed: number): RunResult {
  const prng = createPrng(seed);
  const faulty = drawFaulty(kind, prng.fork());
  const world = createWorld({
    seed,
    validators: kind.validators,
    ...(kind.quorum === undefined ? {} : { quorum: kind.quorum }),
    byzantine: [...faulty.keys()],
    links: {
      delayMinMs: kind.delayMs[0],
      delayMaxMs: kind.delayMs[1],
      loss: kind.loss,
      duplication: kind.loss / 2,
    },
    timing: { ...SAME_REGION, ...kind.timing },
  });
  const honest: HonestValidator[] = [];
  for (let node = 0; node < kind.validators; node++) {
    const crime = faulty.get(node);
    if (crime === undefined) honest.push(createHonestValidator(world, node, kind.mutation));
  }
  for (const validator of honest) validator.restart();
  for (const [node, crime] of faulty) CRIMES[crime](world, node);
  storm(world, kind, honest, prng.fork());
  world.network.groups = null;
  world.network.conditions = { delayMinMs: 1, delayMaxMs: 10, loss: 0, duplication: 0 };
  for (const validator of honest) validator.restart();
  const healedMs = world.scheduler.nowMs;
  world.scheduler.runUntil(healedMs + CALM_MS);
  return resultOf(world, honest, seed, healedMs);
}

function resultOf(
  world: World,
  honest: readonly HonestValidator[],
  seed: number,
  healedMs: number,
): RunResult {
  const { finalized, votes, timeouts } = world.history;
  const stuck = honest
    .map(({ node }) => node)
    .filter((node) => finalizedSince(world, node, healedMs) < LIVE_FINALIZATIONS);
  const last = finalized.at(-1);
  return {
    seed,
    breaches: breachesOf(world),
    stuck,
    finalized: finalized.length,
    timeouts,
    digest: `${votes.length}/${finalized.length}/${timeouts}/${last?.nowMs}/${last?.proposal.view}`,
  };
}

function drawFaulty(kind: Case, prng: ReturnType<typeof createPrng>): Map<number, Crime> {
  const names = Object.keys(CRIMES) as Crime[];
  const faulty = new Map<number, Crime>();
  for (const crime of kind.crimes) {
    let node = prng.below(kind.validators);
    while (faulty.has(node)) node = (node + 1) % kind.validators;
    faulty.set(node, crime ?? names[prng.below(names.length)]!);
  }
  return faulty;
}

function storm(
  world: World,
  kind: Case,
  honest: readonly HonestValidator[],
  prng: ReturnType<typeof createPrng>,
): void {
  for (let crash = 0; crash < kind.crashes; crash++) {
    const victim = honest[prng.below(honest.length)]!;
    const atMs = prng.between(0, STORM_MS);
    world.scheduler.after(atMs, () => victim.crash());
    world.scheduler.after(atMs + prng.between(1, 400), () => victim.restart());
  }
  for (let atMs = 0; kind.hasPartitions && atMs < STORM_MS; atMs += prng.between(100, 600)) {
    world.scheduler.after(atMs, () => {
      world.network.groups = prng.chance(0.3)
        ? null
        : Array.from({ length: kind.validators }, () => prng.below(2));
    });
  }
  world.scheduler.runUntil(STORM_MS);
}
