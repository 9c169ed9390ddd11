// Generated from schemas/avro by infra/tools/generateTypes.mjs; never edited by hand.

import type { PublicKey } from './base.js';

import type { BeaconKeys } from './block.js';

/** Who knew the whole secret: a dealer could predict every outcome, and is marked as such. */
export type BeaconKeySource = 'TRUSTED_DEALER' | 'DISTRIBUTED';

/** asset is the one the faucet gives. */
export interface FaucetRules {
  readonly asset: number;
  readonly claimAmount: bigint;
  /** between two claims of one account, block time */
  readonly intervalMs: number;
  readonly claimsPerBlockMax: number;
}

/** chainId is its hash. */
export interface Genesis {
  readonly name: string;
  readonly createdAtMs: number;
  readonly shards: number;
  readonly eventPartitions: number;
  readonly validators: readonly PublicKey[];
  readonly beaconKeys: BeaconKeys;
  readonly beaconKeySource: BeaconKeySource;
  readonly admins: readonly PublicKey[];
  readonly recoveryKeys: RecoveryKeys;
  readonly assets: readonly GenesisAsset[];
  readonly faucet: FaucetRules;
  readonly hiLo: HiLoRules;
  readonly roulette: RouletteRules;
  readonly limits: GenesisLimits;
}

/** An asset and all there will ever be of it. */
export interface GenesisAsset {
  readonly asset: number;
  readonly symbol: string;
  readonly decimals: number;
  readonly issued: bigint;
  readonly houseBankroll: bigint;
  readonly faucetPool: bigint;
  /** the smallest transfer that makes an account */
  readonly accountMin: bigint;
}

/** Limits that are part of the rules. */
export interface GenesisLimits {
  readonly maxCommandLifetimeMs: number;
  readonly maxBlockBytes: number;
  readonly maxBlockCommands: number;
  readonly maxTimestampDriftMs: number;
  readonly maxExecutionLag: number;
}

/** Per game. */
export interface HiLoRules {
  readonly stakeMin: bigint;
  readonly stakeMax: bigint;
  readonly payoutMax: bigint;
  readonly edgeBasisPoints: number;
  /** block time after its last move at which a game ends by itself, paying its worth */
  readonly lifetimeMs: number;
  /** of one account */
  readonly openGamesMax: number;
}

/** Who may start an epoch after the loss of all validators. */
export interface RecoveryKeys {
  readonly threshold: number;
  readonly keys: readonly PublicKey[];
}

/** Per spin. */
export interface RouletteRules {
  readonly betMin: bigint;
  /** sum of a spin's bets */
  readonly stakeMax: bigint;
  readonly payoutMax: bigint;
  readonly betsMax: number;
}
