// Generated from schemas/avro by infra/tools/generateTypes.mjs; never edited by hand.

import type { Hash, PublicKey, RequestId } from './base.js';

import type { SpendLimit } from './command.js';

export interface AccountKey {
  readonly account: PublicKey;
}

export interface AccountValue {
  /** ascending by asset, none zero */
  readonly balances: readonly Balance[];
  /** of the own key's lane */
  readonly nextNonce: number;
  /** from 1 */
  readonly nextAuthorization: number;
  readonly nextGame: number;
  readonly nextKeySequence: number;
  /** 0 when never */
  readonly faucetClaimedAtMs: number;
}

export interface Balance {
  readonly asset: number;
  readonly amount: bigint;
}

export interface GameKey {
  readonly account: PublicKey;
  readonly game: number;
}

/** A game that has not ended. */
export interface HiLoValue {
  readonly asset: number;
  readonly stake: bigint;
  readonly card: number;
  readonly worth: bigint;
  readonly reserved: bigint;
  readonly guesses: number;
  /** block time at which it ends by itself */
  readonly expiresAtMs: number;
}

export interface HouseKey {
  readonly asset: number;
}

export interface HouseValue {
  readonly issued: bigint;
  readonly accounts: bigint;
  readonly inPlay: bigint;
  readonly bankroll: bigint;
  readonly reserved: bigint;
  readonly faucet: bigint;
  readonly nextKeySequence: number;
}

/** Nonces of one signer under one authorization. */
export interface LaneKey {
  readonly account: PublicKey;
  readonly signer: PublicKey;
  readonly authorization: number;
}

export interface LaneValue {
  readonly nextNonce: number;
  readonly expiresAtMs: number;
  readonly revoked: boolean;
  /** what is left */
  readonly spendLimits: readonly SpendLimit[];
}

export interface PartitionKey {
  readonly partition: number;
}

export interface PartitionValue {
  /** last height with an event in this partition */
  readonly lastHeight: number;
}

export interface RequestKey {
  readonly account: PublicKey;
  readonly id: RequestId;
}

export interface RequestValue {
  readonly height: number;
  readonly executionIndex: number;
  readonly untilMs: number;
}

/** Its framed bytes name a leaf of the state tree. */
export interface StateKey {
  readonly key: StateKeyKey;
}

export type StateKeyKey =
  | ({ readonly kind: 'AccountKey' } & AccountKey)
  | ({ readonly kind: 'LaneKey' } & LaneKey)
  | ({ readonly kind: 'RequestKey' } & RequestKey)
  | ({ readonly kind: 'GameKey' } & GameKey)
  | ({ readonly kind: 'HouseKey' } & HouseKey)
  | ({ readonly kind: 'PartitionKey' } & PartitionKey);

/** Siblings from the root down; a zero hash is an empty subtree. leaf is the other leaf met on the way, for absence. */
export interface StateProof {
  readonly siblings: readonly Hash[];
  readonly otherKeyHash: Hash | null;
  readonly otherValueHash: Hash | null;
}

export interface StateValue {
  readonly value: StateValueValue;
}

export type StateValueValue =
  | ({ readonly kind: 'AccountValue' } & AccountValue)
  | ({ readonly kind: 'LaneValue' } & LaneValue)
  | ({ readonly kind: 'RequestValue' } & RequestValue)
  | ({ readonly kind: 'HiLoValue' } & HiLoValue)
  | ({ readonly kind: 'HouseValue' } & HouseValue)
  | ({ readonly kind: 'PartitionValue' } & PartitionValue);
