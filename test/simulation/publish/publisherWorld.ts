import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandTelemetry, CommandTimer, HeightSource } from '../../../command/ports.js';
import { type Publisher, startPublisher } from '../../../command/publish/publisher.js';
import { nativeSha256 } from '../../../infra/crypto/nativeSha256.js';
import { installSha256 } from '../../../schemas/crypto/sha256.js';
import type { Log } from '../../../schemas/log.js';
import { topicManifest, topicNames } from '../../../schemas/topics.js';
import { type ChainedHeight, chainKeys, chainStart, keyedVerifiers } from '../certifiedChain.js';
import { createMemoryLog } from '../memoryLog.js';
import type { Prng } from '../prng.js';
import { createScheduler, type Scheduler } from '../scheduler.js';
import { type CrashPoint, faultyLog, type LogWeather } from './faultyLog.js';
import { type ReadBack, readLog } from './readLog.js';

// Four times as fast, and the same hash.
installSha256(nativeSha256());

export const WORLD_PARTITIONS = 4;
export const WORLD_VALIDATORS = chainKeys.validators.length;
export const worldTopics = topicNames(chainKeys.chainId);
export const worldWriterId = 'publisher';
export const worldManifest = topicManifest(chainKeys.chainId, 1, WORLD_PARTITIONS);

/**
 * A validator as far as publishing goes: what it holds certified, and its publisher while it lives.
 */
export interface WorldValidator {
  readonly index: number;
  /** The same chain for all; certificates may have other signers. */
  readonly chain: readonly ChainedHeight[];
  certifiedTip: number;
  publisher: Publisher | null;
  /** The lowest height that it still has on disk. */
  heldFrom: number;
  /** Number of the process that runs now; a dead one never acts again. */
  life: number;
  /** Transactional id of its publisher: as long as all have one, each fences the one before. */
  writerId: string;
  readonly counters: Map<string, number>;
}

export interface PublisherWorld {
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly validators: readonly WorldValidator[];
  /** Appends that were tried so far. */
  appends: number;
  weather: LogWeather;
  /** How long a validator reads one of its own heights from its disk. */
  heightMs: readonly [number, number];
  /** Whether the log is away, for everybody or for one validator. */
  isAway(index: number): boolean;
  /** Whether the log answers nobody, as while it has no leader: requests wait until it does. */
  isStuck(): boolean;
  /** Asked at every point where a process may die; true kills it. */
  kills(index: number, point: CrashPoint): boolean;
  /**
   * Asked at every append, by its number; true loses it, and the writer is told that all is well.
   */
  loses(appends: number): boolean;
  /** Told of all records that a validator reads. */
  onRead(records: number): void;
  start(index: number): void;
  crash(index: number): void;
  stop(index: number): Promise<void>;
  /** Virtual time passes, with all promises in between settled. */
  run(durationMs: number): Promise<void>;
  /** Runs until `done`; how long that took. Throws when it is not done in time. */
  runUntil(done: () => boolean | Promise<boolean>, limitMs: number): Promise<number>;
  read(): Promise<ReadBack>;
}

export const CALM: LogWeather = {
  delayMs: [0.2, 2],
  appendMs: [1, 6],
  ambiguous: 0,
  readFaults: 0,
};

/** Publishers of one shard on one memory log, on a clock that only moves when it is told to. */
export function createPublisherWorld(options: {
  readonly prng: Prng;
  /** By validator. */
  readonly chains: readonly (readonly ChainedHeight[])[];
  readonly backlogHeightsMax?: number;
  /** By validator, handles on one real log; then time is real as well. */
  readonly logs?: readonly Log[];
}): PublisherWorld {
  const { prng, chains, backlogHeightsMax, logs } = options;
  const scheduler = logs === undefined ? createScheduler() : realScheduler();
  const store = createMemoryLog();
  const openLog = (index: number): Log => logs?.[index] ?? store.open();
  const log = openLog(0);
  const validators = chains.map(
    (chain, index): WorldValidator => ({
      index,
      chain,
      certifiedTip: 0,
      heldFrom: 1,
      publisher: null,
      life: 0,
      writerId: worldWriterId,
      counters: new Map(),
    }),
  );
  const run = async (durationMs: number): Promise<void> => {
    if (logs !== undefined) return sleep(durationMs);
    const untilMs = scheduler.nowMs + durationMs;
    await settled();
    while (scheduler.runNext(untilMs)) await settled();
  };
  const world: PublisherWorld = {
    scheduler,
    log,
    validators,
    appends: 0,
    weather: CALM,
    heightMs: [0, 0],
    isAway: () => false,
    isStuck: () => false,
    kills: () => false,
    loses: () => false,
    onRead: () => {},
    start: (index) =>
      startValidator(world, openLog(index), prng, validators[index]!, backlogHeightsMax),
    crash(index) {
      validators[index]!.life++;
      validators[index]!.publisher = null;
    },
    async stop(index) {
      const stopping = validators[index]!.publisher?.stop();
      let isStopped = false;
      void stopping?.then(() => (isStopped = true));
      await world.runUntil(() => isStopped || stopping === undefined, 20_000);
      validators[index]!.publisher = null;
    },
    run,
    async runUntil(done, limitMs) {
      const startMs = scheduler.nowMs;
      while (!(await done())) {
        if (scheduler.nowMs - startMs >= limitMs) throw new Error(`not done after ${limitMs} ms`);
        await run(50);
      }
      return scheduler.nowMs - startMs;
    },
    read: () =>
      readLog({
        reader: log.reader,
        topics: worldTopics,
        keys: chainKeys,
        verifiers: keyedVerifiers,
        eventPartitions: WORLD_PARTITIONS,
        start: chainStart,
      }),
  };
  return world;
}

