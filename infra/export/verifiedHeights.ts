import type { CommittedEvent } from '../../projections/readModel.js';
import { DeferredBeacons } from '../../projections/runner/deferredBeacons.js';
import { EventsFollower } from '../../projections/runner/eventsFollower.js';
import { memoVerifier } from '../../projections/runner/memoVerifier.js';
import { type EpochKeys, genesisEpoch, genesisTip } from '../../schemas/crypto/epochKeys.js';
import type { BatchVerifier, SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import {
  FOLLOWED_WINDOW_BYTES,
  FOLLOWED_WINDOW_EVENTS_MAX,
  PROJECTION_SIGNATURES_KEPT,
  VERIFY_BATCH_BYTES,
} from '../../schemas/limits.js';
import type { LogBatch, LogReader, LogSubscription } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { ConflictError } from './errors.js';

/** A height as a quorum certified it, with all its events in the order they were made. */
export interface VerifiedHeight {
  readonly certified: CertifiedBlock;
  readonly events: readonly CommittedEvent[];
}

/** What has been proven, but for the beacons, and not been given out yet. */
interface Held {
  readonly beacons: DeferredBeacons;
  readonly blocks: Map<number, CertifiedBlock>;
  readonly events: Map<number, CommittedEvent[]>;
}

/** One partition, read from its beginning to the end that it had when reading began. */
interface Source {
  readonly topic: string;
  readonly partition: number;
  readonly end: bigint;
  /** Everything up to here is proven. */
  height(): number;
  read(batch: LogBatch): void;
  /** Where to read again for what was missed; null when nothing was. Once for each. */
  rereadFrom(): bigint | null;
  open: { subscription: LogSubscription; batches: AsyncIterator<LogBatch> } | null;
  isDone: boolean;
}

export interface VerifiedHeightsOptions {
  readonly genesis: Genesis;
  readonly shard: number;
  readonly reader: LogReader;
  readonly signatures: SignatureVerifier;
  /** Of the chain's groups. */
  readonly beacons: BatchVerifier;
  readonly fromHeight: number;
  /** The last height, or all that the log proves whole. */
  readonly toHeight: number;
  /** Called where the log proves no more, before `toHeight`. */
  onEnd?(lastHeight: number): void;
}

function follow(
  options: VerifiedHeightsOptions,
  keys: EpochKeys,
  held: Held,
  partition: number | null,
): Pick<Source, 'height' | 'read' | 'rereadFrom'> {
  const { genesis, shard, signatures } = options;
  const tip = genesisTip(genesis, shard);
  if (partition === null) {
    const follower = held.beacons.follow({ keys, tip, signatures });
    return {
      height: () => follower.tip.height,
      read({ records }) {
        for (const { value } of records) {
          const outcome = follower.read(value);
          if (outcome.kind === 'conflict') throw new ConflictError(outcome.message);
          if (outcome.kind === 'accepted') held.blocks.set(outcome.tip.height, outcome.certified);
        }
        held.beacons.verify();
      },
      rereadFrom: () => null,
    };
  }
  const follower = new EventsFollower({
    ...{ keys, partition, partitions: genesis.eventPartitions, verifier: signatures },
    tip: { ...tip, lastEventHeight: 0, position: 0n },
    windowBytes: FOLLOWED_WINDOW_BYTES,
    windowEvents: FOLLOWED_WINDOW_EVENTS_MAX,
    onDropped: () => undefined,
  });
  return {
    height: () => follower.tip.height,
    read({ records }) {
      for (const { value, offset } of records) {
        for (const { mark, events } of follower.read(value, offset)) {
          const own = held.events.get(mark.height);
          if (own === undefined) held.events.set(mark.height, [...events]);
          else own.push(...events);
        }
        if (follower.conflict !== null) throw new ConflictError(follower.conflict);
      }
    },
    rereadFrom: () => (follower.takeReread() ? follower.tip.position : null),
  };
}

async function openSources(options: VerifiedHeightsOptions, held: Held): Promise<Source[]> {
  const { genesis, shard, reader } = options;
  const keys = genesisEpoch(genesis, shard);
  const { blocks, events } = topicNames(keys.chainId);
  const partitions = Array.from({ length: genesis.eventPartitions }, (_, partition) => partition);
  const begin = async (topic: string, partition: number, followed: number | null) => {
    const { first, end } = await reader.offsets(topic, partition);
    const source: Source = {
      ...{ topic, partition, end, open: null, isDone: first >= end },
      ...follow(options, keys, held, followed),
    };
    if (!source.isDone) await openAt(reader, source, first);
    return source;
  };
  return [
    await begin(blocks, shard, null),
    ...(await Promise.all(partitions.map((partition) => begin(events, partition, partition)))),
  ];
}

async function openAt(reader: LogReader, source: Source, fromOffset: bigint): Promise<void> {
  const { topic, partition } = source;
  const subscription = await reader.subscribe({
    partitions: [{ topic, partition, fromOffset }],
    maxBatchBytes: VERIFY_BATCH_BYTES,
  });
  source.open = { subscription, batches: subscription.batches[Symbol.asyncIterator]() };
}

async function close(source: Source): Promise<void> {
  await source.open?.subscription.close();
  source.open = null;
}

/** Reads the next batch; at the end once more from where something was missed. */
async function advance(reader: LogReader, source: Source): Promise<void> {
  const { batches } = present(source.open, 'an open source');
  const next = await batches.next();
  if (next.done !== true) {
    source.read(next.value);
    if (next.value.nextOffset < source.end) return;
  }
  await close(source);
  const again = source.rereadFrom();
  if (again === null) source.isDone = true;
  else await openAt(reader, source, again);
}

/**
 * Every height that the log proves whole, in order: its block by the reader's rule, its events by
 * the marks of all partitions. Reads from the beginning of the log, for the log's positions prove
 * nothing; of all partitions always the one that is least far, so that little has to be held.
 * Ends at `toHeight`, or where the log proves no more. @throws ConflictError, LogError
 */
export async function* verifiedHeights(
  options: VerifiedHeightsOptions,
): AsyncGenerator<VerifiedHeight> {
  const { reader, fromHeight, toHeight } = options;
  const beacons = new DeferredBeacons(options.beacons);
  const held: Held = { beacons, blocks: new Map(), events: new Map() };
  // The marks of all partitions carry one certificate.
  const signatures = memoVerifier(options.signatures, PROJECTION_SIGNATURES_KEPT);
  const sources = await openSources({ ...options, signatures }, held);
  let given = 0;
  try {
    for (;;) {
      const proven = Math.min(toHeight, ...sources.map((source) => source.height()));
      const wrong = given < proven ? await beacons.settled() : null;
      if (wrong !== null) throw new ConflictError(`the beacon of ${wrong} is not its group's`);
      for (; given < proven; given++) {
        const height = given + 1;
        const certified = present(held.blocks.get(height), 'a proven block');
        const events = held.events.get(height) ?? [];
        held.blocks.delete(height);
        held.events.delete(height);
        if (height >= fromHeight) yield { certified, events: events.toSorted(byExecution) };
      }
      if (given >= toHeight) return;
      const [least] = sources.toSorted((a, b) => a.height() - b.height());
      if (least === undefined || least.isDone) return options.onEnd?.(given);
      await advance(reader, least);
    }
  } finally {
    await Promise.all(sources.map(close));
  }
}

function byExecution({ event: a }: CommittedEvent, { event: b }: CommittedEvent): number {
  return a.executionIndex - b.executionIndex || a.eventIndex - b.eventIndex;
}
