import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { present } from '../../schemas/kernel/assert.js';
import type { TopicSpecification } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { checkTopic } from '../../schemas/logRecords.js';
import { inSyncMin } from './brokerSettings.js';
import { toLogError } from './errors.js';
import type { PartitionName } from './logCluster.js';

/** What a batch and its record may add to key and value (batch head 61, record head below 50). */
const BATCH_OVERHEAD_BYTES = 1_024;
const NO_LIMIT = '9223372036854775807';
const VISIBLE_ATTEMPTS = 100;
const VISIBLE_WAIT_MS = 50;
/** Brokers that hang let each attempt take as long as the client waits for them. */
const VISIBLE_TIMEOUT_MS = 30_000;
type Answers = ReadonlySet<string | undefined>;
/** What a broker says of a topic that another one lists and it has not seen. */
const NOT_SEEN: Answers = new Set(['UNKNOWN_TOPIC_OR_PARTITION']);
/** The same of one that is being made: its partitions have no leaders at first. */
const NOT_YET: Answers = new Set([...NOT_SEEN, 'LEADER_NOT_AVAILABLE']);
/** The client has forgotten what brokers said, as of a topic that is being made. */
const NO_ANSWER = 'NO_ANSWER';
/** What making topics waits for. */
const IN_THE_MAKING: Answers = new Set([...NOT_YET, NO_ANSWER]);

/** Topics as the cluster has them; read again when one is asked for that was not there. */
export interface TopicCatalog {
  known(topic: string): TopicSpecification | undefined;
  /** Every partition of every topic that is known. */
  partitions(): readonly PartitionName[];
  /** Reads what of `topics` is not known yet. Topics that do not exist stay unknown. */
  load(topics: Iterable<string>): Promise<void>;
  ensureTopics(topics: readonly TopicSpecification[]): Promise<void>;
  close(): Promise<void>;
}

/** Kept for ever, in the words of their writer; block time may be far from the broker's clock. */
function settings(topic: TopicSpecification, replicas: number): Record<string, string> {
  return {
    'cleanup.policy': topic.compacted ? 'compact' : 'delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'max.message.bytes': String(topic.maxMessageBytes + BATCH_OVERHEAD_BYTES),
    'compression.type': 'producer',
    'message.timestamp.type': 'CreateTime',
    'message.timestamp.after.max.ms': NO_LIMIT,
    'min.insync.replicas': String(inSyncMin(replicas)),
    'unclean.leader.election.enable': 'false',
  };
}

/** Settings that must not differ; the others are an operator's to tune. */
const CHECKED = [
  'cleanup.policy',
  'retention.ms',
  'retention.bytes',
  'message.timestamp.type',
  'unclean.leader.election.enable',
] as const;

interface FoundTopic {
  readonly specification: TopicSpecification;
  readonly settings: ReadonlyMap<string, string>;
  /** Of the partition that has fewest. */
  readonly replicas: number;
}

/** No broker answered, or each of them refused; nobody knows why. */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  readonly type = NO_ANSWER;
  readonly retriable = true;

  constructor(cause: unknown) {
    super('no broker says which topics there are', { cause });
  }
}

/**
 * When no broker gives it a list of topics, kafkajs 2.2.4 drops their errors, one of a single topic
 * without a leader too, takes `null` for the list and trips over that. @throws NoAnswerError
 */
async function listed<List>(asking: Promise<List>): Promise<List> {
  return asking.catch((error: unknown) => {
    const isOfNull = error instanceof TypeError && /\bnull\b/.test(error.message);
    throw isOfNull ? new NoAnswerError(error) : error;
  });
}

/** A list leaves out what its reader may not see; asked for by its name, it is refused. */
async function refuseHidden(admin: Admin, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await listed(admin.fetchTopicMetadata({ topics: [name] }));
    } catch (error) {
      const isMissing = NOT_YET.has((error as { type?: string }).type);
      if (!isMissing) throw toLogError(error, `topic ${name}`);
    }
  }
}

async function describeTopics(
  admin: Admin,
  names: readonly string[],
): Promise<ReadonlyMap<string, FoundTopic>> {
  const existing = new Set(await listed(admin.listTopics()));
  const wanted = names.filter((name) => existing.has(name));
  await refuseHidden(
    admin,
    names.filter((name) => !existing.has(name)),
  );
  if (wanted.length === 0) return new Map();
  const { topics } = await listed(admin.fetchTopicMetadata({ topics: wanted }));
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: wanted.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  const found = new Map<string, FoundTopic>();
  for (const { name, partitions } of topics) {
    const resource = resources.find(({ resourceName }) => resourceName === name);
    const entries = present(resource, 'configuration of a topic').configEntries;
    const values = new Map(entries.map((entry) => [entry.configName, entry.configValue]));
    const maxBytes = Number(present(values.get('max.message.bytes'), 'max.message.bytes'));
    const specification = {
      name,
      partitions: partitions.length,
      compacted: values.get('cleanup.policy') === 'compact',
      maxMessageBytes: maxBytes - BATCH_OVERHEAD_BYTES,
    };
    const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
    found.set(name, { specification, settings: values, replicas });
  }
  return found;
}

