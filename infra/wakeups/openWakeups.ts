import { z } from 'zod';
import type { StartWakeups } from '../../query/ports.js';
import { topicNames } from '../../schemas/topics.js';
import { ConfigError } from '../config/loadConfig.js';
import { postgresUrl, redisUrl } from '../config/optionTypes.js';
import { checkLogConfig, type LogConfig, openLog } from '../log/openLog.js';
import type { AdapterLog } from '../postgres/connection.js';
import { listenWakeups } from './listenWakeups.js';
import { logWakeups } from './logWakeups.js';
import type { HeightAnnouncer } from './redisChannel.js';

/** Options of a reader: what tells it that it should look for new heights. */
export const wakeupsOptions = {
  wakeups: z
    .enum(['listen', 'poll', 'log', 'redis'])
    .optional()
    .describe('what tells of new heights; default listen, on a standby poll'),
  primaryUrl: postgresUrl
    .optional()
    .describe('the primary, where --database-url is a standby: it notifies, and may have the log'),
};

/** Options of who announces heights on Redis, and of who hears of them there. */
export const redisOptions = {
  redisUrl: redisUrl.optional().describe('where projectors announce heights to readers'),
};

export interface WakeupsConfig extends LogConfig {
  readonly wakeups?: 'listen' | 'poll' | 'log' | 'redis' | undefined;
  readonly databaseUrl: string;
  readonly primaryUrl?: string | undefined;
  readonly standbyUrls: readonly string[];
  readonly redisUrl?: string | undefined;
  readonly readOnly: boolean;
  readonly name: string;
}

interface ChainShard {
  readonly chainId: Uint8Array;
  readonly shard: number;
}

/**
 * The wake-ups that the configuration names: notifications where one may listen, else null: polls.
 * Who needs the client of Redis waits until it is loaded.
 * @throws ConfigError when what they need is not named
 */
export async function openWakeups(
  config: WakeupsConfig,
  chain: ChainShard,
  log: AdapterLog,
): Promise<StartWakeups | null> {
  const primaryUrl = config.primaryUrl ?? (config.readOnly ? null : config.databaseUrl);
  switch (config.wakeups ?? (primaryUrl === null ? 'poll' : 'listen')) {
    case 'poll':
      return null;
    case 'listen': {
      if (primaryUrl === null) {
        throw new ConfigError('--wakeups listen: a standby notifies nobody; name --primary-url');
      }
      const applicationName = `nullspace-${config.name}`;
      // Any of the others may be the primary after a fail-over.
      const urls = [...new Set([primaryUrl, config.databaseUrl, ...config.standbyUrls])];
      return listenWakeups({ urls, applicationName, log });
    }
    case 'redis': {
      const { redisUrl: url } = config;
      if (url === undefined) throw new ConfigError('--redis-url (REDIS_URL): expected a Redis URL');
      const { redisWakeups } = await import('./redisChannel.js');
      return redisWakeups({ url, ...chain, log });
    }
    case 'log': {
      if (config.log === 'postgres' && primaryUrl === null) {
        throw new ConfigError('--wakeups log: the log is on the primary; name --primary-url');
      }
      const at = { ...config, databaseUrl: primaryUrl ?? undefined };
      checkLogConfig(at);
      return logWakeups({
        open: () => openLog(at, log),
        topic: topicNames(chain.chainId).blocks,
        partition: chain.shard,
        log,
      });
    }
  }
}

/** What tells readers on Redis of a projector's commits; null when no Redis is named. */
export async function openAnnouncer(
  { redisUrl: url }: { readonly redisUrl?: string | undefined },
  chain: ChainShard,
  log: AdapterLog,
): Promise<HeightAnnouncer | null> {
  if (url === undefined) return null;
  const { redisAnnouncer } = await import('./redisChannel.js');
  return redisAnnouncer({ url, ...chain, log });
}