/** Real time for a world on a real log; nothing is due but what is due. */
function realScheduler(): Scheduler {
  const startMs = performance.now();
  const never = (): never => {
    throw new Error('real time goes on by itself');
  };
  return {
    get nowMs() {
      return performance.now() - startMs;
    },
    after(delayMs, action) {
      const timer = setTimeout(action, delayMs);
      return () => clearTimeout(timer);
    },
    runUntil: never,
    runNext: never,
  };
}

/** Every promise that can settle without time passing has settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function startValidator(
  world: PublisherWorld,
  inner: Log,
  prng: Prng,
  own: WorldValidator,
  backlogHeightsMax: number | undefined,
): void {
  const life = ++own.life;
  const isAlive = (): boolean => own.life === life;
  const { scheduler } = world;
  const timer: CommandTimer = {
    nowMs: () => scheduler.nowMs,
    after: (delayMs, action) =>
      scheduler.after(delayMs, () => {
        if (isAlive()) action();
      }),
  };
  const log = faultyLog({
    inner,
    scheduler,
    prng,
    get weather() {
      return world.weather;
    },
    isAlive,
    isAway: () => world.isAway(own.index),
    isStuck: () => world.isStuck(),
    loses: () => world.loses(world.appends++),
    onRead: (records) => world.onRead(records),
    at: (point) => {
      if (isAlive() && world.kills(own.index, point)) world.crash(own.index);
    },
  });
  own.publisher = startPublisher({
    onSuperseded: (epoch) => {
      throw new Error(`superseded by epoch ${epoch}`);
    },
    log,
    manifest: worldManifest,
    topics: worldTopics,
    keys: chainKeys,
    eventPartitions: WORLD_PARTITIONS,
    verifiers: keyedVerifiers,
    self: own.index,
    source: sourceOf(world, prng, own),
    timer,
    telemetry: telemetryOf(own),
    writerId: own.writerId,
    ...(backlogHeightsMax !== undefined && { backlogHeightsMax }),
  });
}

function sourceOf(world: PublisherWorld, prng: Prng, own: WorldValidator): HeightSource {
  const fromDisk = (): Promise<void> => {
    const [low, high] = world.heightMs;
    if (high === 0) return Promise.resolve();
    return new Promise((resolve) => world.scheduler.after(prng.between(low, high), resolve));
  };
  return {
    certifiedTip: () => own.certifiedTip,
    tip: async (height) => (height === 0 ? chainStart : (own.chain[height - 1]?.tip ?? null)),
    height: async (height) => {
      await fromDisk();
      return height < own.heldFrom ? null : (own.chain[height - 1] ?? null);
    },
    // Some are at hand and some are not.
    recent: (height) => {
      const isAtHand = height <= own.certifiedTip && height >= own.heldFrom && height % 5 !== 0;
      return isAtHand ? (own.chain[height - 1] ?? null) : null;
    },
  };
}

/** Counters by name, and by name and code where they have one; what is logged is counted too. */
function telemetryOf({ counters }: WorldValidator): CommandTelemetry {
  const count = (name: string, labels: { readonly code?: string } = {}, by = 1): void => {
    const names = labels.code === undefined ? [name] : [name, `${name} ${labels.code}`];
    for (const each of names) counters.set(each, (counters.get(each) ?? 0) + by);
  };
  return { count, gauge: () => {}, observe: () => {}, log: (_, message, of) => count(message, of) };
}

/** Heights become certified at every validator at its own pace from now on. */
export function growChain(
  world: PublisherWorld,
  prng: Prng,
  paceMs: readonly [number, number],
  upTo: number,
): void {
  for (const own of world.validators) growOwn(world, own, prng.fork(), { fromMs: 0, paceMs, upTo });
}

/** The same for one validator, beginning so much later. */
export function growOwn(
  world: PublisherWorld,
  own: WorldValidator,
  prng: Prng,
  growth: {
    readonly fromMs: number;
    readonly paceMs: readonly [number, number];
    readonly upTo: number;
  },
): void {
  let atMs = growth.fromMs;
  for (let height = own.certifiedTip + 1; height <= growth.upTo; height++) {
    atMs += prng.between(...growth.paceMs);
    world.scheduler.after(atMs, () => {
      own.certifiedTip = Math.max(own.certifiedTip, height);
      own.publisher?.onCertified();
    });
  }
}
