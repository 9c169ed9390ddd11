import { laneKey } from '../../command/mempool/laneKey.js';
import type { CommandReceipt } from '../../command/ports.js';
import { decodeTrusted } from '../../schemas/codec/codec.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import type { Lane } from '../../schemas/lane.js';
import { RECEIPTS_INDEXED_MAX, RECEIPTS_REBUILT_MAX } from '../../schemas/limits.js';
import type { ExecutedStore } from '../files/executedStore.js';

/** At which height the receipt at a lane's nonce stands, for the newest receipts. */
export interface ReceiptIndex {
  add(height: number, receipts: Iterable<CommandReceipt>): void;
  heightOf(place: Lane & { readonly nonce: number }): number | null;
}

function placeKey({ account, signer, authorization, nonce }: Lane & { readonly nonce: number }) {
  return `${laneKey(byteKey(account), byteKey(signer), authorization)}/${nonce}`;
}

/**
 * Begins with the receipts at the end of the executed store, so that a validator that was started
 * again knows them. Receipts that leave the index are in the log, where a reader finds them.
 */
export function openReceiptIndex(executed: ExecutedStore): ReceiptIndex {
  const heights = new Map<string, number>();
  const put = (key: string, height: number): void => {
    heights.set(key, height);
    if (heights.size <= RECEIPTS_INDEXED_MAX) return;
    const oldest = heights.keys().next();
    if (!oldest.done) heights.delete(oldest.value);
  };
  const rebuilt: [string, number][] = [];
  let height = executed.last();
  for (let left = RECEIPTS_REBUILT_MAX; height >= executed.first() && left > 0; height--) {
    left -= 1 + readPlaces(executed, height, rebuilt);
  }
  for (const [key, at] of rebuilt.reverse()) put(key, at);
  return {
    add(at, receipts) {
      for (const receipt of receipts) {
        if (receipt.outcome !== 'ignored') put(placeKey(receipt), at);
      }
    },
    heightOf: (place) => heights.get(placeKey(place)) ?? null,
  };
}

/** Appends the places of a stored height's receipts; returns how many there were. */
function readPlaces(executed: ExecutedStore, height: number, places: [string, number][]): number {
  const bytes = executed.read(height);
  if (bytes === null) return 0;
  const { body } = decodeTrusted('PeerMessage', bytes);
  if (body.kind !== 'ExecutedHeight') return 0;
  const before = places.length;
  for (const value of body.events) {
    const record = decodeTrusted('EventsRecord', value).body;
    if (record.kind !== 'EventEnvelope') continue;
    const receipt = record.body;
    if (receipt.kind !== 'CommandExecuted' && receipt.kind !== 'CommandRefused') continue;
    places.push([placeKey({ ...receipt, account: record.key }), height]);
  }
  return places.length - before;
}
