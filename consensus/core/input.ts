import type { Certificate, JournalRecord, Proposal, Vote } from './messages.js';

/**
 * Everything that can happen to a validator's core. Each input but `recordReplayed` carries
 * `nowMs`, a monotone local clock in milliseconds (never compared with another machine's); a step
 * backwards is read as no step.
 *
 * Life: `recordReplayed`* then `started` once, then the others in any order. Results that nobody
 * waits for any more (a late `verified`, a second `certified`) are ignored, never an error.
 */
export type Input =
  /** One record of the own journal, in its order, before `started`. Gives no outputs. R20. */
  | { readonly kind: 'recordReplayed'; readonly record: JournalRecord }
  /** The clock starts; the current view is entered. R1. */
  | { readonly kind: 'started'; readonly nowMs: number }
  /**
   * A vote whose signature is verified. `from` is the authenticated sender; it must be the signer
   * (R13). The own vote, just signed after `castVote`, comes with `from` = own index.
   */
  | {
      readonly kind: 'voteReceived';
      readonly nowMs: number;
      readonly from: number;
      readonly vote: Vote;
    }
  /**
   * A certificate whose signatures are all verified. `from` is the sender, or null when it comes
   * from elsewhere (sync, disk). R12.
   */
  | {
      readonly kind: 'certificateReceived';
      readonly nowMs: number;
      readonly from: number | null;
      readonly certificate: Certificate;
    }
  /**
   * A vote of this peer came that `wantsVote` declined, so it was not verified. Keeps a validator
   * whose votes are always the last ones from counting as silent. R16.
   */
  | { readonly kind: 'peerHeard'; readonly nowMs: number; readonly from: number }
  /** The application built a block for `propose`; its bytes are on their way to the peers. R3. */
  | {
      readonly kind: 'proposalBuilt';
      readonly nowMs: number;
      readonly view: number;
      readonly payload: Uint8Array;
    }
  /** The application can build nothing in this view: it is given up. R3, R9. */
  | { readonly kind: 'proposalUnavailable'; readonly nowMs: number; readonly view: number }
  /**
   * Answer to `verify`. `valid: false` only for what is invalid for everybody for ever; whatever is
   * transient (bytes missing, clock skew, syncing) waits unanswered. R4.
   */
  | {
      readonly kind: 'verified';
      readonly nowMs: number;
      readonly proposal: Proposal;
      readonly valid: boolean;
    }
  /**
   * Answer to `certify`, the same on every honest validator. True: the bytes of the block are
   * durable here and valid for ever. False: invalid for ever. Anything transient waits. R7, R8.
   */
  | {
      readonly kind: 'certified';
      readonly nowMs: number;
      readonly proposal: Proposal;
      readonly valid: boolean;
    }
  /** A peer asks what settles `view`. R15. */
  | {
      readonly kind: 'certificateRequested';
      readonly nowMs: number;
      readonly from: number;
      readonly view: number;
    }
  /**
   * Level, not edge: whether the application holds something that could execute now on top of the
   * latest certified block. Said at every change; when a block empties the pool, said BEFORE that
   * block's `certified`. R17.
   */
  | { readonly kind: 'workAvailable'; readonly nowMs: number; readonly available: boolean }
  /** Time passed; due at `nextDeadlineMs(state)`, harmless at any other time. R9, R10, R14, R18. */
  | { readonly kind: 'timeElapsed'; readonly nowMs: number };
