import { decode } from '../../schemas/codec/codec.js';
import {
  certifiedBlockFault,
  type Verifiers,
  verifyResultCertificate,
} from '../../schemas/crypto/certifiedBlock.js';
import type { ChainTip, EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { keysAfter } from '../../schemas/crypto/epochStart.js';
import { present } from '../../schemas/kernel/assert.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { MAX_FRAME_BYTES } from '../../schemas/limits.js';
import type { LogBatch, StoredRecord } from '../../schemas/log.js';
import { type BlocksFollower, createBlocksFollower } from '../../schemas/reading/blocksFollower.js';
import type { TopicNames } from '../../schemas/topics.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { HeightSource } from '../ports.js';
import { createEventsProgress, type EventsProgress } from './eventsProgress.js';
import { publisherOf } from './markKey.js';

export interface LogProgressOptions {
  readonly topics: TopicNames;
  readonly keys: EpochKeys;
  readonly eventPartitions: number;
  readonly verifiers: Verifiers;
  readonly source: HeightSource;
}

/** A partition that a publisher reads. */
export interface FollowedPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Where the log has got to by the reader's rule, over `blocks` and all events partitions. */
export interface LogProgress {
  readonly partitions: readonly FollowedPartition[];
  /** Begins a partition anew, at the log's own beginning or somewhere in its middle. */
  begin(of: FollowedPartition, at: 'first' | 'middle'): Promise<void>;
  /** Whether it is known how far a partition has got. */
  isAnchored(of: FollowedPartition): boolean;
  read(batch: LogBatch): Promise<void>;
  /** Null until every partition is anchored. */
  heights(): ProgressHeights | null;
  /** Whether a certified block was met that this validator does not hold yet. */
  readonly isAhead: boolean;
  /** The validator that wrote the newest mark; null when nobody is known to have. */
  readonly lastPublisher: number | null;
  /** An epoch that recovery keys have begun without this validator; null while they have not. */
  readonly successor: EpochKeys | null;
  /** Why a quorum must have certified two histories; null while nothing says so. */
  readonly conflict: string | null;
}

export interface ProgressHeights {
  /** The newest height that every reader of `blocks` accepts. */
  readonly blocks: number;
  /** The height up to which every reader knows all events partitions to be complete. */
  readonly events: number;
  /** The same of each one. */
  readonly byPartition: readonly number[];
}

interface State extends LogProgressOptions {
  blocks: BlocksFollower | null;
  readonly events: (EventsProgress | null)[];
  isAhead: boolean;
  lastPublisher: number | null;
  lastMarked: number;
  successor: EpochKeys | null;
  conflict: string | null;
}

export function createLogProgress(options: LogProgressOptions): LogProgress {
  const { topics, keys, eventPartitions } = options;
  const state: State = {
    ...options,
    blocks: null,
    events: Array.from({ length: eventPartitions }, () => null),
    isAhead: false,
    lastPublisher: null,
    lastMarked: 0,
    successor: null,
    conflict: null,
  };
  const events = Array.from({ length: eventPartitions }, (_, partition) => ({
    topic: topics.events,
    partition,
  }));
  return {
    partitions: [{ topic: topics.blocks, partition: keys.shard }, ...events],
    begin: (of, at) => begin(state, of, at),
    isAnchored: ({ topic, partition }) =>
      topic === topics.blocks ? state.blocks !== null : reachedIn(state, partition) !== null,
    read: (batch) => readBatch(state, batch),
    heights: () => heights(state),
    get isAhead() {
      return state.isAhead;
    },
    get lastPublisher() {
      return state.lastPublisher;
    },
    get successor() {
      return state.successor;
    },
    get conflict() {
      return state.conflict;
    },
  };
}

function reachedIn(state: State, partition: number): number | null {
  return state.events[partition]?.reached ?? null;
}

async function begin(state: State, of: FollowedPartition, at: 'first' | 'middle'): Promise<void> {
  const { topics, keys, verifiers, eventPartitions } = state;
  const { topic, partition } = of;
  if (topic === topics.blocks) {
    state.isAhead = false;
    state.blocks = null;
    if (at === 'first') follow(state, present(await state.source.tip(0), 'the tip of genesis'));
    return;
  }
  state.events[partition] = createEventsProgress({
    keys,
    partition,
    partitions: eventPartitions,
    verifier: verifiers.signatures,
    reached: at === 'first' ? 0 : null,
    own: (height) => state.source.recent(height),
  });
}

function follow(state: State, tip: ChainTip): void {
  const { keys, verifiers } = state;
  state.blocks = createBlocksFollower({ keys, tip, verifiers });
}

function heights(state: State): ProgressHeights | null {
  const { blocks } = state;
  if (blocks === null) return null;
  const byPartition: number[] = [];
  for (let partition = 0; partition < state.eventPartitions; partition++) {
    const reached = reachedIn(state, partition);
    if (reached === null) return null;
    byPartition.push(reached);
  }
  return { blocks: blocks.tip.height, events: Math.min(...byPartition), byPartition };
}

async function readBatch(state: State, { topic, partition, records }: LogBatch): Promise<void> {
  if (topic === state.topics.blocks) {
    for (const { value } of records) await readBlock(state, value);
    return;
  }
  const progress = present(state.events[partition], 'a partition that was begun');
  for (const record of records) readEvents(state, progress, record);
}

function readEvents(state: State, progress: EventsProgress, record: StoredRecord): void {
  const mark = progress.read(record);
  if (mark === null || mark.height < state.lastMarked) return;
  state.lastMarked = mark.height;
  state.lastPublisher = publisherOf(record.key, state.keys.validators.length);
}

async function readBlock(state: State, value: Uint8Array): Promise<void> {
  if (state.blocks === null) {
    const tip = await anchorOf(state, value);
    if (tip !== null) follow(state, tip);
    return;
  }
  const outcome = state.blocks.read(value);
  if (outcome.kind === 'conflict') state.conflict = outcome.message;
  if (outcome.kind === 'epoch') state.successor = outcome.keys;
}

/** The tip after a record that is whole and of our own certified history; null for any other. */
async function anchorOf(state: State, value: Uint8Array): Promise<ChainTip | null> {
  const decoded = decode('BlocksRecord', value, MAX_FRAME_BYTES);
  if (!decoded.ok) return null;
  const { keys, verifiers, source } = state;
  const { body } = decoded.value;
  if (body.kind === 'EpochStart') {
    // Whoever does not hold the heights before it cannot tell whether it continues them: recovery
    // keys signed it, and this validator's epoch has ended.
    state.successor = keysAfter(keys, body, verifiers.signatures) ?? state.successor;
    return null;
  }
  const certified: CertifiedBlock = body;
  const { height } = certified.block.header;
  const own = height < 1 || height > source.certifiedTip() ? null : await source.tip(height);
  const before = own === null ? null : await source.tip(height - 1);
  if (own === null || before === null) {
    state.isAhead ||= isCertified(state, certified);
    return null;
  }
  if (!equalBytes(certified.certificate.result.blockDigest, own.blockDigest)) return null;
  return certifiedBlockFault(certified, before, keys, verifiers) === null ? own : null;
}

function isCertified({ keys, verifiers }: State, { certificate }: CertifiedBlock): boolean {
  return verifyResultCertificate(certificate, keys, verifiers.signatures);
}
