// Generated from schemas/avro by infra/tools/generateTypes.mjs; never edited by hand.

import type { BeaconPublicKey, BeaconSignature, Hash, PublicKey, Signature } from './base.js';

/** The threshold signature of the first sealing height at or above a block. */
export interface Beacon {
  readonly height: number;
  readonly signature: BeaconSignature;
}

/** Threshold keys of an epoch. */
export interface BeaconKeys {
  readonly threshold: number;
  readonly groupKey: BeaconPublicKey;
  readonly shareKeys: readonly BeaconPublicKey[];
}

/** Items are framed records; the schema id in the frame says which: Envelope or ResultCertificate. */
export interface Block {
  readonly header: BlockHeader;
  readonly items: readonly Uint8Array[];
}

/** Its digest names the block. */
export interface BlockHeader {
  readonly chainId: Hash;
  readonly shard: number;
  readonly epoch: number;
  readonly view: number;
  readonly height: number;
  /** block digest */
  readonly parent: Hash;
  readonly timestampMs: number;
  /** validator index */
  readonly proposer: number;
  readonly sealsBeacon: boolean;
  /** RFC 6962 over the whole bytes of the items */
  readonly itemsRoot: Hash;
  readonly executed: ExecutedPointer;
}

/** A value of the blocks topic. */
export interface BlocksRecord {
  readonly body: BlocksRecordBody;
}

export type BlocksRecordBody =
  | ({ readonly kind: 'CertifiedBlock' } & CertifiedBlock)
  | ({ readonly kind: 'EpochStart' } & EpochStart);

/** The finality of an epoch's last block. */
export interface BoundaryProof {
  readonly finality: FinalityProof;
}

/** Everything a stranger needs to check and execute a height. */
export interface CertifiedBlock {
  readonly block: Block;
  readonly finality: FinalityProof;
  readonly beacon: Beacon;
  readonly certificate: ResultCertificate;
}

/** Precedes an epoch's first record in every partition. */
export interface EpochStart {
  readonly chainId: Hash;
  readonly shard: number;
  readonly epoch: number;
  readonly firstHeight: number;
  readonly previousBlockDigest: Hash;
  readonly previousResultDigest: Hash;
  readonly previousSeed: Hash;
  readonly validators: readonly PublicKey[];
  readonly beaconKeys: BeaconKeys;
  readonly proof: EpochStartProof;
}

export type EpochStartProof =
  | ({ readonly kind: 'BoundaryProof' } & BoundaryProof)
  | ({ readonly kind: 'RecoverySignatures' } & RecoverySignatures);

/** The newest height whose result certificate this block or an ancestor carries. */
export interface ExecutedPointer {
  readonly height: number;
  readonly resultDigest: Hash;
}

/** A finalization of the block or of a descendant, with the headers from the block's child up to the finalized one. */
export interface FinalityProof {
  readonly finalization: Finalization;
  readonly path: readonly BlockHeader[];
}

/** q finalize votes. */
export interface Finalization {
  readonly proposal: Proposal;
  readonly signatures: readonly SignatureEntry[];
}

/** A vote that a notarized proposal is final. */
export interface Finalize {
  readonly proposal: Proposal;
  readonly signer: number;
  readonly signature: Signature;
}

/** q notarize votes. */
export interface Notarization {
  readonly proposal: Proposal;
  readonly signatures: readonly SignatureEntry[];
}

/** A vote for a proposal. */
export interface Notarize {
  readonly proposal: Proposal;
  readonly signer: number;
  readonly signature: Signature;
}

/** q nullify votes. */
export interface Nullification {
  readonly round: Round;
  readonly signatures: readonly SignatureEntry[];
}

/** A vote to leave a view. */
export interface Nullify {
  readonly round: Round;
  readonly signer: number;
  readonly signature: Signature;
}

/** What notarize and finalize votes are about. */
export interface Proposal {
  readonly epoch: number;
  readonly view: number;
  readonly parentView: number;
  /** block digest */
  readonly payload: Hash;
}

/** Signatures of genesis' recovery keys, after the loss of all validators. */
export interface RecoverySignatures {
  readonly signatures: readonly SignatureEntry[];
}

/** What validators sign about an executed height. */
export interface Result {
  readonly chainId: Hash;
  readonly epoch: number;
  readonly shard: number;
  readonly height: number;
  readonly blockDigest: Hash;
  readonly previousResultDigest: Hash;
  readonly seed: Hash;
  readonly stateRoot: Hash;
  readonly eventsRoot: Hash;
  readonly outboxRoots: readonly Hash[];
  readonly engineVersion: number;
}

/** q signatures over a result digest. */
export interface ResultCertificate {
  readonly result: Result;
  readonly signatures: readonly SignatureEntry[];
}

/** What nullify votes are about. */
export interface Round {
  readonly epoch: number;
  readonly view: number;
}

/** A validator's signature by its index. */
export interface SignatureEntry {
  readonly signer: number;
  readonly signature: Signature;
}
