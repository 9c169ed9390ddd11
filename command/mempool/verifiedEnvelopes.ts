import { framedName } from '../../schemas/codec/codec.js';
import { envelopeHash } from '../../schemas/crypto/digests.js';
import { openEnvelope } from '../../schemas/crypto/envelope.js';
import { present } from '../../schemas/kernel/assert.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { RecentMap } from '../../schemas/kernel/recentMap.js';
import { VERIFIED_ENVELOPES_BYTES_MAX } from '../../schemas/limits.js';
import type { RejectCode } from '../../schemas/rejectCode.js';
import {
  type PreparedCommand,
  type PreparedEnvelope,
  prepareEnvelope,
} from './preparedEnvelope.js';

/** What a block's items hold. */
export interface OpenedItems {
  /** In order; null for what is no envelope. */
  readonly envelopes: readonly (PreparedEnvelope | null)[];
  /** Their commands by lane, in order. */
  readonly lanes: ReadonlyMap<string, readonly PreparedCommand[]>;
}

export type OpenResult =
  | { readonly ok: true; readonly envelope: PreparedEnvelope }
  | { readonly ok: false; readonly hash: Uint8Array; readonly code: RejectCode };

/**
 * Envelopes whose signatures this process has verified, by the hash of their whole bytes: an
 * envelope with other bytes, the signature included, is another envelope. Bounded in bytes; the
 * oldest are forgotten, and then verified anew where they turn up.
 */
export interface VerifiedEnvelopes {
  /** By `PreparedEnvelope.hashKey`. */
  has(hashKey: string): boolean;
  /** Only after its signature was verified. */
  add(envelope: PreparedEnvelope): void;
  /**
   * Opens a copy of the bytes, or finds them opened: they may be a view of much more, and what is
   * opened here is kept. Says nothing about the signature.
   */
  open(bytes: Uint8Array): OpenResult;
  /** The same for a block: the arrays that `note` was told of are found without hashing them. */
  openItems(items: readonly Uint8Array[]): OpenedItems;
  /** Says what these very arrays hold, for as long as they are there: all of them envelopes. */
  note(items: readonly Uint8Array[], opened: readonly PreparedEnvelope[]): void;
  /** Executed: only a late copy could ask for it, and is stale by its nonces. */
  forget(items: OpenedItems): void;
  readonly sizeBytes: number;
}

/** A list of items and what it holds; the lanes are made when they are asked for. */
class Noted implements OpenedItems {
  #lanes: Map<string, PreparedCommand[]> | null = null;

  constructor(
    readonly items: readonly Uint8Array[],
    readonly envelopes: readonly (PreparedEnvelope | null)[],
  ) {}

  get lanes(): ReadonlyMap<string, readonly PreparedCommand[]> {
    this.#lanes ??= lanesOf(this.envelopes);
    return this.#lanes;
  }
}

function lanesOf(envelopes: readonly (PreparedEnvelope | null)[]): Map<string, PreparedCommand[]> {
  const lanes = new Map<string, PreparedCommand[]>();
  let lane: PreparedCommand[] = [];
  let key: string | null = null;
  for (const envelope of envelopes) {
    if (envelope === null) continue;
    for (const command of envelope.commands) {
      if (command.laneKey !== key) {
        key = command.laneKey;
        const known = lanes.get(key);
        lane = known ?? [];
        if (known === undefined) lanes.set(key, lane);
      }
      lane.push(command);
    }
  }
  return lanes;
}

export function createVerifiedEnvelopes(
  maxBytes: number = VERIFIED_ENVELOPES_BYTES_MAX,
): VerifiedEnvelopes {
  const byHash = new RecentMap<string, PreparedEnvelope>();
  // One entry a block, by its last item. An entry an envelope would be the garbage collector's.
  const noted = new WeakMap<Uint8Array, Noted>();
  let sizeBytes = 0;

  const open = (bytes: Uint8Array): OpenResult => {
    const hash = envelopeHash(bytes);
    const known = byHash.get(byteKey(hash));
    if (known !== undefined) return { ok: true, envelope: known };
    const result = openEnvelope(bytes.slice(), hash);
    if (!result.ok) return { ok: false, hash, code: result.code };
    return { ok: true, envelope: prepareEnvelope(result.envelope) };
  };

  const openItem = (item: Uint8Array): PreparedEnvelope | null => {
    if (framedName(item) !== 'Envelope') return null;
    const result = open(item);
    return result.ok ? result.envelope : null;
  };

  const note = (
    items: readonly Uint8Array[],
    envelopes: readonly (PreparedEnvelope | null)[],
  ): OpenedItems => {
    const opened = new Noted(items, envelopes);
    const last = items.at(-1);
    if (last !== undefined) noted.set(last, opened);
    return opened;
  };

  return {
    has: (hashKey) => byHash.has(hashKey),
    add(envelope) {
      const { hashKey, opened } = envelope;
      if (byHash.has(hashKey)) return;
      byHash.set(hashKey, envelope);
      sizeBytes += opened.bytes.length;
      while (sizeBytes > maxBytes) {
        const [, oldest] = present(byHash.oldest(), 'an envelope of these bytes');
        sizeBytes -= oldest.opened.bytes.length;
        byHash.dropOldest();
      }
    },
    open,
    openItems(items) {
      const last = items.at(-1);
      const known = last === undefined ? undefined : noted.get(last);
      if (known?.items === items) return known;
      return note(items, (known && extend(items, known, openItem)) ?? items.map(openItem));
    },
    note,
    forget({ envelopes }) {
      for (const envelope of envelopes) {
        if (envelope === null || !byHash.delete(envelope.hashKey)) continue;
        sizeBytes -= envelope.opened.bytes.length;
      }
    },
    get sizeBytes() {
      return sizeBytes;
    },
  };
}

/** What is noted of the last of these items, if they end in the same arrays; else null. */
function extend(
  items: readonly Uint8Array[],
  noted: Noted,
  openItem: (item: Uint8Array) => PreparedEnvelope | null,
): readonly (PreparedEnvelope | null)[] | null {
  const before = items.length - noted.items.length;
  if (before < 0 || !noted.items.every((item, index) => item === items[before + index])) {
    return null;
  }
  return [...items.slice(0, before).map(openItem), ...noted.envelopes];
}
