import type {
  Certificate,
  Evidence,
  Finalization,
  JournalRecord,
  Proposal,
  Vote,
  VoteBody,
} from './messages.js';

/** Why a view was given up; the first reason of a view wins. */
export type TimeoutReason =
  | 'leaderSilent'
  | 'notCertified'
  | 'leaderSkipped'
  | 'proposalUnavailable'
  | 'proposalMalformed'
  | 'proposalInvalid'
  | 'certificationFailed';

/** Structural offences: proven to us by the authenticated link, not transferable. */
export type OffenceReason =
  | 'wrongEpoch'
  | 'signerIsNotSender'
  | 'malformedVote'
  | 'malformedCertificate'
  | 'equivocation';

/**
 * What the shell must do, in the order given. One drain is:
 *
 * 1. `step` an input. For each `castVote` in order: sign it, `step` it back as `voteReceived` from
 *    oneself BEFORE any other input, and append what that gives. Repeat until none is left.
 * 2. Append all `persist` records in order to the journal. If an own vote is among them, sync it,
 *    once; else the records may wait for the next append, which they precede.
 * 3. Only after that sync, do everything else in order. A vote is durable BEFORE it is sent, and
 *    with it every certificate and verdict it rests on. Those alone need no sync: others'
 *    signatures prove them, and who lost one in a crash learns it again. Never reorder outputs of
 *    two drains; several drains may share one sync.
 *
 * `broadcast*` and `send*` go over links that keep order for a peer and may lose messages when a
 * link breaks; resending is the core's business (R10, R14, R18).
 */
export type Output =
  /** Sign this and feed it back at once. Nothing was promised to anybody yet. */
  | { readonly kind: 'castVote'; readonly body: VoteBody }
  /** Append to the journal; with a vote, synced before anything else of this drain leaves. */
  | { readonly kind: 'persist'; readonly record: JournalRecord }
  /** To all peers: an own vote, new or again. A leader's notarize is the proposal. */
  | { readonly kind: 'broadcastVote'; readonly vote: Vote }
  /** To all peers but `except`, the one it came from. */
  | {
      readonly kind: 'broadcastCertificate';
      readonly certificate: Certificate;
      readonly except: number | null;
    }
  /** To one peer, in answer to its request. */
  | { readonly kind: 'sendCertificate'; readonly to: number; readonly certificate: Certificate }
  /** Ask this peer, or all when null, what settles `view` (input `certificateRequested` there). */
  | { readonly kind: 'requestCertificate'; readonly view: number; readonly to: number | null }
  /** Build a block on this parent; answer `proposalBuilt` or `proposalUnavailable`. */
  | {
      readonly kind: 'propose';
      readonly view: number;
      readonly parentView: number;
      readonly parentPayload: Uint8Array;
    }
  /**
   * Check the block of this proposal on this parent; answer `verified`. `from` is the leader, whom
   * to ask for missing bytes first. At most one is open; a newer one replaces it.
   */
  | {
      readonly kind: 'verify';
      readonly proposal: Proposal;
      readonly parentPayload: Uint8Array;
      readonly from: number;
    }
  /**
   * Make the block durable and judge it; answer `certified`, however late. Not given up on views.
   */
  | { readonly kind: 'certify'; readonly proposal: Proposal }
  /** This block and all its ancestors are final. Views ascend strictly over the life of a core. */
  | {
      readonly kind: 'finalized';
      readonly proposal: Proposal;
      readonly certificate: Finalization;
    }
  /** Transferable proof against one validator; each (signer, view, kind) is reported once. */
  | { readonly kind: 'evidence'; readonly signer: number; readonly evidence: Evidence }
  /** Cut this peer off for a while: no honest validator sends this. */
  | { readonly kind: 'blockPeer'; readonly peer: number; readonly reason: OffenceReason }
  /** Two valid certificates that exclude each other: more than f are faulty. Stop and alarm. */
  | {
      readonly kind: 'safetyViolated';
      readonly first: Certificate;
      readonly second: Certificate;
    }
  /** For metrics: a view begins here. */
  | { readonly kind: 'viewEntered'; readonly view: number; readonly leader: number }
  /** For metrics: a view was given up here. */
  | {
      readonly kind: 'viewTimedOut';
      readonly view: number;
      readonly leader: number;
      readonly reason: TimeoutReason;
    };
