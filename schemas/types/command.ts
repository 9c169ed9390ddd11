// Generated from schemas/avro by infra/tools/generateTypes.mjs; never edited by hand.

import type { Hash, PublicKey, RequestId, Signature } from './base.js';

/** Lets sessionKey sign for the account; gets the account's next authorization number. Own key only. */
export interface AuthorizeSession {
  readonly sessionKey: PublicKey;
  /** block time */
  readonly expiresAtMs: number;
  readonly spendLimits: readonly SpendLimit[];
}

/** Ends an open game and takes what it is worth. */
export interface CashOutHiLo {
  readonly game: number;
}

/** Asks for the faucet's fixed amount; creates the account when it does not exist. */
export interface ClaimFaucet {
  readonly asset: number;
}

/** One intent of one account. Its id is SHA-256 over tag, envelope head and these bytes. */
export interface Command {
  readonly account: PublicKey;
  /** 0 is the account's own key */
  readonly authorization: number;
  /** dense per (account, signer, authorization) */
  readonly nonce: number;
  readonly request: Request | null;
  readonly instruction: CommandInstruction;
}

export type CommandInstruction =
  | ({ readonly kind: 'AuthorizeSession' } & AuthorizeSession)
  | ({ readonly kind: 'RevokeSession' } & RevokeSession)
  | ({ readonly kind: 'ClaimFaucet' } & ClaimFaucet)
  | ({ readonly kind: 'Transfer' } & Transfer)
  | ({ readonly kind: 'StartHiLo' } & StartHiLo)
  | ({ readonly kind: 'GuessHiLo' } & GuessHiLo)
  | ({ readonly kind: 'CashOutHiLo' } & CashOutHiLo)
  | ({ readonly kind: 'SpinRoulette' } & SpinRoulette);

/** Commands under one signature over tag, head and the Merkle root of the command ids. It shares a signature, not a fate. */
export interface Envelope {
  readonly head: EnvelopeHead;
  /** framed Command, 1 to 256 */
  readonly commands: readonly Uint8Array[];
  readonly signature: Signature;
}

/** What all commands of an envelope share. */
export interface EnvelopeHead {
  readonly chainId: Hash;
  readonly shard: number;
  readonly signer: PublicKey;
  /** block time at and after which none of its commands can execute */
  readonly expiresAtMs: number;
}

/** Guesses the next card of an open game. */
export interface GuessHiLo {
  /** the account's dense game number */
  readonly game: number;
  readonly guess: HiLoGuess;
}

/** What the next card is said to be. */
export type HiLoGuess = 'HIGHER' | 'LOWER' | 'SAME';

/** Chosen by the player for signers other than the player: the engine remembers an executed (account, id) until untilMs. */
export interface Request {
  readonly id: RequestId;
  readonly untilMs: number;
}

/** Ends an authorization at once. Own key only. */
export interface RevokeSession {
  readonly authorization: number;
}

/** A bet of a European wheel. When it wins it pays 36 times its amount, divided by how many of the 37 pockets it covers, its amount included. */
export interface RouletteBet {
  readonly kind: RouletteBetKind;
  /** the numbers covered for inside bets, ascending; the index 0 to 2 for COLUMN and DOZEN; empty for even-money bets */
  readonly numbers: readonly number[];
  readonly amount: bigint;
}

/** The bets of a European wheel. */
export type RouletteBetKind =
  | 'STRAIGHT'
  | 'SPLIT'
  | 'STREET'
  | 'CORNER'
  | 'SIX_LINE'
  | 'TRIO'
  | 'FIRST_FOUR'
  | 'COLUMN'
  | 'DOZEN'
  | 'RED'
  | 'BLACK'
  | 'EVEN'
  | 'ODD'
  | 'LOW'
  | 'HIGH';

/** Bounds the sum of stakes debited in one asset under an authorization; winnings never refill it. */
export interface SpendLimit {
  readonly asset: number;
  readonly amount: bigint;
}

/** Places all bets of a round and settles it in the same command. */
export interface SpinRoulette {
  readonly asset: number;
  readonly bets: readonly RouletteBet[];
}

/** Stakes an amount and draws the first card. */
export interface StartHiLo {
  readonly asset: number;
  readonly stake: bigint;
}

/** Moves an amount to another account, creating it when needed. Own key only. */
export interface Transfer {
  readonly to: PublicKey;
  readonly asset: number;
  readonly amount: bigint;
}
