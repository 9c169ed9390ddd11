import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { epochRows } from '../../query/routes/listEpochs.js';
import { type EpochKeys, genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { keysWithStarts } from '../../schemas/crypto/epochStart.js';
import { parseHex } from '../../schemas/kernel/bytes.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { ConfigError } from '../config/loadConfig.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';

/** `record`: the framed EpochStart in hex; what stands beside it is for people. */
const schema = z.array(z.object({ record: z.string() }));

/** Beside genesis: the epochs that its recovery keys have begun since. */
export function epochsPathOf(genesisPath: string): string {
  return join(dirname(genesisPath), 'epochs.json');
}

/**
 * The keys of a chain by its genesis file and, where there is one, the file of epochs beside it,
 * each of which has to be proven by genesis. Throws ConfigError.
 */
export function readChainKeys(genesisPath: string, genesis: Genesis, shard: number): EpochKeys {
  const first = genesisEpoch(genesis, shard);
  const path = epochsPathOf(genesisPath);
  if (!existsSync(path)) return first;
  const keys = keysWithStarts(first, readRecords(path), nativeVerifier());
  if (keys !== null) return keys;
  throw new ConfigError(`${path}: an epoch that the recovery keys of genesis did not begin`);
}

function readRecords(path: string): readonly Uint8Array[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new ConfigError(`${path}: not a list of epochs`);
  return parsed.data.map(({ record }) => parseHex(record) ?? new Uint8Array());
}

export function writeEpochs(path: string, keys: EpochKeys): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(epochRows(keys), null, 2)}\n`, { mode: 0o644 });
  renameSync(`${path}.new`, path);
}
