import type pg from 'pg';
import { present } from '../../schemas/kernel/assert.js';
import type { TopicSpecification } from '../../schemas/log.js';
import { LogError, type LogErrorCode } from '../../schemas/logError.js';
import { checkPartition, checkTopic } from '../../schemas/logRecords.js';
import { withTransaction } from './connection.js';
import { type PostgresErrorCode, toPostgresError } from './errors.js';
import { FENCED_STATE, NO_PARTITION_STATE } from './logSchema.js';

export interface CatalogTopic extends TopicSpecification {
  /** Row ids, by partition number; ascending. */
  readonly partitionIds: readonly number[];
}

/** Topics as the database has them; read again when one is asked for that was not there. */
export interface LogCatalog {
  known(topic: string): CatalogTopic | undefined;
  /** @throws LogError unknownTopic, unreachable */
  find(topic: string, partition: number): Promise<{ topic: CatalogTopic; partitionId: number }>;
  refresh(): Promise<void>;
  ensureTopics(topics: readonly TopicSpecification[]): Promise<void>;
}

/** What has a code of its own among errors of the log. */
const LOG_CODE: ReadonlyMap<PostgresErrorCode, LogErrorCode> = new Map([
  ['diskFull', 'storageFull'],
  ['authentication', 'notAuthenticated'],
  ['permission', 'notAuthorised'],
]);

/** The log's own form of a database error. A LogError passes through. */
export function toLogError(error: unknown): LogError {
  if (error instanceof LogError) return error;
  const cause = toPostgresError(error);
  if (cause.sqlState === FENCED_STATE) return new LogError('fenced', cause.message, cause);
  if (cause.sqlState === NO_PARTITION_STATE) {
    return new LogError('unknownTopic', cause.message, cause);
  }
  // A server that takes no writes now, has no memory or is held up is away for a log as well.
  const otherwise = cause.retriable ? 'unreachable' : 'failed';
  return new LogError(LOG_CODE.get(cause.code) ?? otherwise, cause.message, cause);
}

const READ_TOPICS = `
select t.name, t.compacted, t.max_message_bytes,
       array_agg(p.id order by p.partition) as partition_ids
from nullspace_log.topics t join nullspace_log.partitions p on p.topic_id = t.id
group by t.id`;

async function readTopics(
  client: pg.Pool | pg.PoolClient,
): Promise<ReadonlyMap<string, CatalogTopic>> {
  const { rows } = await client.query(READ_TOPICS);
  const topics = rows.map((row): [string, CatalogTopic] => [
    row.name,
    {
      name: row.name,
      partitions: row.partition_ids.length,
      compacted: row.compacted,
      maxMessageBytes: row.max_message_bytes,
      partitionIds: row.partition_ids,
    },
  ]);
  return new Map(topics);
}

async function createTopic(client: pg.PoolClient, topic: TopicSpecification): Promise<void> {
  await client.query(
    `with made as (
       insert into nullspace_log.topics (name, compacted, max_message_bytes)
       values ($1, $2, $3) returning id)
     insert into nullspace_log.partitions (topic_id, partition)
     select made.id, number from made, generate_series(0, $4::int - 1) as number order by number`,
    [topic.name, topic.compacted, topic.maxMessageBytes, topic.partitions],
  );
}

export function createLogCatalog(pool: pg.Pool): LogCatalog {
  let topics: ReadonlyMap<string, CatalogTopic> = new Map();
  const refresh = async (): Promise<void> => {
    topics = await readTopics(pool).catch((error: unknown) => {
      throw toLogError(error);
    });
  };
  const find: LogCatalog['find'] = async (name, partition) => {
    if (!topics.has(name)) await refresh();
    const topic = topics.get(name);
    if (topic === undefined) throw new LogError('unknownTopic', `no topic ${name}`);
    checkPartition(topic, partition);
    return { topic, partitionId: present(topic.partitionIds[partition], 'id of a partition') };
  };
  const ensureTopics: LogCatalog['ensureTopics'] = async (wanted) => {
    // Publishers may read what is there, but not lock nor create.
    await refresh();
    if (wanted.every(({ name }) => topics.has(name))) {
      for (const topic of wanted) checkTopic(present(topics.get(topic.name), 'a topic'), topic);
      return;
    }
    await withTransaction(pool, async (client) => {
      await client.query('lock table nullspace_log.topics in share row exclusive mode');
      const found = await readTopics(client);
      for (const topic of wanted) {
        const existing = found.get(topic.name);
        if (existing === undefined) await createTopic(client, topic);
        else checkTopic(existing, topic);
      }
    }).catch((error: unknown) => {
      throw toLogError(error);
    });
    await refresh();
  };
  return { known: (topic) => topics.get(topic), find, refresh, ensureTopics };
}
