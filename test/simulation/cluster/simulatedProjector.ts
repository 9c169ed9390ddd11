import { inlineBatchVerifier } from '../../../infra/crypto/inlineBatchVerifier.js';
import type { ProjectionStore, ProjectorTimer, SourceCommit } from '../../../projections/ports.js';
import { readModels } from '../../../projections/readModels.js';
import { type Projector, startProjector } from '../../../projections/runner/projector.js';
import { RowBatch } from '../../../projections/runner/rowBatch.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { topicNames } from '../../../schemas/topics.js';
import { createMemoryProjectionStore } from '../memoryProjectionStore.js';
import { openSimulatedLog } from './simulatedLog.js';
import type { World } from './world.js';

/** A machine that runs a projector, the real one, beside a database that outlives it. */
export interface SimulatedProjector {
  start(): void;
  /** The process is gone; a transaction that it had sent may still be committed. */
  crash(): void;
  /** Lowest height over all sources, as the tables say. */
  height(): Promise<number>;
  lines(): string[];
  /** Why it will not go on by itself; null: it does. */
  halted(): string | null;
}

export function createSimulatedProjector(world: World): SimulatedProjector {
  const { chain, history, scheduler } = world;
  const tables = createMemoryProjectionStore(chain.genesis);
  let life = 0;
  let isUp = false;
  let projector: Projector | null = null;
  const start = (): void => {
    if (isUp) return;
    isUp = true;
    const born = ++life;
    const isAlive = (): boolean => isUp && life === born;
    const keys = genesisEpoch(chain.genesis, 0);
    projector = startProjector({
      keys,
      eventPartitions: chain.genesis.eventPartitions,
      signatures: chain.signatures,
      beacons: inlineBatchVerifier(chain.beacon),
      models: readModels,
      owner: `projector ${born}`,
      store: remoteStore(world, tables, isAlive),
      reader: openSimulatedLog(world, isAlive).reader,
      topics: topicNames(keys.chainId),
      timer: timerOf(world, isAlive),
      telemetry: {
        onCommitted: () => undefined,
        onDropped: () => undefined,
        onState({ state, message }) {
          if (isAlive() && state === 'halted') history.faults.push(`projector halted: ${message}`);
        },
      },
    });
  };
  return {
    start,
    crash() {
      isUp = false;
      world.audit.note(scheduler.nowMs, 'crash projector');
    },
    height: async () =>
      Math.min(...(await tables.checkpoints(0)).map((checkpoint) => checkpoint.height)),
    lines: tables.lines,
    halted() {
      const status = projector?.status();
      return status?.state === 'halted' ? status.message : null;
    },
  };
}

function timerOf({ chain, scheduler }: World, isAlive: () => boolean): ProjectorTimer {
  return {
    nowMs: () => chain.genesis.createdAtMs + scheduler.nowMs,
    after: (delayMs, run) =>
      scheduler.after(delayMs, () => {
        if (isAlive()) run();
      }),
  };
}

/** The database over a link: each call takes time, and a dead process hears no answer. */
function remoteStore(
  world: World,
  store: ProjectionStore,
  isAlive: () => boolean,
): ProjectionStore {
  const prng = world.prng.fork();
  const dropsRows = world.mutation.dropsRows === true;
  const withoutRows = (commit: SourceCommit): SourceCommit =>
    prng.chance(0.1) ? { ...commit, rows: new RowBatch() } : commit;
  const pause = (): Promise<void> =>
    new Promise((resolve) => void world.scheduler.after(prng.between(0.5, 5), resolve));
  const call = async <T>(act: () => Promise<T>): Promise<T> => {
    if (!isAlive()) return new Promise(() => undefined);
    await pause();
    const answer = await act();
    await pause();
    return isAlive() ? answer : new Promise(() => undefined);
  };
  return {
    acquireLeases: (shard, owner, ttlMs) => call(() => store.acquireLeases(shard, owner, ttlMs)),
    releaseLeases: (shard, owner) => call(() => store.releaseLeases(shard, owner)),
    checkpoints: (shard) => call(() => store.checkpoints(shard)),
    commit: (commits) => call(() => store.commit(dropsRows ? commits.map(withoutRows) : commits)),
  };
}
