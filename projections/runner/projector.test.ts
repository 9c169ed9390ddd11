import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BatchVerifier } from '../../schemas/crypto/signatures.js';
import {
  PROJECTION_DRAIN_MS,
  PROJECTION_FAR_RECORDS,
  PROJECTION_LEASE_MS,
  PROJECTION_STALL_MS,
} from '../../schemas/limits.js';
import type { LogBatch, LogReader, LogSubscription } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import {
  engineBeacons,
  engineBeaconsBut,
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import { openEngineLog, publishHeights } from '../../test/simulation/engineLog.js';
import {
  createMemoryProjectionStore,
  type MemoryProjectionStore,
} from '../../test/simulation/memoryProjectionStore.js';
import { createScheduler } from '../../test/simulation/scheduler.js';
import {
  BLOCKS_PARTITION,
  type ProjectionStore,
  type ProjectorStatus,
  type ProjectorTimer,
} from '../ports.js';
import { readModels } from '../readModels.js';
import { type Projector, type ProjectorOptions, startProjector } from './projector.js';

vi.setConfig({ testTimeout: 240_000 });
const HEIGHTS = 12;
const chain = engineChain({ heights: HEIGHTS, commands: 4, seed: 31 });
const topics = topicNames(engineKeys.chainId);
const running: Projector[] = [];
/** Added to the clock that the projector sees. */
let aheadMs = 0;

afterEach(async () => {
  aheadMs = 0;
  for (const projector of running.splice(0)) await projector.stop();
});

/** Timers of more than a second come soon: what is tested is what happens then. */
const timer = {
  nowMs: () => Date.now() + aheadMs,
  after: (delayMs: number, run: () => void) => {
    const timeout = setTimeout(run, Math.min(delayMs, 100));
    return () => clearTimeout(timeout);
  },
};

/** A store whose failures a test decides. */
interface TestStore extends MemoryProjectionStore {
  /** Awaited before a commit; throws for it to fail, or does not return. */
  before: () => Promise<void>;
  readonly commits: number;
  height(partition: number): number;
}

function openStore(): TestStore {
  const memory = createMemoryProjectionStore(engineGenesis);
  const heights = new Map<number, number>();
  let commits = 0;
  return {
    ...memory,
    before: async () => {},
    get commits() {
      return commits;
    },
    height: (partition) => heights.get(partition) ?? 0,
    async commit(sources) {
      await this.before();
      await memory.commit(sources);
      for (const { partition, checkpoint } of sources) heights.set(partition, checkpoint.height);
      commits += 1;
    },
  };
}

function start(
  reader: LogReader,
  store: ProjectionStore,
  own: Partial<Pick<ProjectorOptions, 'owner' | 'timer' | 'beacons'>> = {},
): {
  readonly projector: Projector;
  readonly states: ProjectorStatus[];
  readonly causes: unknown[];
} {
  const states: ProjectorStatus[] = [];
  const causes: unknown[] = [];
  const projector = startProjector({
    ...{ owner: 'one', store, reader, topics, keys: engineKeys, timer, models: readModels },
    ...{ signatures: engineVerifiers.signatures, beacons: engineBeacons, ...own },
    eventPartitions: engineGenesis.eventPartitions,
    telemetry: {
      onCommitted: () => {},
      onDropped: () => {},
      onState: (status, cause) => {
        states.push(status);
        if (cause !== undefined) causes.push(cause);
      },
    },
  });
  running.push(projector);
  return { projector, states, causes };
}

async function eventually(holds: () => boolean, title: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never: ${title}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What the Postgres store throws when the server says 53100, and what a restart looks like. */
function outside(code: string, message: string, retriable = true): Error {
  return Object.assign(new Error(message), { code, retriable });
}

/** Says of all batches of a height but the last that another follows, as a log does that reads all
 * partitions at once; `foldMs` go by with each. */
function readTogether({ subscribe, ...reader }: LogReader, foldMs = 0): LogReader {
  const last = engineGenesis.eventPartitions - 1;
  async function* mark(batches: LogSubscription['batches']): AsyncGenerator<LogBatch> {
    for await (const batch of batches) {
      const isLast = batch.topic === topics.events && batch.partition === last;
      yield isLast ? batch : { ...batch, isFollowed: true };
      await new Promise((resolve) => setTimeout(resolve, foldMs));
    }
  }
  return {
    ...reader,
    async subscribe(options) {
      const { batches, close } = await subscribe(options);
      return { batches: mark(batches), close };
    },
  };
}

it.each([
  ['a fold that is shorter than a transaction', { foldMs: 0, writeMs: 200 }],
  ['a fold that is longer', { foldMs: 20, writeMs: 0 }],
])('writes what was read together in one transaction: %s', async (_, { foldMs, writeMs }) => {
  const log = await openEngineLog();
  const store = openStore();
  store.before = () => new Promise((resolve) => setTimeout(resolve, writeMs));
  start(readTogether(log.reader, foldMs), store);
  const isWhole = (height: number): boolean =>
    Array.from({ length: engineGenesis.eventPartitions + 1 }).every(
      (_, index) => store.height(index + BLOCKS_PARTITION) === height,
    );
  await publishHeights(log, chain.slice(0, 1));
  await eventually(() => isWhole(1), 'the first height');
  const before = store.commits;
  await publishHeights(log, chain.slice(1, 2));
  await eventually(() => isWhole(2), 'the second height');
  expect(store.commits - before).toBe(1);
});

it('far behind the end of the log gathers what it reads, and writes it when the end is near', async () => {
  const log = await openEngineLog();
  const store = openStore();
  let isFar = true;
  let reads = 0;
  const { subscribe, ...reader } = log.reader;
  async function* claim(batches: LogSubscription['batches']): AsyncGenerator<LogBatch> {
    for await (const batch of batches) {
      const missing = isFar ? BigInt(PROJECTION_FAR_RECORDS) : 0n;
      yield { ...batch, endOffset: batch.endOffset + missing };
      reads += 1;
    }
  }
  const far: LogReader = {
    ...reader,
    async subscribe(options) {
      const { batches, close } = await subscribe(options);
      return { batches: claim(batches), close };
    },
  };
  /** Patience has no end here. */
  const patient = {
    nowMs: timer.nowMs,
    after: (delayMs: number, run: () => void) =>
      delayMs > 1_000 ? () => {} : timer.after(delayMs, run),
  };
  start(readTogether(far), store, { timer: patient });
  const partitions = engineGenesis.eventPartitions + 1;
  for (let height = 0; height < HEIGHTS - 1; height++) {
    await publishHeights(log, chain.slice(height, height + 1));
    await eventually(() => reads >= (height + 1) * partitions, 'a height that is read');
  }
  expect(store.commits).toBe(0);
  isFar = false;
  await publishHeights(log, chain.slice(HEIGHTS - 1, HEIGHTS));
  await eventually(() => store.height(BLOCKS_PARTITION) === HEIGHTS, 'all heights');
  expect(store.commits).toBe(1);
});

describe('a projector whose world fails', () => {
  it.each([
    ['diskFull', 'Postgres: could not extend file: No space left on device'],
    ['unreachable', 'Postgres: terminating connection due to administrator command'],
  ])('waits, says so, and goes on: %s', async (code, message) => {
    const log = await openEngineLog();
    const store = openStore();
    let failures = 0;
    store.before = async () => {
      if (store.commits < 1 || failures >= 3) return;
      failures += 1;
      throw outside(code, message);
    };
    const { projector, states } = start(log.reader, store);
    await publishHeights(log, chain.slice(0, 4));
    await publishHeights(log, chain.slice(4, HEIGHTS));
    await eventually(() => store.height(BLOCKS_PARTITION) === HEIGHTS, 'all heights');
    await eventually(() => projector.status().ready, 'ready');
    const waits = states.filter(({ state }) => state === 'waiting');
    expect(waits.map((status) => status.message)).toEqual(Array(failures).fill(message));
    expect(projector.status()).toMatchObject({ state: 'running', message: null });
  });

  it('halts for good on what no retry can help', async () => {
    const failure = outside('refused', 'column is missing', false);
    const log = await openEngineLog();
    const store = openStore();
    store.before = async () => {
      throw failure;
    };
    const { projector, causes } = start(log.reader, store);
    await publishHeights(log, chain.slice(0, 2));
    await eventually(() => projector.status().state === 'halted', 'halted');
    expect(projector.status()).toMatchObject({ message: 'column is missing', ready: false });
    expect(causes).toEqual([failure]);
  });

  it('writes nothing once another has moved its checkpoints, and goes on from there', async () => {
    const log = await openEngineLog();
    const store = openStore();
    const { projector: zombie, states } = start(log.reader, store);
    await publishHeights(log, chain.slice(0, 3));
    await eventually(() => store.height(BLOCKS_PARTITION) === 3, 'three heights');
    // Two at the same sources: every height is written once, whoever comes first.
    const { projector: other } = start(log.reader, store);
    await publishHeights(log, chain.slice(3, HEIGHTS));
    const whole = openStore();
    start(log.reader, whole);
    for (const each of [store, whole]) {
      for (let at = BLOCKS_PARTITION; at < engineGenesis.eventPartitions; at++) {
        await eventually(() => each.height(at) === HEIGHTS, `partition ${at}`);
      }
    }
    expect(store.lines()).toEqual(whole.lines());
    for (const { state } of [zombie.status(), other.status()]) expect(state).not.toBe('halted');
    for (const { message } of states.filter(({ state }) => state === 'waiting')) {
      expect(message).toMatch(/another projector folds it/);
    }
  });
});

describe('beacons, which a projector has verified beside folding', () => {
  it('halt it at one that a quorum certified and its group did not sign', async () => {
    const log = await openEngineLog();
    const store = openStore();
    const { projector } = start(log.reader, store, { beacons: engineBeaconsBut(5) });
    await publishHeights(log, chain.slice(0, 4));
    await eventually(() => store.height(BLOCKS_PARTITION) === 4, 'four heights');
    await publishHeights(log, chain.slice(4, HEIGHTS));
    await eventually(() => projector.status().state === 'halted', 'halted');
    const message = 'blocks: a quorum certified a wrong beacon at height 5';
    expect(projector.status()).toMatchObject({ message, ready: false });
    expect(store.height(BLOCKS_PARTITION)).toBe(4);
  });

  it('are verified before anything is written', async () => {
    const log = await openEngineLog();
    const store = openStore();
    const asked: number[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const beacons: BatchVerifier = {
      async verifyBatch(all) {
        asked.push(all.length);
        await held;
        return engineBeacons.verifyBatch(all);
      },
    };
    await publishHeights(log, chain);
    start(log.reader, store, { beacons });
    await eventually(() => asked.reduce((sum, count) => sum + count, 0) === HEIGHTS, 'asked');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(store.commits).toBe(0);
    release();
    await eventually(() => store.height(BLOCKS_PARTITION) === HEIGHTS, 'all heights');
  });

  it('are asked for again when the thread that verified them has died', async () => {
    const log = await openEngineLog();
    const store = openStore();
    let deaths = 0;
    const beacons: BatchVerifier = {
      async verifyBatch(all) {
        if (deaths++ < 2) throw outside('worker-died', 'the thread died');
        return engineBeacons.verifyBatch(all);
      },
    };
    const { states } = start(log.reader, store, { beacons });
    await publishHeights(log, chain);
    await eventually(() => store.height(BLOCKS_PARTITION) === HEIGHTS, 'all heights');
    expect(states.map(({ message }) => message)).toContain('the thread died');
  });
});

describe('a projector that is stuck', () => {
  it('begins anew with another reader when the log stops giving what it has', async () => {
    const log = await openEngineLog();
    const store = openStore();
    let isDeaf = true;
    let subscriptions = 0;
    const reader: LogReader = {
      ...log.reader,
      offsets: log.reader.offsets,
      subscribe: async (options) => {
        subscriptions += 1;
        if (!isDeaf) return log.reader.subscribe(options);
        let close = (): void => {};
        const closed = new Promise<void>((resolve) => {
          close = resolve;
        });
        const batches = {
          [Symbol.asyncIterator]: () => ({
            next: async () => {
              await closed;
              return { done: true, value: undefined } as const;
            },
          }),
        };
        return { batches, close: async () => close() };
      },
    };
    await publishHeights(log, chain.slice(0, HEIGHTS));
    const { states } = start(reader, store);
    await eventually(() => subscriptions === 1, 'a subscription');
    aheadMs = PROJECTION_STALL_MS + 1;
    isDeaf = false;
    await eventually(() => store.height(BLOCKS_PARTITION) === HEIGHTS, 'all heights');
    const said = states.map(({ message }) => message).join();
    expect(said).toMatch(/records more, and none has come for \d+ ms/);
  });

  it('stops in bounded time, although its transaction does not end', async () => {
    const log = await openEngineLog();
    const store = openStore();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isHeld = false;
    store.before = () => {
      isHeld = true;
      return held;
    };
    const { projector } = start(log.reader, store);
    await publishHeights(log, chain.slice(0, 2));
    await eventually(() => isHeld, 'a transaction');
    expect(PROJECTION_DRAIN_MS).toBeGreaterThan(1_000);
    await projector.stop();
    expect(projector.status()).toMatchObject({
      state: 'stopped',
      message: 'a transaction was left to the server',
    });
    release();
  });
});

/** Leases as the Postgres store shares them out: equal, for a time, to whoever renews. */
function openSharedStore(nowMs: () => number): ProjectionStore {
  const memory = createMemoryProjectionStore(engineGenesis);
  const living = new Map<string, number>();
  const owners = new Map<number, string>();
  return {
    ...memory,
    async acquireLeases(shard, owner, ttlMs) {
      living.set(owner, nowMs() + ttlMs);
      for (const [name, untilMs] of living) if (untilMs < nowMs()) living.delete(name);
      const all = (await memory.checkpoints(shard)).map(({ partition }) => partition);
      for (const at of all) if (!living.has(owners.get(at) ?? '')) owners.delete(at);
      const share = Math.ceil(all.length / living.size);
      const mine = all.filter((at) => owners.get(at) === owner);
      const free = all.filter((at) => !owners.has(at));
      for (const at of mine) owners.delete(at);
      const held = [...mine, ...free].slice(0, share);
      for (const at of held) owners.set(at, owner);
      return held.toSorted((a, b) => a - b);
    },
    async releaseLeases(_, owner) {
      living.delete(owner);
    },
  };
}

/** Virtual time; `pass` lets it go by, with all that happens at once in between. */
function openClock() {
  const scheduler = createScheduler();
  const pass = async (durationMs: number): Promise<void> => {
    const untilMs = scheduler.nowMs + durationMs;
    do {
      for (let turn = 0; turn < 20; turn++) await new Promise((wake) => setImmediate(wake));
    } while (scheduler.runNext(untilMs));
  };
  return { timer: { nowMs: () => scheduler.nowMs, after: scheduler.after }, pass };
}

/** A reader that takes its time to end, as one does whose broker is busy or gone. */
function slowToClose(reader: LogReader, timer: ProjectorTimer, closeMs: number): LogReader {
  return {
    ...reader,
    async subscribe(options) {
      const subscription = await reader.subscribe(options);
      const close = async (): Promise<void> => {
        await new Promise<void>((resolve) => timer.after(closeMs, resolve));
        await subscription.close();
      };
      return { batches: subscription.batches, close };
    },
  };
}

describe('projectors that share the sources', () => {
  let world = openClock();
  beforeEach(() => {
    world = openClock();
  });
  afterEach(async () => {
    for (const projector of running.splice(0)) void projector.stop();
    await world.pass(5 * PROJECTION_LEASE_MS);
  });

  it.each([
    ['settle on their shares', PROJECTION_LEASE_MS / 4],
    ['do so although a reader takes as long to end as a lease lasts', PROJECTION_LEASE_MS],
    ['do so although it takes longer', 2 * PROJECTION_LEASE_MS],
  ])('%s', async (_, closeMs) => {
    const { timer: clock, pass } = world;
    const log = await openEngineLog();
    const store = openSharedStore(clock.nowMs);
    const reader = slowToClose(log.reader, clock, closeMs);
    await publishHeights(log, chain.slice(0, HEIGHTS));
    const one = start(reader, store, { owner: 'one', timer: clock });
    await pass(PROJECTION_LEASE_MS);
    expect(one.projector.status()).toMatchObject({ state: 'running', ready: true });
    const two = start(reader, store, { owner: 'two', timer: clock });
    await pass(20 * PROJECTION_LEASE_MS);
    const begun = (states: readonly ProjectorStatus[]): number =>
      states.filter(({ state }) => state === 'running').length;
    // One had all sources, and has begun again with half of them; two began with the other half.
    expect([begun(one.states), begun(two.states)]).toEqual([2, 1]);
    const half = Math.ceil((engineGenesis.eventPartitions + 1) / 2);
    const shares = [one, two].map(({ projector }) => projector.status());
    expect(shares.map(({ sources }) => sources.length)).toEqual([half, half - 1]);
    expect(shares.map(({ ready }) => ready)).toEqual([true, true]);
  });

  it('are ready on standby when others hold every source, and take over when those end', async () => {
    const { timer: clock, pass } = world;
    const log = await openEngineLog();
    const store = openSharedStore(clock.nowMs);
    await publishHeights(log, chain.slice(0, HEIGHTS));
    const sources = await store.checkpoints(0);
    const renew = async (): Promise<void> => {
      for (const at of sources.keys()) {
        await store.acquireLeases(0, `holder-${at}`, PROJECTION_LEASE_MS);
      }
    };
    for (const _ of sources) await renew();
    const spare = start(log.reader, store, { owner: 'spare', timer: clock });
    for (let lease = 0; lease < 5; lease++) {
      await pass(PROJECTION_LEASE_MS / 2);
      await renew();
    }
    expect(spare.projector.status()).toEqual({
      state: 'standby',
      message: 'other projectors hold every source',
      sources: [],
      ready: true,
    });
    expect(spare.states).toHaveLength(1);
    await pass(2 * PROJECTION_LEASE_MS);
    const status = spare.projector.status();
    expect(status).toMatchObject({ state: 'running', ready: true });
    expect(status.sources).toHaveLength(sources.length);
  });
});
