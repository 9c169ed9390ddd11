import {
  MEMPOOL_BYTES_MAX,
  MEMPOOL_COMMANDS_MAX,
  MEMPOOL_COMMANDS_PER_ACCOUNT_MAX,
  MEMPOOL_ENDED_KEPT,
  MEMPOOL_FAUCET_SHARE,
  MEMPOOL_FUNDED_RESERVED_SHARE,
  MEMPOOL_NONCE_WINDOW,
  MEMPOOL_OWN_KEY_RESERVED,
  MEMPOOL_SIGNER_BURST,
  MEMPOOL_SIGNER_RATE,
} from '../../schemas/limits.js';
import type { AdmissionView } from '../ports.js';

/** Bounds of a pool; commands are counted, except where a name says bytes. */
export interface MempoolLimits {
  readonly commandsMax: number;
  readonly bytesMax: number;
  readonly perAccountMax: number;
  /** Of perAccountMax: sessions may not take these. */
  readonly ownKeyReserved: number;
  /** A nonce this far above the lane's next, or further, is refused. */
  readonly nonceWindow: number;
  /** Commands of accounts that do not exist yet. */
  readonly faucetMax: number;
  /** The last part of the pool, open to funded accounts only. */
  readonly fundedReserved: number;
  /** Commands a second of one signer, and the burst it may save up. */
  readonly signerRate: number;
  readonly signerBurst: number;
  /** Commands that ended in a block, remembered for those who send them again. */
  readonly endedKept: number;
}

export interface MempoolConfig {
  readonly chainId: Uint8Array;
  readonly shard: number;
  /** Of genesis: how far ahead of block time an envelope or a request may end. */
  readonly maxCommandLifetimeMs: number;
  /** Of genesis: claims of one block. */
  readonly faucetClaimsPerBlockMax: number;
  readonly limits: MempoolLimits;
  /** The newest executed state; asked anew for every call. */
  view(): AdmissionView;
}

/** The limits of schemas/limits.ts, for a pool of `commandsMax` commands. */
export function mempoolLimits(commandsMax: number = MEMPOOL_COMMANDS_MAX): MempoolLimits {
  return {
    commandsMax,
    bytesMax: MEMPOOL_BYTES_MAX,
    perAccountMax: MEMPOOL_COMMANDS_PER_ACCOUNT_MAX,
    ownKeyReserved: MEMPOOL_OWN_KEY_RESERVED,
    nonceWindow: MEMPOOL_NONCE_WINDOW,
    faucetMax: Math.floor(commandsMax * MEMPOOL_FAUCET_SHARE),
    fundedReserved: Math.floor(commandsMax * MEMPOOL_FUNDED_RESERVED_SHARE),
    signerRate: MEMPOOL_SIGNER_RATE,
    signerBurst: MEMPOOL_SIGNER_BURST,
    endedKept: MEMPOOL_ENDED_KEPT,
  };
}

/** What genesis says, with the platform's default limits. */
export function mempoolConfig(options: {
  readonly chainId: Uint8Array;
  readonly shard: number;
  readonly genesis: {
    readonly limits: { readonly maxCommandLifetimeMs: number };
    readonly faucet: { readonly claimsPerBlockMax: number };
  };
  view(): AdmissionView;
}): MempoolConfig {
  const { chainId, shard, genesis, view } = options;
  return {
    chainId,
    shard,
    maxCommandLifetimeMs: genesis.limits.maxCommandLifetimeMs,
    faucetClaimsPerBlockMax: genesis.faucet.claimsPerBlockMax,
    limits: mempoolLimits(),
    view,
  };
}
