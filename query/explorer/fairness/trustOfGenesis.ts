import type { Trust } from '../../../command/client/verifyEvents.js';
import { fromJson } from '../../../schemas/codec/fromJson.js';
import { portableVerifier } from '../../../schemas/crypto/ed25519.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { keysWithStarts } from '../../../schemas/crypto/epochStart.js';
import { parseHex } from '../../../schemas/kernel/bytes.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import { readOnce } from '../api/read.js';

const SHARD = 0;

/**
 * Genesis as the reader gives it, and the epochs that it proves; whoever doubts genesis compares
 * its hash, the chain id.
 */
export async function readTrust(): Promise<{ readonly trust: Trust; readonly genesis: Genesis }> {
  const genesis = fromJson('Genesis', await readOnce<unknown>('/genesis'));
  const { epochs } = await readOnce<{ readonly epochs: readonly { readonly record: string }[] }>(
    '/epochs',
  );
  const records = epochs.map(({ record }) => parseHex(record) ?? new Uint8Array());
  const keys = keysWithStarts(genesisEpoch(genesis, SHARD), records, portableVerifier);
  if (keys === null) throw new Error('an epoch that the recovery keys of genesis did not begin');
  const { eventPartitions } = genesis;
  return { genesis, trust: { keys, eventPartitions, verifier: portableVerifier } };
}
