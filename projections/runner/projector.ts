import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import {
  PROJECTION_DRAIN_MS,
  PROJECTION_LEASE_MS,
  PROJECTION_READY_LAG_MS,
  PROJECTION_RETRY_MS_MAX,
  PROJECTION_RETRY_MS_MIN,
  PROJECTION_SIGNATURES_KEPT,
  PROJECTION_STALL_MS,
} from '../../schemas/limits.js';
import type {
  Checkpoint,
  ProjectionStore,
  ProjectorStatus,
  ProjectorTelemetry,
  SourceStatus,
} from '../ports.js';
import { memoVerifier } from './memoVerifier.js';
import { Session, type SessionOptions } from './session.js';

export interface ProjectorOptions
  extends Omit<SessionOptions, 'store' | 'onWritten' | 'onDropped' | 'onEpoch' | 'untilHeights'> {
  /** Names this instance among the living; no two may share it. */
  readonly owner: string;
  readonly store: ProjectionStore;
  readonly telemetry: ProjectorTelemetry;
  /** Default PROJECTION_LEASE_MS. */
  readonly leaseMs?: number;
}

export interface Projector {
  status(): ProjectorStatus;
  /** Finishes the transaction in flight, for PROJECTION_DRAIN_MS at most, gives up its sources, and
   * resolves. Idempotent. */
  stop(): Promise<void>;
}

type State = Pick<ProjectorStatus, 'state' | 'message'>;

/** Sources are looked at this many times within a lease, so that one lost answer loses nothing. */
const LOOKS_PER_LEASE = 3;

/**
 * Folds its share of a shard's sources into the store for as long as it lives. Whatever the outside
 * world does (log or store away or not letting it in, another projector at its source) ends a
 * session, and the next one starts from the checkpoints; what cannot be right (two certified
 * histories, a fold that fails) halts for good, and says why in `status`.
 */
export function startProjector(options: ProjectorOptions): Projector {
  const projector = new RunningProjector(options);
  const ended = projector.run();
  return {
    status: () => projector.status(),
    stop: () => {
      projector.stop();
      return projector.drained(ended);
    },
  };
}

class RunningProjector {
  readonly #options: ProjectorOptions;
  readonly #leaseMs: number;
  /** Of all epochs that are known to have begun. */
  #keys: EpochKeys;
  #state: State = { state: 'starting', message: null };
  #session: Session | null = null;
  #stopping = false;
  #retryMs = PROJECTION_RETRY_MS_MIN;
  readonly #sleepers = new Set<() => void>();

  constructor(options: ProjectorOptions) {
    const signatures = memoVerifier(options.signatures, PROJECTION_SIGNATURES_KEPT);
    this.#options = { ...options, signatures };
    this.#keys = options.keys;
    this.#leaseMs = options.leaseMs ?? PROJECTION_LEASE_MS;
  }

