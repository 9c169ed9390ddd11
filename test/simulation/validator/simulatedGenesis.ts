import { quorum } from '../../../schemas/crypto/quorum.js';
import type { Signer } from '../../../schemas/crypto/signatures.js';
import {
  MAX_BLOCK_BYTES,
  MAX_BLOCK_COMMANDS,
  MAX_COMMAND_LIFETIME_MS,
  MAX_EXECUTION_LAG,
  MAX_TIMESTAMP_DRIFT_MS,
} from '../../../schemas/limits.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import {
  createKeyedHashBeacon,
  type KeyedHashBeacon,
  keyedHashSigner,
} from '../keyedHashCrypto.js';

export interface SimulatedGenesis {
  readonly genesis: Genesis;
  readonly signers: readonly Signer[];
  readonly beacon: KeyedHashBeacon;
}

/** A chain of `validators` with keyed-hash keys and no money in it. */
export function simulatedGenesis(
  validators: number,
  limits: Partial<Genesis['limits']> = {},
): SimulatedGenesis {
  const signers = Array.from({ length: validators }, (_, i) => keyedHashSigner(`validator ${i}`));
  const beacon = createKeyedHashBeacon(validators, quorum(validators));
  const genesis: Genesis = {
    name: 'simulated',
    createdAtMs: 1_000_000,
    shards: 1,
    eventPartitions: 4,
    validators: signers.map(({ publicKey }) => publicKey),
    beaconKeys: beacon.keys,
    beaconKeySource: 'TRUSTED_DEALER',
    admins: [],
    recoveryKeys: { threshold: 1, keys: [keyedHashSigner('recovery').publicKey] },
    assets: [],
    faucet: { asset: 1, claimAmount: 0n, intervalMs: 1, claimsPerBlockMax: 1 },
    hiLo: {
      ...{ stakeMin: 1n, stakeMax: 1n, payoutMax: 1n, edgeBasisPoints: 0 },
      ...{ lifetimeMs: 1, openGamesMax: 1 },
    },
    roulette: { betMin: 1n, stakeMax: 1n, payoutMax: 1n, betsMax: 1 },
    limits: {
      maxCommandLifetimeMs: MAX_COMMAND_LIFETIME_MS,
      maxBlockBytes: MAX_BLOCK_BYTES,
      maxBlockCommands: MAX_BLOCK_COMMANDS,
      maxTimestampDriftMs: MAX_TIMESTAMP_DRIFT_MS,
      maxExecutionLag: MAX_EXECUTION_LAG,
      ...limits,
    },
  };
  return { genesis, signers, beacon };
}
