import { z } from 'zod';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { topicManifest } from '../../schemas/topics.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { flag } from '../config/optionTypes.js';
import { storedLogOptions, withStoredLog } from './storedLog.js';

export const logTopicsOptions = {
  apply: flag.default(false).describe('topics, access: make what is missing'),
  check: flag.default(false).describe('topics, access: only look whether all is there'),
};
const configSchema = z.object({ ...storedLogOptions, ...logTopicsOptions });

/**
 * `nullspace log topics`: makes the topics of the manifest, or only looks whether they are there;
 * one with other partitions or settings is refused, and never changed. @throws LogError
 */
export async function logTopics(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  if (config.apply === config.check) throw new ConfigError('log topics: --apply or --check');
  await withStoredLog(config, 'log', async ({ genesis, log }) => {
    const { chainId } = genesisEpoch(genesis, 0);
    const topics = topicManifest(chainId, genesis.shards, genesis.eventPartitions);
    if (config.check) for (const { name } of topics) await log.reader.offsets(name, 0);
    await log.ensureTopics(topics);
    for (const { name, partitions, maxMessageBytes } of topics) {
      process.stdout.write(
        `${name}: ${partitions} partitions, ${maxMessageBytes} bytes a message\n`,
      );
    }
  });
}
