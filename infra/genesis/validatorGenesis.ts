import { beaconKeysMatch } from '../../schemas/crypto/bls.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { ConfigError } from '../config/loadConfig.js';
import { readGenesis } from './genesisFile.js';

/**
 * A genesis for who signs by it: the keys of its beacon belong together, without which no height is
 * ever executed. Other roles need not load the curves for it.
 */
export function readValidatorGenesis(path: string): Genesis {
  const genesis = readGenesis(path);
  const { groupKey, shareKeys, threshold } = genesis.beaconKeys;
  const isWhole = shareKeys.length === genesis.validators.length;
  if (isWhole && beaconKeysMatch(groupKey, shareKeys, threshold)) return genesis;
  throw new ConfigError(
    `${path}: beaconKeys: the shares do not make the group key; a chain of an older version ` +
      'cannot go on: begin another with --data-dir, or with --fresh',
  );
}
