import type { BeaconKeys } from '../types/block.js';
import type { Genesis } from '../types/genesis.js';
import { chainIdOf, genesisBlockDigest, genesisResultDigest, genesisSeed } from './digests.js';

/** Whose signatures count in an epoch. Index in `validators` is the validator's index. */
export interface EpochKeys {
  readonly chainId: Uint8Array;
  readonly shard: number;
  readonly epoch: number;
  readonly validators: readonly Uint8Array[];
  readonly beaconKeys: BeaconKeys;
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
  const { validators, beaconKeys } = genesis;
  return { chainId: chainIdOf(genesis), shard, epoch: 0, validators, beaconKeys };
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
