import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBrokenLog } from '../../test/contracts/brokenLogContract.js';
import { openTcpProxy, type TcpProxy } from '../../test/contracts/tcpProxy.js';
import { describeBrokenPublishing } from '../../test/simulation/publish/publishingOnLog.js';
import { freePort } from '../postgres/freePort.js';
import { KAFKA_CLIENTS } from './kafkaChoices.js';
import { openKafkaLog } from './kafkaLog.js';
import { type KafkaRuntime, startKafka } from './kafkaRuntime.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-broken-kafka-'));
let kafka: KafkaRuntime;
let proxy: TcpProxy;

beforeAll(async () => {
  const port = await freePort();
  // Clients go where the broker says that it is, so that is where the proxy listens.
  proxy = await openTcpProxy(0, () => port);
  kafka = await startKafka({ dataDir, log, proxied: { port, advertisedPort: proxy.port } });
}, 300_000);

afterAll(async () => {
  await proxy.close();
  await kafka.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

for (const client of KAFKA_CLIENTS) {
  describeBrokenLog(`the Kafka log by ${client}`, {
    place: async () => {
      const open = (brokers: readonly string[]) => openKafkaLog({ brokers, client, log });
      return {
        proxy,
        openProxied: () => open([`127.0.0.1:${proxy.port}`]),
        openDirect: () => open(kafka.brokers),
        stop: async () => {},
      };
    },
    // Partitions added, records, end of the transaction; the next ones are of what follows.
    chunks: [1, 2, 3, 4],
  });

  describeBrokenPublishing(`the Kafka log by ${client}`, () => ({
    proxy,
    open: () => openKafkaLog({ brokers: [`127.0.0.1:${proxy.port}`], client, log }),
  }));
}

async function makeTopic(name: string): Promise<void> {
  const opened = await openKafkaLog({ brokers: kafka.brokers, log });
  await opened.ensureTopics([
    { name, partitions: 1, compacted: false, maxMessageBytes: 1_000_000 },
  ]);
  await opened.close();
}

/** What a read-committed reader finds in the one partition of a topic. */
async function values(topic: string): Promise<string[]> {
  const opened = await openKafkaLog({ brokers: kafka.brokers, log });
  const { first, end } = await opened.reader.offsets(topic, 0);
  const found: string[] = [];
  const partitions = [{ topic, partition: 0, fromOffset: first }];
  const subscription = await opened.reader.subscribe({ partitions, maxBatchBytes: 1_000 });
  for await (const batch of subscription.batches) {
    found.push(...batch.records.map(({ value }) => Buffer.from(value).toString()));
    if (batch.nextOffset >= end) break;
  }
  await opened.close();
  return found;
}

describe.each(KAFKA_CLIENTS)('a request of %s that reaches the broker twice', (client) => {
  // Partitions added, records, end of the transaction; then partitions of the next one.
  it.each([1, 2, 3, 4])(
    'changes nothing that is read: chunk %i of two appends',
    async (chunk) => {
      const topic = `twice.${client}.${chunk}`;
      await makeTopic(topic);
      const brokers = [`127.0.0.1:${proxy.port}`];
      const opened = await openKafkaLog({ brokers, client, log });
      const record = (text: string) => ({
        ...{ topic, partition: 0, key: Uint8Array.of(1), timestampMs: 1 },
        value: Uint8Array.from(Buffer.from(text)),
      });
      let writer = await opened.openWriter(topic);
      await writer.append([record('before')]);
      proxy.repeat(chunk);
      let expected = ['before'];
      for (const text of ['one', 'two']) {
        try {
          await writer.append([record(text)]);
          expected.push(text);
        } catch (error) {
          // In doubt: as a publisher does, another writer, and what stands there is read back.
          expect(error).toMatchObject({ name: 'LogError' });
          await writer.close();
          writer = await opened.openWriter(topic);
          const found = await values(topic);
          expect([expected, [...expected, text]]).toContainEqual(found);
          expected = found;
        }
      }
      expect(proxy.hasRepeated).toBe(true);
      await writer.append([record('after')]);
      await writer.close();
      await (await opened.openWriter(topic)).close();
      expect(await values(topic)).toEqual([...expected, 'after']);
      await opened.close();
    },
    60_000,
  );
});

describe('the producer of kafkajs', () => {
  const TOPIC = 'silent';

  it('loses records silently when it is used again after a lost answer', async () => {
    await makeTopic(TOPIC);
    const producer = new kafkajs.Kafka({
      brokers: [`127.0.0.1:${proxy.port}`],
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { initialRetryTime: 10, maxRetryTime: 50, retries: 2 },
    }).producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const send = (value: string) => producer.send({ topic: TOPIC, messages: [{ value }] });
    await send('first');
    await send('second');
    proxy.cut({ atChunk: 1, delivered: true, thenShut: true });
    await expect(send('third')).rejects.toThrow();
    expect(proxy.hasCut).toBe(true);
    proxy.cut(null);
    // The client counts as if the third had never been sent; the broker takes the fourth for it.
    const answer = await send('fourth').catch(() => send('fourth'));
    await producer.disconnect();
    expect(await values(TOPIC)).toEqual(['first', 'second', 'third']);
    // Nothing in the answer tells: the fourth would stand where the third does. So a writer of ours
    // is thrown away after the first doubt, and the log read back (describeBrokenLog).
    expect(answer[0]).toMatchObject({ errorCode: 0, baseOffset: '2' });
  }, 60_000);
});
