// Generated from schemas/avro by infra/tools/generateTypes.mjs; never edited by hand.

/** A compressed BLS12-381 point of G1. */
export type BeaconPublicKey = Uint8Array;

/** A compressed BLS12-381 point of G2. */
export type BeaconSignature = Uint8Array;

/** A SHA-256 digest. */
export type Hash = Uint8Array;

/** An Ed25519 public key; an account is one. */
export type PublicKey = Uint8Array;

/** Sixteen bytes chosen by a player to name an intent. */
export type RequestId = Uint8Array;

/** An Ed25519 signature. */
export type Signature = Uint8Array;
