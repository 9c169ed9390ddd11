/**
 * What validators say to each other, as the core sees it: payloads are opaque 32-byte digests,
 * signatures are opaque bytes that the shell has verified. The Avro types of schemas/types have
 * the same shape.
 */

/** One view of one epoch. Views count from 1; view 0 is genesis and counts as final. */
export interface Round {
  readonly epoch: number;
  readonly view: number;
}

/** The leader's offer for a view. Equality covers all four fields. */
export interface Proposal {
  readonly epoch: number;
  readonly view: number;
  /** View of the parent; 0 is genesis. */
  readonly parentView: number;
  /** Digest of the block, 32 bytes. */
  readonly payload: Uint8Array;
}

export interface SignatureEntry {
  /** Index of the validator in the epoch's set. */
  readonly signer: number;
  readonly signature: Uint8Array;
}

/** What a vote says, before it is signed. */
export type VoteBody =
  | { readonly kind: 'notarize'; readonly proposal: Proposal }
  | { readonly kind: 'nullify'; readonly round: Round }
  | { readonly kind: 'finalize'; readonly proposal: Proposal };

export type NotarizeVote = {
  readonly kind: 'notarize';
  readonly proposal: Proposal;
} & SignatureEntry;
export type NullifyVote = { readonly kind: 'nullify'; readonly round: Round } & SignatureEntry;
export type FinalizeVote = {
  readonly kind: 'finalize';
  readonly proposal: Proposal;
} & SignatureEntry;
export type Vote = NotarizeVote | NullifyVote | FinalizeVote;

/** Signatures are of distinct signers, in ascending order of index, at least a quorum. */
export type Notarization = {
  readonly kind: 'notarization';
  readonly proposal: Proposal;
  readonly signatures: readonly SignatureEntry[];
};
export type Finalization = {
  readonly kind: 'finalization';
  readonly proposal: Proposal;
  readonly signatures: readonly SignatureEntry[];
};
export type Nullification = {
  readonly kind: 'nullification';
  readonly round: Round;
  readonly signatures: readonly SignatureEntry[];
};
export type Certificate = Notarization | Finalization | Nullification;

/** Two votes of one signer that no honest validator casts both. Transferable proof. */
export type Evidence =
  | {
      readonly kind: 'conflictingNotarize';
      readonly first: NotarizeVote;
      readonly second: NotarizeVote;
    }
  | {
      readonly kind: 'conflictingFinalize';
      readonly first: FinalizeVote;
      readonly second: FinalizeVote;
    }
  | {
      readonly kind: 'nullifyFinalize';
      readonly first: NullifyVote;
      readonly second: FinalizeVote;
    };

/** What the journal keeps; replaying it in order restores the state (rule R20). */
export type JournalRecord =
  | { readonly kind: 'vote'; readonly vote: Vote }
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  | { readonly kind: 'verdict'; readonly proposal: Proposal; readonly valid: boolean };
