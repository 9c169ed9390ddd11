import type { BeaconKeys, EpochStart } from '../types/block.js';
import type { Genesis, RecoveryKeys } from '../types/genesis.js';
import { chainIdOf, genesisBlockDigest, genesisResultDigest, genesisSeed } from './digests.js';

/**
 * Whose signatures count in an epoch, and through `previous` in those before it: of each height
 * those of one epoch. Index in `validators` is the validator's index.
 */
export interface EpochKeys {
  readonly chainId: Uint8Array;
  readonly shard: number;
  readonly epoch: number;
  /** The first height that this epoch certifies; 1 in epoch 0. */
  readonly firstHeight: number;
  /** What that height continues. */
  readonly continues: Pick<ChainTip, 'blockDigest' | 'resultDigest' | 'seed'>;
  readonly validators: readonly Uint8Array[];
  readonly beaconKeys: BeaconKeys;
  /** Genesis': who may begin another epoch after the loss of all validators. */
  readonly recoveryKeys: RecoveryKeys;
  /** What proves all this by genesis; null in epoch 0. */
  readonly start: EpochStart | null;
  readonly previous: EpochKeys | null;
}

/** The last height a reader has accepted: what the next one must continue. */
export interface ChainTip {
  readonly height: number;
  readonly blockDigest: Uint8Array;
  readonly resultDigest: Uint8Array;
  readonly seed: Uint8Array;
  readonly timestampMs: number;
}

/** Epoch 0 is genesis itself. */
export function genesisEpoch(genesis: Genesis, shard: number): EpochKeys {
  const { validators, beaconKeys, recoveryKeys } = genesis;
  const { blockDigest, resultDigest, seed } = genesisTip(genesis, shard);
  return {
    ...{ chainId: chainIdOf(genesis), shard, epoch: 0, firstHeight: 1 },
    continues: { blockDigest, resultDigest, seed },
    ...{ validators, beaconKeys, recoveryKeys, start: null, previous: null },
  };
}

/** The keys that certify a height. */
export function keysAtHeight(keys: EpochKeys, height: number): EpochKeys {
  let owner = keys;
  while (height < owner.firstHeight && owner.previous !== null) owner = owner.previous;
  return owner;
}

/** The keys that certify a height, if they are of this epoch; else null. Total. */
export function keysOfEpoch(keys: EpochKeys, epoch: number, height: number): EpochKeys | null {
  const owner = keysAtHeight(keys, height);
  return owner.epoch === epoch ? owner : null;
}

export function genesisTip(genesis: Genesis, shard: number): ChainTip {
  const chainId = chainIdOf(genesis);
  return {
    height: 0,
    blockDigest: genesisBlockDigest(chainId, shard),
    resultDigest: genesisResultDigest(chainId, shard),
    seed: genesisSeed(chainId, shard),
    timestampMs: genesis.createdAtMs,
  };
}
