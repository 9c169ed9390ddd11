import type { Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { AssertionError } from '../../schemas/kernel/assert.js';
import { FOLLOWED_WINDOW_BYTES, FOLLOWED_WINDOW_EVENTS_MAX } from '../../schemas/limits.js';
import { createBlocksFollower } from '../../schemas/reading/blocksFollower.js';
import { BLOCKS_PARTITION, type Checkpoint } from '../ports.js';
import type { ReadModel, Rows } from '../readModel.js';
import { EventsFollower } from './eventsFollower.js';

/** One partition of the log on its way into the tables: reader's rule and folds together. */
export interface Source {
  readonly partition: number;
  /** After everything folded so far. */
  readonly checkpoint: Checkpoint;
  /** Of the checkpoint, which is made when it is asked for. */
  readonly height: number;
  readonly certifiedHeight: number;
  readonly hole: number | null;
  readonly wanted: number;
  readonly conflict: string | null;
  /** Folds what a record completes; says how many heights that was. */
  read(value: Uint8Array, offset: bigint, rows: Rows): number;
  /** Where the log must be read again, told once. */
  takeReread(): bigint | null;
}

export interface SourceOptions {
  readonly keys: EpochKeys;
  readonly eventPartitions: number;
  readonly verifiers: Verifiers;
  readonly models: readonly ReadModel[];
  readonly onDropped: (partition: number, reason: string, count: number) => void;
  /** An epoch has begun in a partition. */
  readonly onEpoch?: (keys: EpochKeys) => void;
}

export function createSource(options: SourceOptions, checkpoint: Checkpoint): Source {
  return checkpoint.partition === BLOCKS_PARTITION
    ? blocksSource(options, checkpoint)
    : eventsSource(options, checkpoint);
}

/** A fold that fails is a bug of its model: the error says whose, and on what. */
function foldAll(
  models: readonly ReadModel[],
  at: { readonly partition: number; readonly height: number },
  fold: (model: ReadModel) => void,
): void {
  let folding = '';
  try {
    for (const model of models) {
      folding = model.name;
      fold(model);
    }
  } catch (cause) {
    const place = at.partition === BLOCKS_PARTITION ? 'blocks' : `partition ${at.partition}`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `fold ${folding}, ${place}, height ${at.height}: ${reason}`;
    throw new AssertionError(message, { cause });
  }
}

function blocksSource(options: SourceOptions, start: Checkpoint): Source {
  const { keys, verifiers, models, onDropped, onEpoch } = options;
  const { shard, partition } = start;
  const tip = { ...start };
  const follower = createBlocksFollower({ keys, tip, verifiers });
  let checkpoint = start;
  let hole: { readonly height: number; readonly offset: bigint } | null = null;
  let conflict: string | null = null;
  let reread: bigint | null = null;
  const accept = (position: bigint): void => {
    const { height } = follower.tip;
    // What stood behind the hole was passed over, and may never be written again: it is read again
    // when its turn comes, after a restart as well.
    const next = hole === null || position < hole.offset ? position : hole.offset;
    checkpoint = { shard, partition, ...follower.tip, lastEventHeight: height, position: next };
    if (hole !== null && height >= hole.height - 1) {
      if (height === hole.height - 1) reread = hole.offset;
      hole = null;
    }
  };
  return {
    partition,
    get checkpoint() {
      return checkpoint;
    },
    get height() {
      return checkpoint.height;
    },
    get certifiedHeight() {
      return hole?.height ?? checkpoint.height;
    },
    get hole() {
      return hole === null ? null : checkpoint.height + 1;
    },
    wanted: 0,
    get conflict() {
      return conflict;
    },
    read(value, offset, rows) {
      // The first copy of a height counts, wherever batches begin: the one behind the hole is it.
      if (reread !== null) return 0;
      const outcome = follower.read(value);
      if (outcome.kind === 'accepted') {
        const { certified } = outcome;
        const block = { shard, certified, value };
        const at = { partition, height: certified.block.header.height };
        foldAll(models, at, (model) => model.foldBlock?.(block, rows));
        accept(offset + 1n);
        return 1;
      }
      if (outcome.kind === 'epoch') onEpoch?.(outcome.keys);
      else if (outcome.kind === 'conflict') conflict = `blocks: ${outcome.message}`;
      else if (outcome.kind !== 'hole') onDropped(partition, outcome.reason, 1);
      else if (hole === null || outcome.height < hole.height) {
        // Higher records may stand before it: the lowest offset covers all.
        hole = { height: outcome.height, offset: hole?.offset ?? offset };
      }
      return 0;
    },
    takeReread() {
      const from = reread;
      reread = null;
      return from;
    },
  };
}

function eventsSource(options: SourceOptions, start: Checkpoint): Source {
  const { keys, eventPartitions, verifiers, models, onDropped } = options;
  const { shard, partition } = start;
  const follower = new EventsFollower({
    keys,
    partition,
    partitions: eventPartitions,
    tip: start,
    verifier: verifiers.signatures,
    windowBytes: FOLLOWED_WINDOW_BYTES,
    windowEvents: FOLLOWED_WINDOW_EVENTS_MAX,
    onDropped: (reason, count) => onDropped(partition, reason, count),
  });
  return {
    partition,
    get checkpoint() {
      const none = new Uint8Array(0);
      return { shard, partition, blockDigest: none, seed: none, ...follower.tip };
    },
    get height() {
      return follower.tip.height;
    },
    get certifiedHeight() {
      return follower.certifiedHeight;
    },
    get hole() {
      return follower.hole;
    },
    get wanted() {
      return follower.wanted;
    },
    get conflict() {
      return follower.conflict;
    },
    read(value, offset, rows) {
      const before = follower.keys;
      const completed = follower.read(value, offset);
      if (follower.keys !== before) options.onEpoch?.(follower.keys);
      for (const { mark, events, tip } of completed) {
        const [first] = events;
        if (first === undefined) continue;
        const { timestampMs } = first.event;
        const height = { shard, partition, height: tip.height, timestampMs, mark, events };
        foldAll(models, height, (model) => model.foldEvents?.(height, rows));
      }
      return completed.length;
    },
    takeReread() {
      return follower.takeReread() ? follower.tip.position : null;
    },
  };
}
