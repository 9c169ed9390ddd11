import { laneKeyOf } from '../../command/mempool/laneKey.js';
import type { CommandReceipt } from '../../command/ports.js';
import { decodeTrusted } from '../../schemas/codec/codec.js';
import type { Lane } from '../../schemas/lane.js';
import { RECEIPTS_INDEXED_MAX, RECEIPTS_REBUILT_MAX } from '../../schemas/limits.js';
import type { ExecutedStore } from '../files/executedStore.js';

/** At which height the receipt at a lane's nonce stands, for the newest receipts. */
export interface ReceiptIndex {
  /** `laneKeys`: of the receipts in order (PreparedCommand), where the caller has them. */
  add(height: number, receipts: readonly CommandReceipt[], laneKeys?: readonly string[]): void;
  heightOf(place: Lane & { readonly nonce: number }): number | null;
}

/** The receipts of a lane: its nonces have no gaps. */
interface LaneHeights {
  readonly key: string;
  /** Nonce of `heights[from]`; what is before `from` has left. */
  firstNonce: number;
  from: number;
  heights: number[];
}

/** Entries that have left a list before it is copied: a copy is spread over as many. */
const LEFT_MAX = 64;

/** Of at most `entriesMax` receipts, oldest dropped first. No text is made for each of them. */
class LaneIndex {
  readonly #entriesMax: number;
  readonly #lanes = new Map<string, LaneHeights>();
  /** The lane of each receipt in order, round and round. */
  readonly #order: LaneHeights[] = [];
  #next = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** In nonce order; what is known already may come again, as when blocks are executed anew. */
  put(key: string, nonce: number, height: number): void {
    let lane = this.#lanes.get(key);
    const at = lane === undefined ? 0 : nonce - lane.firstNonce + lane.from;
    if (lane !== undefined && at >= lane.from && at < lane.heights.length) return;
    if (lane === undefined || at !== lane.heights.length) {
      lane = { key, firstNonce: nonce, from: 0, heights: [] };
      this.#lanes.set(key, lane);
    }
    lane.heights.push(height);
    if (this.#order.length < this.#entriesMax) {
      this.#order.push(lane);
      return;
    }
    this.#drop(this.#order[this.#next]!);
    this.#order[this.#next] = lane;
    this.#next = (this.#next + 1) % this.#entriesMax;
  }

  #drop(lane: LaneHeights): void {
    lane.firstNonce++;
    lane.from++;
    if (lane.from === lane.heights.length) {
      if (this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
    } else if (lane.from === LEFT_MAX) {
      lane.heights = lane.heights.slice(LEFT_MAX);
      lane.from = 0;
    }
  }

  heightOf(key: string, nonce: number): number | null {
    const lane = this.#lanes.get(key);
    if (lane === undefined || nonce < lane.firstNonce) return null;
    return lane.heights[nonce - lane.firstNonce + lane.from] ?? null;
  }
}

/**
 * Begins with the receipts at the end of the executed store, so that a validator that was started
 * again knows them. Receipts that leave the index are in the log, where a reader finds them.
 */
export function openReceiptIndex(
  executed: ExecutedStore,
  entriesMax = RECEIPTS_INDEXED_MAX,
): ReceiptIndex {
  const index = new LaneIndex(entriesMax);
  const rebuilt: (readonly StoredPlace[])[] = [];
  let height = executed.last();
  for (let left = RECEIPTS_REBUILT_MAX; height >= executed.first() && left > 0; height--) {
    const places = readPlaces(executed, height);
    rebuilt.push(places);
    left -= 1 + places.length;
  }
  for (const { key, nonce, height: at } of rebuilt.reverse().flat()) index.put(key, nonce, at);
  return {
    add(at, receipts, laneKeys) {
      for (let i = 0; i < receipts.length; i++) {
        const receipt = receipts[i]!;
        if (receipt.outcome === 'ignored') continue;
        index.put(laneKeys?.[i] ?? laneKeyOf(receipt), receipt.nonce, at);
      }
    },
    heightOf: (place) => index.heightOf(laneKeyOf(place), place.nonce),
  };
}

interface StoredPlace {
  readonly key: string;
  readonly nonce: number;
  readonly height: number;
}

/** The places of a stored height's receipts, those of each lane in order. */
function readPlaces(executed: ExecutedStore, height: number): readonly StoredPlace[] {
  const places: StoredPlace[] = [];
  const bytes = executed.read(height);
  if (bytes === null) return places;
  const { body } = decodeTrusted('PeerMessage', bytes);
  if (body.kind !== 'ExecutedHeight') return places;
  for (const value of body.events) {
    const record = decodeTrusted('EventsRecord', value).body;
    if (record.kind !== 'EventEnvelope') continue;
    const receipt = record.body;
    if (receipt.kind !== 'CommandExecuted' && receipt.kind !== 'CommandRefused') continue;
    const { signer, authorization, nonce } = receipt;
    places.push({ key: laneKeyOf({ account: record.key, signer, authorization }), nonce, height });
  }
  return places;
}
