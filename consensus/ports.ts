/**
 * What a validator needs of the world. Adapters: infra/websocket (Transport), infra/files (Journal,
 * BlockStore), infra/clock (Timer), infra/processes/validator (Application); test/simulation has
 * one of each in memory. Payloads are opaque bytes: nothing here knows what a command is.
 */
import type { Block, BlockHeader, CertifiedBlock } from '../schemas/types/block.js';
import type { PeerMessageBody } from '../schemas/types/wire.js';

/**
 * Authenticated links between the validators of the epoch, named by their index. Order is kept for
 * a peer; a broken link loses what was on it, and nobody is told: all that matters is asked for
 * again. `from` is the proven identity of the sender. A message that does not decode never arrives.
 */
export interface Transport {
  send(to: number, message: PeerMessageBody): void;
  /** To every other validator that is connected now. */
  broadcast(message: PeerMessageBody): void;
  onMessage(handler: (from: number, message: PeerMessageBody) => void): void;
  /** Indices of the validators with a working link, ascending, never the own one. */
  connected(): readonly number[];
}

/** A record of the vote journal with the view it belongs to, by which it is pruned. */
export interface JournalEntry {
  readonly view: number;
  /** Framed JournalRecord. */
  readonly bytes: Uint8Array;
}

/**
 * The own votes and accepted certificates of one validator in one epoch. It is bound to an identity
 * (chain, shard, epoch, key) when it is made. Losing it means never signing again in that epoch, so
 * it says whether it was there before.
 */
export interface Journal {
  /** True when the journal was created by this opening: it remembers nothing. */
  readonly created: boolean;
  /** The entries in their order. Called once, before the first append. */
  replay(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /**
   * Durable on resolve, all or, after a crash, a prefix. One append at a time. A rejection is
   * final: what is on disk is unknown, and the validator stops.
   */
  append(entries: readonly JournalEntry[]): Promise<void>;
  /** Entries of views below this are no longer needed; the adapter may keep them. */
  prune(belowView: number): Promise<void>;
}

/**
 * Blocks. Before they are certified by a result they are held by digest ("pending"); afterwards for
 * ever, by height, without gaps from 1, or from the height of the snapshot that an empty store was
 * begun on. A rejected write is final: the validator stops.
 */
export interface BlockStore {
  /** Lowest certified height held; `certifiedHeight() + 1` when there is none. */
  firstHeight(): number;
  /** Highest certified height; 0 when there is none. */
  certifiedHeight(): number;
  /** The pending blocks at opening, in no particular order. */
  pending(): Iterable<Block>;
  /** Durable on resolve. `digest` is the block's; a second call with it may do nothing. */
  putPending(digest: Uint8Array, block: Block): Promise<void>;
  /**
   * Appends consecutive heights, the first being `certifiedHeight() + 1`. Durable on resolve, and
   * readable from then on. Pending blocks at or below the new height are no longer needed.
   */
  appendCertified(blocks: readonly CertifiedBlock[]): Promise<void>;
  /**
   * Certified blocks from `fromHeight` on, up to `maxCount` and about `maxBytes` (at least one when
   * there is any). Empty above `certifiedHeight()` and below `firstHeight()`.
   */
  certifiedBlocks(
    fromHeight: number,
    maxCount: number,
    maxBytes: number,
  ): Promise<readonly CertifiedBlock[]>;
}

export interface Timer {
  /** Monotone, for durations only. */
  nowMs(): number;
  /** Wall clock: for the timestamp of an own block and the drift of others' only. */
  unixMs(): number;
  /** Calls `run` once, about `delayMs` later, unless the returned function is called before. */
  after(delayMs: number, run: () => void): () => void;
}

/** What executing a height commits to; becomes part of the signed Result. */
export interface ResultRoots {
  readonly stateRoot: Uint8Array;
  readonly eventsRoot: Uint8Array;
  readonly outboxRoots: readonly Uint8Array[];
  readonly engineVersion: number;
}

/** Items of the blocks above the application's height on the branch built on, lowest first. */
export type UnexecutedItems = readonly (readonly Uint8Array[])[];

/**
 * What is ordered and executed. All methods but `verifyItems` answer at once. A throw is a bug, and
 * the validator stops.
 */
export interface Application {
  /** Height of its state: the last one executed, at start that of its snapshot; 0 is genesis. */
  height(): number;
  /**
   * Envelopes for a block at `timestampMs`, none of which `unexecutedItems` hold already, within
   * the limits. May be empty. All must be ones that `verifyItems` accepts.
   */
  propose(options: {
    readonly unexecutedItems: UnexecutedItems;
    readonly timestampMs: number;
    readonly maxBytes: number;
    readonly maxCommands: number;
  }): readonly Uint8Array[];
  /**
   * Whether these envelopes may stand in a block with this header: a function of the bytes alone,
   * the same on every validator. `envelopes` are the block's items but certificates, in order.
   */
  verifyItems(envelopes: readonly Uint8Array[], header: BlockHeader): Promise<boolean>;
  /**
   * Called for height() + 1 exactly; total and deterministic. `engineVersion`: by which rules, if
   * a certificate says so; null: by those that have their turn at this height.
   */
  execute(block: Block, seed: Uint8Array, engineVersion: number | null): ResultRoots;
  /** Why a height made by this version cannot be executed here, in words; null when it can. */
  engineFault(height: number, engineVersion: number): string | null;
  /**
   * Height is certified and durable here. In height order, after `execute` of it; at a restart
   * again for the heights above the application's snapshot.
   */
  certified(certified: CertifiedBlock): void;
  /** Whether it holds anything that could execute on top of these. Whoever changes the answer
   * other than through this port says so by `Validator.workChanged`. */
  hasWork(unexecutedItems: UnexecutedItems): boolean;
}

/** When a height reached its stages here, on the monotone clock of the Timer. */
export interface HeightTimes {
  readonly height: number;
  readonly finalMs: number;
  readonly beaconMs: number;
  readonly executedMs: number;
  readonly certifiedMs: number;
  /** Executed, certified and on disk: what peers, gateways and the log may be told. */
  readonly durableMs: number;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Names are snake_case with the unit last; see consensus/validator/README.md for the list. */
export interface Telemetry {
  count(name: string, by: number): void;
  gauge(name: string, value: number): void;
  observe(name: string, value: number): void;
  height(times: HeightTimes): void;
  log(level: LogLevel, event: string, fields: LogFields): void;
}
