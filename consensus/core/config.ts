import { assert } from '../../schemas/kernel/assert.js';
import type { Finalization } from './messages.js';

/**
 * Durations in milliseconds. Defaults are the column "same region" of reference table 1.5; they
 * hold for links up to about 20 ms.
 */
export interface Timing {
  /** tL: from the start of a view's clock (R17) to "the leader said nothing". */
  readonly leaderTimeoutMs: number;
  /** tA: from the start of a view's clock to "nothing was certified". */
  readonly certificationTimeoutMs: number;
  /** tR: between resends while a view we nullified does not end. */
  readonly retryTimeoutMs: number;
  /** tSkip: a leader silent for so long is not waited for. */
  readonly skipTimeoutMs: number;
  /** tF: until a missing certificate is asked for again. */
  readonly fetchTimeoutMs: number;
  /** tA is at least so many times what views usually take, and tL grows with it. */
  readonly timeoutFactor: number;
  /** Timeouts grow by this factor a view since the last finalization ... */
  readonly timeoutGrowth: number;
  /** ... up to this. */
  readonly timeoutMaxMs: number;
  /** First resend when nothing becomes final; doubles up to the maximum. */
  readonly standstillMs: number;
  readonly standstillMaxMs: number;
  /** Least time between a block and its child while there is work; longer where views take long: */
  readonly busyIntervalMs: number;
  /** so many times what views usually take, ... */
  readonly busyFactor: number;
  /** ... up to this. */
  readonly busyIntervalMaxMs: number;
  /** Time between a block and its child while there is none. */
  readonly idleIntervalMs: number;
}

export const SAME_REGION: Timing = {
  leaderTimeoutMs: 150,
  certificationTimeoutMs: 300,
  retryTimeoutMs: 1000,
  skipTimeoutMs: 3000,
  fetchTimeoutMs: 250,
  timeoutFactor: 4,
  timeoutGrowth: 1.5,
  timeoutMaxMs: 10_000,
  standstillMs: 2000,
  standstillMaxMs: 10_000,
  busyIntervalMs: 20,
  busyFactor: 1.5,
  busyIntervalMaxMs: 50,
  idleIntervalMs: 1000,
};

export const MULTI_REGION: Timing = {
  ...SAME_REGION,
  leaderTimeoutMs: 1000,
  certificationTimeoutMs: 2000,
  retryTimeoutMs: 5000,
  skipTimeoutMs: 11_000,
  fetchTimeoutMs: 1000,
  standstillMs: 5000,
};

/** What one validator's core is made of. Immutable for the life of the epoch. */
export interface CoreConfig {
  readonly epoch: number;
  /** n: number of validators of the epoch. */
  readonly validators: number;
  /** Own index, or null for an observer that only follows. */
  readonly self: number | null;
  /**
   * False for a validator that must not sign (its journal is lost, R20): it follows, certifies and
   * answers, and never votes or proposes.
   */
  readonly voting: boolean;
  /** Digest of view 0, the block on which the epoch starts. */
  readonly genesisPayload: Uint8Array;
  /** Highest finalization that the application holds; null: start at genesis. */
  readonly floor: Finalization | null;
  readonly timing: Timing;
  /** Views kept below the last final one, for late votes and evidence. */
  readonly retentionViews: number;
}

/** Refuses relations between timers under which the rules would misbehave (reference 1.5). */
export function assertTiming(timing: Timing): void {
  assert(timing.leaderTimeoutMs > 0, 'leaderTimeoutMs must be positive');
  assert(
    timing.certificationTimeoutMs > timing.leaderTimeoutMs,
    'certificationTimeoutMs must exceed leaderTimeoutMs',
  );
  assert(timing.retryTimeoutMs > 0, 'retryTimeoutMs must be positive');
  assert(timing.fetchTimeoutMs > 0, 'fetchTimeoutMs must be positive');
  assert(timing.timeoutFactor >= 1, 'timeoutFactor must not be below 1');
  assert(timing.timeoutGrowth > 1, 'timeoutGrowth must exceed 1');
  assert(
    timing.timeoutMaxMs >= timing.certificationTimeoutMs,
    'timeoutMaxMs must not be below certificationTimeoutMs',
  );
  assert(timing.standstillMs > timing.idleIntervalMs, 'idling must not count as standstill');
  assert(timing.standstillMaxMs >= timing.standstillMs, 'standstillMaxMs below standstillMs');
  assert(timing.busyIntervalMs >= 0, 'busyIntervalMs must not be negative');
  assert(timing.busyFactor >= 1, 'busyFactor must not be below 1');
  assert(timing.busyIntervalMaxMs >= timing.busyIntervalMs, 'busyIntervalMaxMs below its minimum');
  assert(timing.idleIntervalMs >= timing.busyIntervalMaxMs, 'idleIntervalMs below a busy one');
  assert(
    timing.skipTimeoutMs > timing.idleIntervalMs + timing.certificationTimeoutMs,
    'skipTimeoutMs must outlast an idle view',
  );
  assert(timing.skipTimeoutMs > timing.retryTimeoutMs, 'skipTimeoutMs must exceed retryTimeoutMs');
}
