import { z } from 'zod';
import { KAFKA_REPLICAS_MAX } from '../../schemas/limits.js';
import type { Log } from '../../schemas/log.js';
import { ConfigError } from '../config/loadConfig.js';
import { count, list, postgresUrl } from '../config/optionTypes.js';
import type { KafkaOptions } from '../kafka/client.js';
import { KAFKA_CLIENT_DEFAULT, KAFKA_CLIENTS, type KafkaClient } from '../kafka/kafkaChoices.js';
import type { AdapterLog } from '../postgres/connection.js';
import { openPostgresLog } from '../postgres/postgresLog.js';
import { type KafkaSecurityConfig, kafkaSecurity, kafkaSecurityOptions } from './kafkaSecurity.js';

/** Options of every role that reads or writes the log. */
export const logOptions = {
  log: z.enum(['postgres', 'kafka']).default('postgres').describe('where the log is'),
  databaseUrl: postgresUrl
    .optional()
    .describe('server of the tables, and of the log where that is on Postgres'),
  kafkaBrokers: list.default([]).describe('host:port of brokers, where the log is on Kafka'),
  kafkaClient: z
    .enum(KAFKA_CLIENTS)
    .default(KAFKA_CLIENT_DEFAULT)
    .describe('library that speaks with Kafka'),
  kafkaReplicas: count(KAFKA_REPLICAS_MAX)
    .optional()
    .describe('copies of topics that are made; without, one a named broker, at most three'),
  ...kafkaSecurityOptions,
};

export interface LogConfig extends KafkaSecurityConfig {
  readonly log: 'postgres' | 'kafka';
  readonly databaseUrl?: string | undefined;
  readonly kafkaBrokers: readonly string[];
  readonly kafkaClient?: KafkaClient | undefined;
  readonly kafkaReplicas?: number | undefined;
}

/** Refuses a configuration that names no log, or no way to it. @throws ConfigError */
export function checkLogConfig(config: LogConfig): void {
  if (config.log === 'postgres') requireDatabase(config);
  else kafkaOptions(config);
}

/** What a client of the configured cluster needs, its files read. @throws ConfigError */
export function kafkaOptions(config: LogConfig): Pick<KafkaOptions, 'brokers' | 'security'> {
  if (config.kafkaBrokers.length === 0) {
    throw new ConfigError('--kafka-brokers (KAFKA_BROKERS): expected a list');
  }
  const security = kafkaSecurity(config);
  return { brokers: config.kafkaBrokers, ...(security === undefined ? {} : { security }) };
}

/**
 * The log that the configuration names. Kafka's clients take half a second to load: only who needs
 * them waits for that.
 */
export async function openLog(config: LogConfig, logger: AdapterLog): Promise<Log> {
  if (config.log === 'kafka') {
    const { kafkaClient: client, kafkaReplicas: replicas } = config;
    const { openKafkaLog } = await import('../kafka/kafkaLog.js');
    return openKafkaLog({ ...kafkaOptions(config), log: logger, client, replicas });
  }
  return openPostgresLog({ url: requireDatabase(config), log: logger });
}

export function requireDatabase({
  databaseUrl,
}: {
  readonly databaseUrl?: string | undefined;
}): string {
  if (databaseUrl !== undefined && databaseUrl !== '') return databaseUrl;
  throw new ConfigError('--database-url (DATABASE_URL): expected a Postgres URL');
}
