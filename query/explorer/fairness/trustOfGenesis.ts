import type { Trust } from '../../../command/client/verifyEvents.js';
import { portableVerifier } from '../../../schemas/crypto/ed25519.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import { readOnce } from '../api/read.js';
import { fromJson } from '../codec/fromJson.js';

const SHARD = 0;

/** Genesis as the reader gives it; whoever doubts it compares its hash, the chain id. */
export async function readTrust(): Promise<{ readonly trust: Trust; readonly genesis: Genesis }> {
  const genesis = fromJson('Genesis', await readOnce<unknown>('/genesis'));
  const keys = genesisEpoch(genesis, SHARD);
  const { eventPartitions } = genesis;
  return { genesis, trust: { keys, eventPartitions, verifier: portableVerifier } };
}
