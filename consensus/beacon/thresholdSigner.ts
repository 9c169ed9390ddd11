import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { BeaconScheme, BeaconShare } from '../../schemas/crypto/signatures.js';

/**
 * A validator's part in the threshold signatures of one epoch. Pairings take milliseconds, so they
 * may run on another thread; a rejection is the validator's end.
 */
export interface ThresholdSigner {
  /** Own share of the signature over a message. Deterministic. */
  sign(message: Uint8Array): Promise<Uint8Array>;
  /**
   * The group's signature over the message, made of exactly the threshold number of shares; null
   * when these do not make it: one of them is bad.
   */
  combine(message: Uint8Array, shares: readonly BeaconShare[]): Promise<Uint8Array | null>;
}

/** Whose signature shares make. */
export type BeaconGroup = Pick<EpochKeys['beaconKeys'], 'groupKey' | 'shareKeys'>;

/** On the calling thread. */
export function createThresholdSigner(
  keys: BeaconGroup,
  secretShare: Uint8Array,
  scheme: BeaconScheme,
): ThresholdSigner {
  return {
    sign: async (message) => scheme.signShare(secretShare, message),
    combine: async (message, shares) => combinedSignature(scheme, keys, message, shares),
  };
}

/** The group's signature over the message out of these shares; null when one of them is bad. */
export function combinedSignature(
  scheme: BeaconScheme,
  { groupKey, shareKeys }: BeaconGroup,
  message: Uint8Array,
  shares: readonly BeaconShare[],
): Uint8Array | null {
  const signature = scheme.combine(shares, shareKeys.length);
  return signature !== null && scheme.verify(groupKey, message, signature) ? signature : null;
}
