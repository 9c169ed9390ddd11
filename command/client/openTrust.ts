import { fromJson, JsonFormError } from '../../schemas/codec/fromJson.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { portableVerifier } from '../../schemas/crypto/ed25519.js';
import { type EpochKeys, genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { keysWithStarts } from '../../schemas/crypto/epochStart.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { Epochs } from './answers.js';
import type { ClientSignal } from './ports.js';
import type { Reader } from './reader.js';
import { UnprovenError } from './readerError.js';
import type { Trust } from './verifyEvents.js';

const SHARD = 0;

/** A chain that is trusted: its genesis, and the keys that prove its heights. */
export interface TrustedChain {
  readonly genesis: Genesis;
  readonly trust: Trust;
}

/**
 * Genesis, which the chain id pins, and the epochs since, which genesis' recovery keys prove. With
 * `chainId` null or left out it is the reader's word which chain this is: enough to look at it, not
 * to play.
 * Of several readers each is asked before it rejects with UnprovenError, or with ReaderError.
 */
export async function openTrust(
  reader: Pick<Reader, 'genesis' | 'epochs'>,
  options: {
    readonly chainId?: string | null;
    readonly verifier?: SignatureVerifier;
    readonly signal?: ClientSignal;
  } = {},
): Promise<TrustedChain> {
  const { chainId = null, verifier = portableVerifier, signal } = options;
  const prove = (json: object): Genesis => pinned(genesisOf(json), chainId);
  const genesis = prove(await reader.genesis({ prove, signal }));
  const { eventPartitions } = genesis;
  const trust = { keys: genesisEpoch(genesis, SHARD), eventPartitions, verifier };
  return { genesis, trust: await withNewEpochs(trust, reader, signal) };
}

function pinned(genesis: Genesis, chainId: string | null): Genesis {
  const found = toHex(chainIdOf(genesis));
  if (chainId === null || found === chainId.toLowerCase()) return genesis;
  throw new UnprovenError(`the reader serves chain ${found}, not ${chainId}`);
}

function genesisOf(json: object): Genesis {
  try {
    return fromJson('Genesis', json);
  } catch (error) {
    if (error instanceof JsonFormError) throw new UnprovenError(`no genesis: ${error.message}`);
    throw error;
  }
}

/**
 * The same trust with the epochs that began since, or itself. A reader can keep one back, and then
 * proves nothing of it.
 */
export async function withNewEpochs(
  trust: Trust,
  reader: Pick<Reader, 'epochs'>,
  signal?: ClientSignal,
): Promise<Trust> {
  const prove = ({ epochs }: Epochs): EpochKeys => {
    const records = epochs.map(({ record }) => fromHex(record));
    const keys = keysWithStarts(firstOf(trust.keys), records, trust.verifier);
    if (keys !== null) return keys;
    throw new UnprovenError('an epoch that the recovery keys of genesis did not begin');
  };
  const keys = prove(await reader.epochs({ prove, signal }));
  return keys.epoch > trust.keys.epoch ? { ...trust, keys } : trust;
}

function firstOf(keys: EpochKeys): EpochKeys {
  return keys.previous === null ? keys : firstOf(keys.previous);
}
