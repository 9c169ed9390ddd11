import { afterEach, describe, expect, it, vi } from 'vitest';
import { PROJECTION_DRAIN_MS, PROJECTION_STALL_MS } from '../../schemas/limits.js';
import type { Log, LogReader } from '../../schemas/log.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import {
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import { createMemoryLog } from '../../test/simulation/memoryLog.js';
import {
  createMemoryProjectionStore,
  type MemoryProjectionStore,
} from '../../test/simulation/memoryProjectionStore.js';
import { BLOCKS_PARTITION, type ProjectorStatus } from '../ports.js';
import { readModels } from '../readModels.js';
import { type Projector, startProjector } from './projector.js';

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

async function openLog(): Promise<Log> {
  const log = createMemoryLog().open();
  const { shards, eventPartitions } = engineGenesis;
  await log.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
  return log;
}

async function publish(log: Log, from: number, to: number): Promise<void> {
  const writer = await log.openWriter('publisher');
  for (const height of chain.slice(from, to)) await writer.append(heightRecords(height, topics));
  await writer.close();
}

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
  store: TestStore,
): { readonly projector: Projector; readonly states: ProjectorStatus[] } {
  const states: ProjectorStatus[] = [];
  const projector = startProjector({
    ...{ owner: 'one', store, reader, topics, keys: engineKeys, timer, models: readModels },
    eventPartitions: engineGenesis.eventPartitions,
    verifiers: engineVerifiers,
    telemetry: {
      onCommitted: () => {},
      onDropped: () => {},
      onState: (status) => states.push(status),
    },
  });
  running.push(projector);
  return { projector, states };
}

async function eventually(holds: () => boolean, title: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never: ${title}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What the Postgres store throws when the server says 53100, and what a restart looks like. */
function outside(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, retriable: true });
}

describe('a projector whose world fails', () => {
  it.each([
    ['diskFull', 'Postgres: could not extend file: No space left on device'],
    ['unreachable', 'Postgres: terminating connection due to administrator command'],
  ])('waits, says so, and goes on: %s', async (code, message) => {
    const log = await openLog();
    const store = openStore();
    let failures = 0;
    store.before = async () => {
      if (store.commits < 1 || failures >= 3) return;
      failures += 1;
      throw outside(code, message);
    };
    const { projector, states } = start(log.reader, store);
    await publish(log, 0, 4);
    await publish(log, 4, HEIGHTS);
    await eventually(() => store.height(BLOCKS_PARTITION) === HEIGHTS, 'all heights');
    await eventually(() => projector.status().ready, 'ready');
    const waits = states.filter(({ state }) => state === 'waiting');
    expect(waits.map((status) => status.message)).toEqual(Array(failures).fill(message));
    expect(projector.status()).toMatchObject({ state: 'running', message: null });
  });

  it('halts for good on what no retry can help', async () => {
    const log = await openLog();
    const store = openStore();
    store.before = async () => {
      throw Object.assign(new Error('column is missing'), { code: 'refused', retriable: false });
    };
    const { projector } = start(log.reader, store);
    await publish(log, 0, 2);
    await eventually(() => projector.status().state === 'halted', 'halted');
    expect(projector.status()).toMatchObject({ message: 'column is missing', ready: false });
  });

  it('writes nothing once another has moved its checkpoints, and goes on from there', async () => {
    const log = await openLog();
    const store = openStore();
    const { projector: zombie, states } = start(log.reader, store);
    await publish(log, 0, 3);
    await eventually(() => store.height(BLOCKS_PARTITION) === 3, 'three heights');
    // Two at the same sources: every height is written once, whoever comes first.
    const { projector: other } = start(log.reader, store);
    await publish(log, 3, HEIGHTS);
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

describe('a projector that is stuck', () => {
  it('begins anew with another reader when the log stops giving what it has', async () => {
    const log = await openLog();
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
    await publish(log, 0, HEIGHTS);
    const { states } = start(reader, store);
    await eventually(() => subscriptions === 1, 'a subscription');
    aheadMs = PROJECTION_STALL_MS + 1;
    isDeaf = false;
    await eventually(() => store.height(BLOCKS_PARTITION) === HEIGHTS, 'all heights');
    const said = states.map(({ message }) => message).join();
    expect(said).toMatch(/records more, and none has come for \d+ ms/);
  });

  it('stops in bounded time, although its transaction does not end', async () => {
    const log = await openLog();
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
    await publish(log, 0, 2);
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
