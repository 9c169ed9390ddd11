import { ByteArena } from '../../schemas/codec/byteArena.js';
import { encodeIn } from '../../schemas/codec/codec.js';
import { eventHashes } from '../../schemas/crypto/digests.js';
import { merkleRootOfHashes } from '../../schemas/crypto/merkle.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { ascii } from '../../schemas/kernel/bytes.js';
import { eventPartition } from '../../schemas/topics.js';
import type { EventsRecordBody, PartitionLeaf } from '../../schemas/types/event.js';
import type { HouseValue } from '../../schemas/types/state.js';
import type { BlockContext, EventDraft } from './execution.js';
import { accountToChange } from './state/accountEntry.js';
import { booksToChange } from './state/booksToChange.js';
import { write } from './state/changes.js';

/** The key of everything that belongs to no account. */
export const HOUSE_KEY = ascii('house');

/** The events of one block, by partition. */
export interface BlockEvents {
  /** Holds the values. */
  readonly arena: ByteArena;
  readonly values: Uint8Array[][];
}

export function newBlockEvents(partitions: number): BlockEvents {
  return {
    arena: new ByteArena(),
    values: Array.from({ length: partitions }, () => []),
  };
}

type Event = Extract<EventsRecordBody, { readonly kind: 'EventEnvelope' }>;

function append({ arena, values }: BlockEvents, event: Event): void {
  const value = encodeIn(arena, 'EventsRecord', { body: event });
  present(values[event.partition], 'partition').push(value);
}

/** Gives a command's events their places: index within the command, sequence within the key. */
export function appendDrafts(
  events: BlockEvents,
  { state, height, timestampMs }: BlockContext,
  executionIndex: number,
  drafts: readonly EventDraft[],
): void {
  const { shard, changes } = state;
  let eventIndex = 0;
  while (eventIndex < drafts.length) {
    const { entry } = present(drafts[eventIndex], 'draft');
    const { partition, publicKey: key } = entry;
    const account = accountToChange(changes, entry);
    let keySequence = account.nextKeySequence;
    while (eventIndex < drafts.length) {
      const draft = present(drafts[eventIndex], 'draft');
      if (draft.entry !== entry) break;
      // Written out: a spread behind other fields costs more here than the encoding.
      append(events, {
        kind: 'EventEnvelope',
        shard,
        partition,
        height,
        executionIndex,
        eventIndex,
        keySequence,
        timestampMs,
        key,
        body: draft.body,
      });
      keySequence++;
      eventIndex++;
    }
    account.nextKeySequence = keySequence;
  }
}

/**
 * Reports the books of every asset that the block changed. All reports have one key, so their
 * sequence is one, and stands in the leaf of genesis' first asset.
 */
export function appendSupply(
  events: BlockEvents,
  block: BlockContext,
  executionIndex: number,
): void {
  const { state, height, timestampMs } = block;
  const partition = eventPartition(HOUSE_KEY, state.genesis.eventPartitions);
  const changed = state.houses.filter(({ cell }) => booksDiffer(cell.value, cell.committed));
  if (changed.length === 0) return;
  const first = booksToChange(state.changes, present(state.houses[0], 'first asset').cell);
  changed.forEach(({ asset, cell }, eventIndex) => {
    const { issued, accounts, inPlay, bankroll, reserved, faucet } = present(cell.value, 'books');
    append(events, {
      kind: 'EventEnvelope',
      shard: state.shard,
      partition,
      height,
      executionIndex,
      eventIndex,
      keySequence: first.nextKeySequence++,
      timestampMs,
      key: HOUSE_KEY,
      body: {
        kind: 'SupplyReported',
        ...{ asset, issued, accounts, inPlay, bankroll, reserved, faucet },
      },
    });
  });
}

function booksDiffer(now: HouseValue | null, before: HouseValue | null): boolean {
  if (now === before) return false;
  assert(now !== null && before !== null, 'books are never removed');
  return (
    now.accounts !== before.accounts ||
    now.inPlay !== before.inPlay ||
    now.bankroll !== before.bankroll ||
    now.reserved !== before.reserved ||
    now.faucet !== before.faucet
  );
}

/** The leaves of eventsRoot, and the partitions' last heights moved on where there are events. */
export function closePartitions(events: BlockEvents, block: BlockContext): PartitionLeaf[] {
  const { state, height } = block;
  return state.partitions.map((cell, partition) => {
    const values = present(events.values[partition], 'partition');
    const count = values.length;
    const previousHeight = cell.value?.lastHeight ?? 0;
    if (count > 0) write(state.changes, cell, { kind: 'PartitionValue', lastHeight: height });
    return { previousHeight, count, eventsRoot: merkleRootOfHashes(eventHashes(values), count) };
  });
}
