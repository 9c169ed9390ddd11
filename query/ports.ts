import type { StateKey } from '../schemas/types/state.js';

export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly (string | number | Uint8Array)[];

/**
 * A row as the port gives it: bytea as Uint8Array, int8 as bigint, jsonb parsed, int4 as number.
 */
export type RawRow = Readonly<Record<string, unknown>>;

/** Reads the views of the projections; their names need no schema in front. */
export interface Sql {
  rows(text: string, values: readonly SqlValue[]): Promise<readonly RawRow[]>;
}

/** Where the reads of one answer go: tables that have everything up to the height it is of. */
export interface SqlSource {
  at(height: number): Sql;
}

/** Up to this height, everything of the shard is in the tables. Height 0: nothing is yet. */
export interface VisibleHeight {
  readonly height: number;
  /** Block time at `height`; 0 when there is none. */
  readonly timestampMs: number;
}

/** A leaf of the certified state, checked: all three are framed records. */
export interface CertifiedState {
  /** Null proves that there is no such leaf. */
  readonly value: Uint8Array | null;
  readonly proof: Uint8Array;
  readonly certificate: Uint8Array;
  readonly height: number;
}

/** Reaches validators, who serve the state of their last heights. */
export interface StateReader {
  /** `height` 0 is the newest. Null when none that can be reached gives a proof. */
  read(key: StateKey['key'], height: number): Promise<CertifiedState | null>;
}

/**
 * Tells a reader that there may be something new in the tables. Never more than that: heights are
 * read from the tables, whatever was said here or was lost.
 */
export interface Wakeups {
  close(): Promise<void>;
}

/**
 * `wake` takes the height that was heard of, 0 for none. It may be wrong, or not be in the tables
 * yet. Starts at once, says nothing while its source is away, and comes back by itself.
 */
export type StartWakeups = (wake: (height: number) => void) => Wakeups;