  async run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#hold();
      } catch (error) {
        if (!isWaitedFor(error)) {
          this.#become({ state: 'halted', message: messageOf(error) }, error);
          break;
        }
        this.#become({ state: 'waiting', message: messageOf(error) });
        await this.#pause(this.#retryMs);
        this.#retryMs = Math.min(2 * this.#retryMs, PROJECTION_RETRY_MS_MAX);
      }
    }
    const failed = await this.#release();
    if (this.#state.state !== 'halted') this.#become({ state: 'stopped', message: failed });
  }

  stop(): void {
    this.#stopping = true;
    this.#session?.close();
    this.#wakeAll();
  }

  /** Waits for the end, but not for ever: the server takes back what a dead writer left. */
  async drained(ended: Promise<void>): Promise<void> {
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.timer.after(PROJECTION_DRAIN_MS, () => {
        this.#become({ state: 'stopped', message: 'a transaction was left to the server' });
        resolve();
      });
    });
    await Promise.race([ended.finally(() => cancel()), late]);
  }

  status(): ProjectorStatus {
    const sources = this.#session?.status() ?? [];
    const { state } = this.#state;
    const ready = state === 'standby' || (state === 'running' && sources.every(isHealthy));
    return { ...this.#state, sources, ready };
  }

  /** Takes sources and folds them until they change, something fails, or the projector stops. */
  async #hold(): Promise<void> {
    const { store, keys, owner } = this.#options;
    const held = await store.acquireLeases(keys.shard, owner, this.#leaseMs);
    if (held.length === 0) {
      const message = 'other projectors hold every source';
      if (this.#state.state !== 'standby') this.#become({ state: 'standby', message });
      await this.#pause(this.#leaseMs / LOOKS_PER_LEASE);
      return;
    }
    const all = await store.checkpoints(keys.shard);
    if (this.#stopping) return;
    const session = this.#open(all.filter(({ partition }) => held.includes(partition)));
    const watch = this.#watchLeases(session, held);
    try {
      await session.run();
    } finally {
      this.#session = null;
      this.#wakeAll();
      await watch;
    }
  }

  #open(checkpoints: readonly Checkpoint[]): Session {
    const { telemetry } = this.#options;
    const session = new Session(
      {
        ...this.#options,
        keys: this.#keys,
        onDropped: telemetry.onDropped,
        onEpoch: (keys) => {
          if (keys.epoch > this.#keys.epoch) this.#keys = keys;
        },
        onWritten: (rows, heights, durationMs) => {
          this.#retryMs = PROJECTION_RETRY_MS_MIN;
          telemetry.onCommitted({ rows, heights, durationMs, status: this.status() });
        },
      },
      checkpoints,
    );
    this.#session = session;
    this.#become({ state: 'running', message: null });
    return session;
  }

  /**
   * Renews while the session runs, ends it when its share changes, and renews on while it ends: a
   * reader whose broker is busy may take longer to end than a lease lasts. Were the rest lost
   * meanwhile, another projector would take it and soon give it back, slowly too, without end. A
   * session that does not end for PROJECTION_STALL_MS leaves its sources to others.
   */
  async #watchLeases(session: Session, held: readonly number[]): Promise<void> {
    const { store, keys, owner, timer } = this.#options;
    let endingSinceMs: number | null = null;
    for (;;) {
      await this.#pause(this.#leaseMs / LOOKS_PER_LEASE);
      if (this.#session !== session || this.#stopping) return;
      const nowMs = timer.nowMs();
      if (nowMs - (endingSinceMs ?? nowMs) >= PROJECTION_STALL_MS) return;
      try {
        await session.watch();
        const now = await store.acquireLeases(keys.shard, owner, this.#leaseMs);
        if (now.join() === held.join()) continue;
        session.close();
      } catch (error) {
        session.fail(error);
      }
      endingSinceMs ??= nowMs;
    }
  }

  /** Says what kept the leases from being given up; they expire by themselves then. */
  async #release(): Promise<string | null> {
    const { store, keys, owner } = this.#options;
    try {
      await store.releaseLeases(keys.shard, owner);
      return null;
    } catch (error) {
      return `leases were left to expire: ${messageOf(error)}`;
    }
  }

  #become(state: State, cause?: unknown): void {
    this.#state = state;
    this.#options.telemetry.onState(this.status(), cause);
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancel = this.#options.timer.after(delayMs, wake);
      this.#sleepers.add(wake);
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#sleepers]) wake();
  }
}

function isHealthy({ caughtUp, lagMs, hole, wanted }: SourceStatus): boolean {
  return caughtUp && lagMs <= PROJECTION_READY_LAG_MS && hole === null && wanted === 0;
}

/** Also what the owners of store and log mend meanwhile. */
function isWaitedFor(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { retriable, mendedByOthers } = error as { retriable?: unknown; mendedByOthers?: unknown };
  return retriable === true || mendedByOthers === true;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
