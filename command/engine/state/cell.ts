import { encode } from '../../../schemas/codec/codec.js';
import { stateKeyHash } from '../../../schemas/crypto/digests.js';
import type { StateKeyKey, StateValueValue } from '../../../schemas/types/state.js';

export type ValueKind = StateValueValue['kind'];
export type ValueOf<Kind extends ValueKind> = Extract<StateValueValue, { readonly kind: Kind }>;

/**
 * One leaf of the state. Values are immutable and replaced whole, so undoing a write is putting the
 * old one back. `null` is absence.
 */
export interface Cell<Kind extends ValueKind = ValueKind> {
  readonly key: StateKeyKey;
  readonly keyBytes: Uint8Array;
  readonly keyHash: Uint8Array;
  value: ValueOf<Kind> | null;
  /** As of the last finished block: what the tree holds. */
  committed: ValueOf<Kind> | null;
  /** Listed in the block's changes. */
  touched: boolean;
}

/** An absent leaf; it exists once it is written. */
export function emptyCell<Kind extends ValueKind>(key: StateKeyKey): Cell<Kind> {
  const keyBytes = encode('StateKey', { key });
  const keyHash = stateKeyHash({ key });
  return { key, keyBytes, keyHash, value: null, committed: null, touched: false };
}

/** The bytes a proof of this leaf is about. */
export function valueBytes(value: StateValueValue): Uint8Array {
  return encode('StateValue', { value });
}
