/**
 * One rule of acceptance for every Ed25519 signature, libsodium's: key 32 bytes, signature 64;
 * canonical S, A and R; no small-order A or R; the cofactorless equation. Libraries differ on these
 * rows by default, and validators that differ fork (vectors: test/vectors/crypto/ed25519.json).
 */
export interface SignatureVerifier {
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** Deterministic (RFC 8032): the same message gives the same 64 bytes. */
export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export interface SignedMessage {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Many signatures at once, of players and validators or of a beacon's group (at most
 * BEACONS_PER_BATCH_MAX), off the caller's thread where there is one. Order is kept.
 */
export interface BatchVerifier {
  verifyBatch(messages: readonly SignedMessage[]): Promise<readonly boolean[]>;
}

/** One validator's part of a threshold signature. `index` counts validators from 0. */
export interface BeaconShare {
  readonly index: number;
  readonly signature: Uint8Array;
}

/**
 * Threshold BLS12-381, keys in G1 (48 bytes), signatures in G2 (96 bytes), shares evaluated at
 * index + 1, the group's secret being the value at 0 times `beaconFactor`. Deterministic: any
 * `threshold` valid shares combine to the same signature.
 */
export interface BeaconScheme {
  signShare(secretShare: Uint8Array, message: Uint8Array): Uint8Array;
  verifyShare(sharePublicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /**
   * Needs exactly the threshold number of distinct indices out of the `shareCount` that were dealt;
   * null when a share is not a point.
   */
  combine(shares: readonly BeaconShare[], shareCount: number): Uint8Array | null;
  verify(groupPublicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