function checkSettings(found: FoundTopic, wanted: TopicSpecification, replicas: number): void {
  checkTopic(found.specification, wanted);
  if (found.replicas < replicas) {
    const has = `${wanted.name} has ${found.replicas} replicas, and not ${replicas}`;
    throw new LogError('topicMismatch', `${has}: reassign its partitions, or ask for fewer`);
  }
  const inStep = Number(found.settings.get('min.insync.replicas'));
  if (inStep < inSyncMin(replicas)) {
    const has = `${wanted.name} has min.insync.replicas ${inStep}, and not ${inSyncMin(replicas)}`;
    throw new LogError(
      'topicMismatch',
      `${has}: what is acknowledged could be lost with one broker`,
    );
  }
  const expected = settings(wanted, 1);
  for (const name of CHECKED) {
    const value = found.settings.get(name);
    if (value === expected[name]) continue;
    const message = `${wanted.name} has ${name} ${value}, and not ${expected[name]}`;
    throw new LogError('topicMismatch', message);
  }
}

async function createTopics(
  admin: Admin,
  wanted: readonly TopicSpecification[],
  replicas: number,
): Promise<void> {
  await admin.createTopics({
    waitForLeaders: false,
    topics: wanted.map((topic) => ({
      topic: topic.name,
      numPartitions: topic.partitions,
      replicationFactor: replicas,
      configEntries: Object.entries(settings(topic, replicas)).map(([name, value]) => ({
        name,
        value,
      })),
    })),
  });
}

/**
 * A new topic takes a moment until every broker knows it and each partition has a leader: one may
 * list what the next has not seen. Asks again after such answers, and as long as `isEnough` says
 * no. A topic that no broker lists is left out.
 */
async function describeSeen(
  admin: Admin,
  names: readonly string[],
  answers: Answers,
  isEnough: (found: ReadonlyMap<string, FoundTopic>) => boolean = () => true,
): Promise<ReadonlyMap<string, FoundTopic>> {
  const untilMs = performance.now() + VISIBLE_TIMEOUT_MS;
  let last: unknown;
  for (let attempt = 0; attempt < VISIBLE_ATTEMPTS && performance.now() < untilMs; attempt++) {
    try {
      const found = await describeTopics(admin, names);
      if (isEnough(found)) return found;
    } catch (error) {
      if (!answers.has((error as { type?: string }).type)) throw error;
      last = error;
    }
    await sleep(VISIBLE_WAIT_MS);
  }
  throw new LogError('unreachable', `topics do not become visible: ${names.join(', ')}`, last);
}

export async function openTopicCatalog(client: Kafka, replicas: number): Promise<TopicCatalog> {
  const admin = client.admin();
  await admin.connect();
  const topics = new Map<string, TopicSpecification>();
  const keep = (found: ReadonlyMap<string, FoundTopic>): void => {
    for (const [name, { specification }] of found) topics.set(name, specification);
  };
  const ensureTopics = async (wanted: readonly TopicSpecification[]): Promise<void> => {
    const names = wanted.map((topic) => topic.name);
    const existing = await describeSeen(admin, names, IN_THE_MAKING);
    for (const topic of wanted) {
      const found = existing.get(topic.name);
      if (found !== undefined) checkSettings(found, topic, replicas);
    }
    const missing = wanted.filter((topic) => !existing.has(topic.name));
    // Another process may create them at the same time: the check afterwards is what counts.
    if (missing.length > 0) await createTopics(admin, missing, replicas);
    const hasAll = (all: ReadonlyMap<string, FoundTopic>) => names.every((name) => all.has(name));
    const found = await describeSeen(admin, names, IN_THE_MAKING, hasAll);
    for (const topic of wanted) {
      checkSettings(present(found.get(topic.name), 'a topic'), topic, replicas);
    }
    keep(found);
  };
  return {
    known: (topic) => topics.get(topic),
    partitions: () =>
      [...topics.values()].flatMap(({ name, partitions }) =>
        Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
      ),
    load: async (names) => {
      const unknown = [...new Set(names)].filter((name) => !topics.has(name));
      if (unknown.length === 0) return;
      try {
        // One without a leader may be so for long: who reads is told, and decides.
        keep(await describeSeen(admin, unknown, NOT_SEEN));
      } catch (error) {
        throw toLogError(error, `topics ${unknown.join(', ')}`);
      }
    },
    ensureTopics: async (wanted) => {
      try {
        await ensureTopics(wanted);
      } catch (error) {
        throw toLogError(error, `topics ${wanted.map(({ name }) => name).join(', ')}`);
      }
    },
    close: () => admin.disconnect(),
  };
}
