import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { quorum } from '../../schemas/crypto/quorum.js';
import {
  MAX_BLOCK_BYTES,
  MAX_BLOCK_COMMANDS,
  MAX_COMMAND_LIFETIME_MS,
  MAX_EXECUTION_LAG,
  MAX_TIMESTAMP_DRIFT_MS,
} from '../../schemas/limits.js';
import type { BeaconKeys } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { ConfigError } from '../config/loadConfig.js';
import { dealBeaconKeys } from '../crypto/beaconDealer.js';
import { keysOf, writeKeyFile } from '../crypto/keyFile.js';
import { readChainKeys } from './epochsFile.js';
import { writeGenesis } from './genesisFile.js';
import { readValidatorGenesis } from './validatorGenesis.js';

/** Where a network made for one machine keeps what its parts need. */
export interface DevelopmentNetwork {
  readonly genesis: Genesis;
  readonly genesisPath: string;
  /** Of the newest epoch: its keys, and what its validators write. */
  readonly epochFolder: string;
  /** By validator index. */
  readonly keyPaths: readonly string[];
}

const SHARD = 0;
const EVENT_PARTITIONS = 16;
const CHIP = 0;
const CHIPS_ISSUED = 2_000_000_000_000n;

function random32(): Uint8Array {
  return new Uint8Array(randomBytes(32));
}

/** Rules of the house for a network that a person tries at home; every number is in genesis. */
export function developmentRules(): Pick<
  Genesis,
  'assets' | 'faucet' | 'hiLo' | 'roulette' | 'limits' | 'eventPartitions' | 'shards'
> {
  return {
    shards: 1,
    eventPartitions: EVENT_PARTITIONS,
    assets: [
      {
        asset: CHIP,
        symbol: 'CHIP',
        decimals: 0,
        issued: CHIPS_ISSUED,
        houseBankroll: CHIPS_ISSUED / 2n,
        faucetPool: CHIPS_ISSUED / 2n,
        accountMin: 100n,
      },
    ],
    faucet: { asset: CHIP, claimAmount: 10_000n, intervalMs: 86_400_000, claimsPerBlockMax: 64 },
    hiLo: {
      stakeMin: 1n,
      stakeMax: 1_000n,
      payoutMax: 100_000n,
      edgeBasisPoints: 100,
      lifetimeMs: 3_600_000,
      openGamesMax: 16,
    },
    roulette: { betMin: 1n, stakeMax: 10_000n, payoutMax: 360_000n, betsMax: 20 },
    limits: {
      maxCommandLifetimeMs: MAX_COMMAND_LIFETIME_MS,
      maxBlockBytes: MAX_BLOCK_BYTES,
      maxBlockCommands: MAX_BLOCK_COMMANDS,
      maxTimestampDriftMs: MAX_TIMESTAMP_DRIFT_MS,
      maxExecutionLag: MAX_EXECUTION_LAG,
    },
  };
}

/** New keys of validators in a folder, by a dealer on this machine who forgets them. */
export function dealValidators(
  folder: string,
  validators: number,
): { readonly keys: readonly Uint8Array[]; readonly beaconKeys: BeaconKeys } {
  mkdirSync(folder, { recursive: true });
  const threshold = quorum(validators);
  const dealing = dealBeaconKeys({ validators, threshold, seed: random32() });
  const keys = dealing.shares.map((share) => keysOf(random32(), share.secretShare));
  for (const [index, key] of keys.entries()) writeKeyFile(keyPath(folder, index), key);
  return {
    keys: keys.map(({ publicKey }) => publicKey),
    beaconKeys: {
      threshold,
      groupKey: dealing.groupPublicKey,
      shareKeys: dealing.shares.map(({ sharePublicKey }) => sharePublicKey),
    },
  };
}

function create(folder: string, validators: number, nowMs: number): void {
  const { keys, beaconKeys } = dealValidators(folder, validators);
  const recovery = [0, 1, 2].map(() => keysOf(random32()));
  const admin = keysOf(random32());
  for (const [index, key] of recovery.entries()) {
    writeKeyFile(join(folder, `recovery-${index}.key.json`), key);
  }
  writeKeyFile(join(folder, 'admin.key.json'), admin);
  writeGenesis(genesisPathOf(folder), {
    name: 'nullspace development network',
    createdAtMs: nowMs,
    validators: keys,
    beaconKeys,
    beaconKeySource: 'TRUSTED_DEALER',
    admins: [admin.publicKey],
    recoveryKeys: { threshold: 2, keys: recovery.map(({ publicKey }) => publicKey) },
    ...developmentRules(),
  });
}

function keyPath(folder: string, index: number): string {
  return join(folder, `validator-${index}.key.json`);
}

/** Where a data folder keeps the keys of an epoch, and what its validators write. */
export function epochFolder(folder: string, epoch: number): string {
  return epoch === 0 ? folder : join(folder, `epoch-${epoch}`);
}

/** Where a data folder keeps its genesis. */
export function genesisPathOf(folder: string): string {
  return join(folder, 'genesis.json');
}

/**
 * The network of a data folder, made at the first call: keys, a beacon dealt on this machine (its
 * genesis says so), and genesis. Throws ConfigError when the folder holds one of another size: a
 * chain's validators are part of what it is.
 */
export function developmentNetwork(
  folder: string,
  validators: number,
  nowMs: number,
): DevelopmentNetwork {
  const path = genesisPathOf(folder);
  if (!existsSync(path)) create(folder, validators, nowMs);
  const genesis = readValidatorGenesis(path);
  const keys = readChainKeys(path, genesis, SHARD);
  const count = keys.validators.length;
  if (count !== validators) {
    throw new ConfigError(
      `${folder} holds a chain of ${count} validators, not ${validators}: ` +
        `start it with --validators ${count}, or begin another with --data-dir`,
    );
  }
  const own = epochFolder(folder, keys.epoch);
  const keyPaths = Array.from({ length: validators }, (_, index) => keyPath(own, index));
  return { genesis, genesisPath: path, epochFolder: own, keyPaths };
}
