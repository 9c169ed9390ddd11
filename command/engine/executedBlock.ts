import type { RejectCode } from '../../schemas/rejectCode.js';
import type { PartitionLeaf } from '../../schemas/types/event.js';

/**
 * What became of a command in a block.
 * `ignored`: no nonce consumed, no state, no event; `code` says why and is a hint, no event has it.
 * `refused`: the nonce is consumed and `CommandRefused` carries `code`. `executed`: `code` is 0.
 */
export type Outcome = 'ignored' | 'refused' | 'executed';

/** One a command of a block, ignored ones too, in item order. */
export interface Receipt {
  readonly commandId: Uint8Array;
  readonly account: Uint8Array;
  readonly signer: Uint8Array;
  readonly authorization: number;
  readonly nonce: number;
  /** From 1; 0 is the block's start and the number after the last command its end. */
  readonly executionIndex: number;
  readonly outcome: Outcome;
  readonly code: RejectCode | 0;
}

/** Everything that follows from a block and its seed. Roots and leaves are what a result signs. */
export interface ExecutedBlock {
  readonly height: number;
  readonly timestampMs: number;
  readonly stateRoot: Uint8Array;
  /** Merkle root over `leaves`. */
  readonly eventsRoot: Uint8Array;
  /** Of messages to other shards; none with one shard. */
  readonly outboxRoots: readonly Uint8Array[];
  readonly engineVersion: number;
  /** By partition, every partition of genesis. */
  readonly leaves: readonly PartitionLeaf[];
  /** By partition: values of the events topic (framed EventsRecord), in their order. */
  readonly events: readonly (readonly Uint8Array[])[];
  readonly receipts: readonly Receipt[];
}
