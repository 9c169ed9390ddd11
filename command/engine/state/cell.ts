import { encode } from '../../../schemas/codec/codec.js';
import { stateKeyHash } from '../../../schemas/crypto/digests.js';
import type { StateKeyKey, StateValueValue } from '../../../schemas/types/state.js';

export type ValueKind = StateValueValue['kind'];
export type ValueOf<Kind extends ValueKind> = Extract<StateValueValue, { readonly kind: Kind }>;

/** A value that the current command made, and may go on changing: see `ownValue`. */
export type Changeable<Kind extends ValueKind> = {
  -readonly [Field in keyof ValueOf<Kind>]: ValueOf<Kind>[Field];
};

/**
 * One leaf of the state. A value is replaced whole, so undoing a write is putting the old one back;
 * only the command that made it changes it in place. `null` is absence.
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
  /** The turn of `Changes` in which the value was written. */
  turn: number;
}

/** An absent leaf; it exists once it is written. */
export function emptyCell<Kind extends ValueKind>(key: StateKeyKey): Cell<Kind> {
  const keyBytes = encode('StateKey', { key });
  const keyHash = stateKeyHash({ key });
  return { key, keyBytes, keyHash, value: null, committed: null, touched: false, turn: 0 };
}

/** The bytes a proof of this leaf is about. */
export function valueBytes(value: StateValueValue): Uint8Array {
  return encode('StateValue', { value });
}
