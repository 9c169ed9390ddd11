import type { Halt } from '../../../consensus/validator/options.js';
import type { VoteForm } from '../../../consensus/validator/wireForms.js';
import type { BlockHeader, CertifiedBlock, Proposal } from '../../../schemas/types/block.js';

/** A vote that left a validator under its own name. */
export interface SentVote {
  readonly node: number;
  readonly vote: VoteForm;
  /** It was in the journal on the disk when it left. */
  readonly isDurable: boolean;
}

/** A command from the hand of its sender to its end. */
export interface SentCommand {
  /** Hex. */
  readonly id: string;
  readonly sender: string;
  readonly account: Uint8Array;
  readonly nonce: number;
  readonly expiresAtMs: number;
  /** Handed over once and never again: only validators can have kept it. */
  readonly isOneShot: boolean;
  isAccepted: boolean;
  /** Every end that its sender was told, with the height of executed and refused ones. */
  readonly ends: { readonly kind: 'executed' | 'refused' | 'expired'; readonly height: number }[];
}

/** The books of one asset after a height, added up leaf by leaf. */
export interface SupplyEntry {
  readonly height: number;
  readonly asset: number;
  readonly issued: bigint;
  readonly held: bigint;
}

/**
 * What the checkers judge: only what could be seen from outside (links, disks, clients, the log)
 * and the state after each height. Entries of honest validators but where it says otherwise.
 */
export interface History {
  readonly votes: SentVote[];
  /** Own finalize votes that are durable or were sent, of all validators, by payload in hex. */
  readonly finalizers: Map<string, Set<number>>;
  /** Every proposal that somebody finalized, by payload. */
  readonly proposals: Map<string, Proposal>;
  /** Every header that was ever sent or stored, by digest in hex, of all validators. */
  readonly headers: Map<string, BlockHeader>;
  /** First share of each height and validator, and the highest height that was final by then. */
  readonly shares: { readonly node: number; readonly height: number; finalHeight: number }[];
  /** The first certified block of each height that became durable anywhere, from 1. */
  readonly certified: CertifiedBlock[];
  readonly blame: { readonly node: number; readonly peer: number; readonly reason: string }[];
  readonly halts: { readonly node: number; readonly halt: Halt }[];
  readonly commands: Map<string, SentCommand>;
  readonly supply: SupplyEntry[];
  /** What should never happen anywhere: rejections nobody awaited, starts that failed. */
  readonly faults: string[];
  /** Highest height with a quorum of finalize votes. */
  finalHeight: number;
  /** The last state whose supply was added up. */
  auditedHeight: number;
}

export function emptyHistory(): History {
  return {
    votes: [],
    finalizers: new Map(),
    proposals: new Map(),
    headers: new Map(),
    shares: [],
    certified: [],
    blame: [],
    halts: [],
    commands: new Map(),
    supply: [],
    faults: [],
    finalHeight: 0,
    auditedHeight: 0,
  };
}
