import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Log } from '../../schemas/log.js';
import { describeLogContract, readToEnd } from '../../test/contracts/logContract.js';
import { createClient } from './client.js';
import { KAFKA_CLIENTS } from './kafkaChoices.js';
import { openKafkaLog } from './kafkaLog.js';
import { type KafkaRuntime, startKafka } from './kafkaRuntime.js';

const { ConfigResourceTypes } = kafkajs;
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-kafka-'));
let kafka: KafkaRuntime;

beforeAll(async () => {
  kafka = await startKafka({ dataDir, log });
}, 300_000);
afterAll(async () => {
  await kafka.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

for (const client of KAFKA_CLIENTS) {
  describeLogContract(`the Kafka log by ${client}`, {
    place: async () => ({
      open: () => openKafkaLog({ brokers: kafka.brokers, client, log }),
      stop: async () => {},
    }),
    propertyRuns: 5,
  });
}

const SPECIFICATION = { partitions: 2, compacted: false, maxMessageBytes: 8 * 1024 * 1024 };

describe.each(KAFKA_CLIENTS)('the Kafka log by %s', (client) => {
  const TOPIC = { ...SPECIFICATION, name: `own.${client}` };
  const one = (text: string, partition = 0) => ({
    topic: TOPIC.name,
    partition,
    key: new Uint8Array(4), // what the client's own filter takes for an abort marker
    value: Uint8Array.from(Buffer.from(text)),
    timestampMs: 1,
  });
  const open = () => openKafkaLog({ brokers: kafka.brokers, client, log });
  const readAll = async (opened: Log, partition: number): Promise<string[]> => {
    const records = await readToEnd(opened, TOPIC.name, partition);
    return records.map(({ value }) => Buffer.from(value).toString());
  };

  it('never shows records of an aborted transaction, whatever their keys', async () => {
    const opened = await open();
    await opened.ensureTopics([TOPIC]);
    const producer = createClient({ brokers: kafka.brokers, log }).producer({
      transactionalId: `aborting.${client}`,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: 15_000,
    });
    await producer.connect();
    for (const outcome of ['commit', 'abort', 'abort', 'commit'] as const) {
      const transaction = await producer.transaction();
      const messages = [1, 2].map((n) => {
        const { key, value } = one(`${outcome} ${n}`);
        return { partition: 0, key: Buffer.from(key), value: Buffer.from(value) };
      });
      await transaction.send({ topic: TOPIC.name, messages });
      await transaction[outcome]();
    }
    await producer.disconnect();
    const expected = ['commit 1', 'commit 2', 'commit 1', 'commit 2'];
    // Once a writer of that id is open, the markers of the one before stand.
    await (await opened.openWriter(`aborting.${client}`)).close();
    expect(await readAll(opened, 0)).toEqual(expected);
    await opened.close();
  });

  it('aborts what a killed writer left open when the next one opens', async () => {
    const opened = await open();
    const producer = createClient({ brokers: kafka.brokers, log }).producer({
      transactionalId: `crashed.${client}`,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: 15_000,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    const { key, value } = one('half');
    const message = { partition: 1, key: Buffer.from(key), value: Buffer.from(value) };
    await transaction.send({ topic: TOPIC.name, messages: [message] });
    const writer = await opened.openWriter(`crashed.${client}`);
    await writer.append([one('whole', 1)]);
    expect(await readAll(opened, 1)).toEqual(['whole']);
    await expect(transaction.commit()).rejects.toThrow();
    await producer.disconnect();
    await opened.close();
  });

  it('takes an append larger than one record batch may be', async () => {
    const opened = await open();
    const topic = { ...TOPIC, name: `large.${client}` };
    await opened.ensureTopics([topic]);
    const writer = await opened.openWriter(`large.${client}`);
    const value = new Uint8Array(1_500_000).fill(3);
    const records = Array.from({ length: 20 }, (_, i) => ({
      topic: topic.name,
      partition: i % 2,
      key: Uint8Array.of(i),
      value,
      timestampMs: i,
    }));
    await writer.append(records);
    const partitions = [{ topic: topic.name, partition: 1, fromOffset: 0n }];
    const subscription = await opened.reader.subscribe({ partitions, maxBatchBytes: 4_000_000 });
    const keys: (number | undefined)[] = [];
    for await (const batch of subscription.batches) {
      keys.push(...batch.records.map((each) => each.key[0]));
      if (keys.length === 10) break;
    }
    expect(keys).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    await opened.close();
  });

  it('keeps what was committed when the broker is killed; readers and writers go on', async () => {
    const opened = await open();
    const before = await readAll(opened, 0);
    const { end } = await opened.reader.offsets(TOPIC.name, 0);
    const partitions = [{ topic: TOPIC.name, partition: 0, fromOffset: end }];
    const subscription = await opened.reader.subscribe({ partitions, maxBatchBytes: 1_000 });
    // Settles, whatever comes: a broker that is away for longer than a reader waits ends it.
    const arrival = subscription.batches[Symbol.asyncIterator]()
      .next()
      .then(
        ({ value }) => value?.records.length,
        (error: unknown) => error,
      );
    const writer = await opened.openWriter(`survivor.${client}`);
    const { brokers } = kafka;
    await kafka.kill();
    kafka = await startKafka({ dataDir, log });
    expect(kafka.brokers).toEqual(brokers);
    await writer.close();
    const next = await opened.openWriter(`survivor.${client}`);
    await next.append([one('after the kill')]);
    const arrived = await arrival;
    if (arrived !== 1) expect(arrived).toMatchObject({ code: 'unreachable', retriable: true });
    expect(await readAll(opened, 0)).toEqual([...before, 'after the kill']);
    await opened.close();
  }, 120_000);
});

describe('the broker', () => {
  it.each([
    ['retention.ms', '604800000'],
    ['retention.bytes', '1000000000'],
    ['cleanup.policy', 'compact,delete'],
    ['message.timestamp.type', 'LogAppendTime'],
    ['unclean.leader.election.enable', 'true'],
    ['max.message.bytes', '1048588'],
  ])(
    'refuses a topic whose %s was changed to %s, and does not change it back',
    async (name, value) => {
      const opened = await openKafkaLog({ brokers: kafka.brokers, log });
      const admin = createClient({ brokers: kafka.brokers, log }).admin();
      await admin.connect();
      const topic = { ...SPECIFICATION, name: `changed.${name}` };
      await opened.ensureTopics([topic]);
      const of = { type: ConfigResourceTypes.TOPIC as number, name: topic.name };
      const read = async () => {
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [of],
        });
        return resources[0]!.configEntries.filter(({ configSource }) => configSource === 1);
      };
      const own = (await read()).map((entry) => ({
        name: entry.configName,
        value: entry.configValue,
      }));
      const configEntries = [...own.filter((entry) => entry.name !== name), { name, value }];
      await admin.alterConfigs({ validateOnly: false, resources: [{ ...of, configEntries }] });
      // The broker answers before it has read the change itself.
      const now = async () =>
        (await read()).find(({ configName }) => configName === name)?.configValue;
      await expect.poll(now, { timeout: 10_000 }).toBe(value);
      const refusal = expect(opened.ensureTopics([topic])).rejects;
      const words = name === 'max.message.bytes' ? 'maxMessageBytes' : `${name} ${value}, and not`;
      await refusal.toMatchObject({ code: 'topicMismatch', retriable: false });
      await expect(opened.ensureTopics([topic])).rejects.toThrow(words);
      const left = (await read()).find((entry) => entry.configName === name);
      expect(left?.configValue).toBe(value);
      await admin.disconnect();
      await opened.close();
    },
  );

  it('refuses a second start on a folder in use', async () => {
    await expect(startKafka({ dataDir, log })).rejects.toMatchObject({ code: 'folderInUse' });
  });

  it('adopts the broker of a supervisor that was killed', async () => {
    const folder = join(dataDir, 'adopted');
    const supervisor = new URL('../../dist/test/kafkaSupervisor.mjs', import.meta.url).pathname;
    buildSync({
      stdin: {
        contents: `
          import { startKafka } from './kafkaRuntime.ts';
          const log = { debug() {}, info() {}, warn() {}, error() {} };
          console.log(JSON.stringify(await startKafka({ dataDir: process.argv[2], log })));
          setInterval(() => {}, 1000);`,
        resolveDir: import.meta.dirname,
      },
      outfile: supervisor,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
    });
    const child = spawn(process.execPath, [supervisor, folder]);
    const ended = new Promise((done) => child.once('exit', done));
    try {
      const line = await new Promise((done) => child.stdout.once('data', done));
      const first = JSON.parse(String(line));
      child.kill('SIGKILL');
      await ended;
      const adopted = await startKafka({ dataDir: folder, log });
      expect(adopted).toMatchObject({ adopted: true, pid: first.pid, brokers: first.brokers });
      await adopted.stop();
      // Nobody's child any more, it may be left as a zombie: then it has no command line.
      const commandLine = `/proc/${first.pid}/cmdline`;
      expect(existsSync(commandLine) ? readFileSync(commandLine, 'utf8') : '').toBe('');
    } finally {
      child.kill('SIGKILL');
      rmSync(supervisor, { force: true });
    }
  }, 120_000);
});
