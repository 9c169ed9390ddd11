// Generated from schemas/avro by infra/tools/generateTypes.mjs; never edited by hand.

import type { Hash, PublicKey } from './base.js';

import type { EpochStart, ResultCertificate } from './block.js';

import type {
  AuthorizeSession,
  CashOutHiLo,
  ClaimFaucet,
  GuessHiLo,
  HiLoGuess,
  Request,
  RevokeSession,
  RouletteBet,
  SpendLimit,
  SpinRoulette,
  StartHiLo,
  Transfer,
} from './command.js';

/** The key is the account. */
export interface AccountCreated {
  /** command id */
  readonly by: Hash;
}

/** One leg of a double entry. */
export interface BalanceChanged {
  readonly asset: number;
  readonly delta: bigint;
  /** after */
  readonly balance: bigint;
  readonly reason: PostingReason;
  /** null: no command of this height caused it, a game's time was over */
  readonly commandId: Hash | null;
}

/** The receipt of a command that took effect. */
export interface CommandExecuted {
  readonly commandId: Hash;
  readonly signer: PublicKey;
  readonly authorization: number;
  readonly nonce: number;
  readonly request: Request | null;
  readonly instruction: CommandExecutedInstruction;
  /** how many events the command made, this one included: none can be left out unseen */
  readonly events: number;
}

export type CommandExecutedInstruction =
  | ({ readonly kind: 'AuthorizeSession' } & AuthorizeSession)
  | ({ readonly kind: 'RevokeSession' } & RevokeSession)
  | ({ readonly kind: 'ClaimFaucet' } & ClaimFaucet)
  | ({ readonly kind: 'Transfer' } & Transfer)
  | ({ readonly kind: 'StartHiLo' } & StartHiLo)
  | ({ readonly kind: 'GuessHiLo' } & GuessHiLo)
  | ({ readonly kind: 'CashOutHiLo' } & CashOutHiLo)
  | ({ readonly kind: 'SpinRoulette' } & SpinRoulette);

/** The receipt of a command that consumed its nonce and left no other trace. */
export interface CommandRefused {
  readonly commandId: Hash;
  readonly signer: PublicKey;
  readonly authorization: number;
  readonly nonce: number;
  readonly request: Request | null;
  readonly instruction: CommandRefusedInstruction;
  readonly code: number;
  readonly first: FirstExecution | null;
}

export type CommandRefusedInstruction =
  | ({ readonly kind: 'AuthorizeSession' } & AuthorizeSession)
  | ({ readonly kind: 'RevokeSession' } & RevokeSession)
  | ({ readonly kind: 'ClaimFaucet' } & ClaimFaucet)
  | ({ readonly kind: 'Transfer' } & Transfer)
  | ({ readonly kind: 'StartHiLo' } & StartHiLo)
  | ({ readonly kind: 'GuessHiLo' } & GuessHiLo)
  | ({ readonly kind: 'CashOutHiLo' } & CashOutHiLo)
  | ({ readonly kind: 'SpinRoulette' } & SpinRoulette);

/** One event of one key. executionIndex 0 is the block's start, then every command in item order (ignored ones too), then one more for the block's end. */
export interface EventEnvelope {
  readonly shard: number;
  readonly partition: number;
  readonly height: number;
  readonly executionIndex: number;
  /** within the execution index */
  readonly eventIndex: number;
  /** dense per key, from 0 */
  readonly keySequence: number;
  readonly timestampMs: number;
  readonly key: Uint8Array;
  readonly body: EventEnvelopeBody;
}

export type EventEnvelopeBody =
  | ({ readonly kind: 'CommandExecuted' } & CommandExecuted)
  | ({ readonly kind: 'CommandRefused' } & CommandRefused)
  | ({ readonly kind: 'AccountCreated' } & AccountCreated)
  | ({ readonly kind: 'BalanceChanged' } & BalanceChanged)
  | ({ readonly kind: 'SessionAuthorized' } & SessionAuthorized)
  | ({ readonly kind: 'SessionRevoked' } & SessionRevoked)
  | ({ readonly kind: 'HiLoStarted' } & HiLoStarted)
  | ({ readonly kind: 'HiLoGuessed' } & HiLoGuessed)
  | ({ readonly kind: 'HiLoEnded' } & HiLoEnded)
  | ({ readonly kind: 'RouletteSpun' } & RouletteSpun)
  | ({ readonly kind: 'SupplyReported' } & SupplyReported);

/** A value of the events topic; an event's hash covers these bytes. */
export interface EventsRecord {
  readonly body: EventsRecordBody;
}

export type EventsRecordBody =
  | ({ readonly kind: 'EventEnvelope' } & EventEnvelope)
  | ({ readonly kind: 'HeightMark' } & HeightMark)
  | ({ readonly kind: 'EpochStart' } & EpochStart);

/** Where a repeated request was executed first. */
export interface FirstExecution {
  readonly height: number;
  readonly executionIndex: number;
}

/** Proves that everything of this partition up to height is known. */
export interface HeightMark {
  readonly shard: number;
  readonly partition: number;
  readonly height: number;
  /** last height before with an event in this partition */
  readonly previousHeight: number;
  readonly eventHashes: readonly Hash[];
  /** RFC 6962 audit path of this partition's leaf to eventsRoot */
  readonly path: readonly Hash[];
  readonly certificate: ResultCertificate;
}

export interface HiLoEnded {
  readonly game: number;
  readonly asset: number;
  readonly outcome: HiLoOutcome;
  readonly stake: bigint;
  readonly payout: bigint;
}

export interface HiLoGuessed {
  readonly game: number;
  readonly guess: HiLoGuess;
  readonly card: number;
  readonly outcome: HiLoOutcome;
  readonly worth: bigint;
}

/** How a step of a game ended. */
export type HiLoOutcome = 'CONTINUES' | 'PUSHED' | 'LOST' | 'CASHED_OUT' | 'CAPPED' | 'EXPIRED';

/** Cards are 0 to 51: suit = card / 13, rank = card % 13, ace low. */
export interface HiLoStarted {
  readonly game: number;
  readonly asset: number;
  readonly stake: bigint;
  readonly card: number;
  /** what cashing out now pays */
  readonly worth: bigint;
}

/** A leaf of eventsRoot: its framed bytes are the Merkle leaf. */
export interface PartitionLeaf {
  readonly previousHeight: number;
  readonly count: number;
  /** Merkle root of the event hashes */
  readonly eventsRoot: Hash;
}

/** Why a balance changed. */
export type PostingReason =
  | 'OTHER'
  | 'FAUCET'
  | 'TRANSFER_OUT'
  | 'TRANSFER_IN'
  | 'STAKE'
  | 'PAYOUT';

export interface RouletteSpun {
  readonly asset: number;
  readonly bets: readonly RouletteBet[];
  readonly number: number;
  readonly stake: bigint;
  readonly payout: bigint;
}

export interface SessionAuthorized {
  readonly authorization: number;
  readonly sessionKey: PublicKey;
  readonly expiresAtMs: number;
  readonly spendLimits: readonly SpendLimit[];
}

export interface SessionRevoked {
  readonly authorization: number;
}

/** The books of one asset after a height; the key is the ASCII bytes "house". accounts + inPlay + bankroll + faucet = issued. */
export interface SupplyReported {
  readonly asset: number;
  readonly issued: bigint;
  readonly accounts: bigint;
  readonly inPlay: bigint;
  readonly bankroll: bigint;
  /** the part of bankroll held for open games */
  readonly reserved: bigint;
  readonly faucet: bigint;
}
