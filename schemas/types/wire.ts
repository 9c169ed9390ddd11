// Generated from schemas/avro by infra/tools/generateTypes.mjs; never edited by hand.

import type { BeaconSignature, Hash, PublicKey, Signature } from './base.js';

import type {
  Beacon,
  Block,
  BlockHeader,
  CertifiedBlock,
  Finalization,
  Finalize,
  Notarization,
  Notarize,
  Nullification,
  Nullify,
  ResultCertificate,
} from './block.js';

import type { PartitionLeaf } from './event.js';

/** The accepting side proves itself too. */
export interface Acknowledgement {
  readonly signature: Signature;
}

export interface BeaconMessage {
  readonly epoch: number;
  readonly beacon: Beacon;
}

export interface BeaconShareMessage {
  readonly epoch: number;
  readonly height: number;
  readonly signer: number;
  readonly signature: BeaconSignature;
}

export interface BlockMessage {
  readonly block: Block;
  readonly parentView: number;
}

export interface BlockMissing {
  readonly digest: Hash;
}

export interface BlockRequest {
  readonly digest: Hash;
}

export interface CertificateRequest {
  readonly epoch: number;
  readonly view: number;
}

export interface CertifiedAnswer {
  readonly blocks: readonly CertifiedBlock[];
  /** the answerer's newest certified height */
  readonly tip: number;
}

/** Catch-up: certified blocks from a height on. */
export interface CertifiedRequest {
  readonly fromHeight: number;
  readonly count: number;
}

/** First frame of the accepting side. */
export interface Challenge {
  readonly chainId: Hash;
  readonly challenge: Hash;
  readonly publicKey: PublicKey;
}

/** code 0 is admitted (or held already). */
export interface CommandVerdict {
  readonly commandId: Hash;
  readonly code: number;
}

/** Gossip: framed envelopes. */
export interface EnvelopeBatch {
  readonly envelopes: readonly Uint8Array[];
}

/** Answer to SubmitEnvelope; durable says that it is in the journal on disk. */
export interface EnvelopeVerdict {
  readonly hash: Hash;
  readonly durable: boolean;
  readonly verdicts: readonly CommandVerdict[];
}

/** The sender holds these envelopes in its journal on disk. */
export interface EnvelopesStored {
  readonly hashes: readonly Hash[];
}

/** A certified height with all its events, grouped by partition in order. The result's block digest is the header's. */
export interface ExecutedHeight {
  readonly certificate: ResultCertificate;
  readonly header: BlockHeader;
  readonly leaves: readonly PartitionLeaf[];
  /** values of the events topic */
  readonly events: readonly Uint8Array[];
}

/** Asks for what is missing of a final height: seed and result. */
export interface HeightRequest {
  readonly height: number;
}

/** Answer to a challenge: who calls, proven, and a challenge back. */
export interface Introduction {
  readonly role: PeerRole;
  readonly publicKey: PublicKey;
  readonly challenge: Hash;
  readonly signature: Signature;
}

/** Framed PeerMessages in their order, none of them a batch: one frame of a link for many small ones. */
export interface MessageBatch {
  readonly messages: readonly Uint8Array[];
}

/** Everything that travels on an authenticated link. */
export interface PeerMessage {
  readonly body: PeerMessageBody;
}

export type PeerMessageBody =
  | ({ readonly kind: 'Challenge' } & Challenge)
  | ({ readonly kind: 'Introduction' } & Introduction)
  | ({ readonly kind: 'Acknowledgement' } & Acknowledgement)
  | ({ readonly kind: 'Notarize' } & Notarize)
  | ({ readonly kind: 'Nullify' } & Nullify)
  | ({ readonly kind: 'Finalize' } & Finalize)
  | ({ readonly kind: 'Notarization' } & Notarization)
  | ({ readonly kind: 'Nullification' } & Nullification)
  | ({ readonly kind: 'Finalization' } & Finalization)
  | ({ readonly kind: 'BlockMessage' } & BlockMessage)
  | ({ readonly kind: 'BlockRequest' } & BlockRequest)
  | ({ readonly kind: 'BlockMissing' } & BlockMissing)
  | ({ readonly kind: 'CertificateRequest' } & CertificateRequest)
  | ({ readonly kind: 'BeaconShareMessage' } & BeaconShareMessage)
  | ({ readonly kind: 'ResultSignatureMessage' } & ResultSignatureMessage)
  | ({ readonly kind: 'HeightRequest' } & HeightRequest)
  | ({ readonly kind: 'BeaconMessage' } & BeaconMessage)
  | ({ readonly kind: 'ResultCertificate' } & ResultCertificate)
  | ({ readonly kind: 'CertifiedRequest' } & CertifiedRequest)
  | ({ readonly kind: 'CertifiedAnswer' } & CertifiedAnswer)
  | ({ readonly kind: 'EnvelopeBatch' } & EnvelopeBatch)
  | ({ readonly kind: 'EnvelopesStored' } & EnvelopesStored)
  | ({ readonly kind: 'SubmitEnvelope' } & SubmitEnvelope)
  | ({ readonly kind: 'EnvelopeVerdict' } & EnvelopeVerdict)
  | ({ readonly kind: 'SubscribeResults' } & SubscribeResults)
  | ({ readonly kind: 'ExecutedHeight' } & ExecutedHeight)
  | ({ readonly kind: 'StateRequest' } & StateRequest)
  | ({ readonly kind: 'StateAnswer' } & StateAnswer)
  | ({ readonly kind: 'ReceiptRequest' } & ReceiptRequest)
  | ({ readonly kind: 'MessageBatch' } & MessageBatch);

/** What a peer says it is. */
export type PeerRole = 'VALIDATOR' | 'GATEWAY' | 'READER';

/** A gateway looks for the receipt at a nonce of a lane: its height is sent again, if it is known. */
export interface ReceiptRequest {
  readonly account: PublicKey;
  readonly signer: PublicKey;
  readonly authorization: number;
  readonly nonce: number;
}

export interface ResultSignatureMessage {
  readonly epoch: number;
  readonly height: number;
  readonly resultDigest: Hash;
  readonly signer: number;
  readonly signature: Signature;
}

export interface StateAnswer {
  readonly id: number;
  /** 0 or a reject code */
  readonly code: number;
  /** framed StateValue; null proves absence */
  readonly value: Uint8Array | null;
  /** framed StateProof */
  readonly proof: Uint8Array;
  readonly certificate: ResultCertificate | null;
}

export interface StateRequest {
  readonly id: number;
  /** framed StateKey */
  readonly key: Uint8Array;
  /** 0 is the newest certified */
  readonly height: number;
}

/** A gateway hands over an envelope. */
export interface SubmitEnvelope {
  readonly envelope: Uint8Array;
  /** bit i: the gateway hands it to validator i too, so nobody need pass it on there */
  readonly handedTo: number;
}

/** A gateway wants executed heights from here on. */
export interface SubscribeResults {
  readonly fromHeight: number;
}
