import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Log } from '../../schemas/log.js';
import { readToEnd } from '../../test/contracts/logContract.js';
import { createClient } from './client.js';
import { heldBack } from './forgottenTransaction.js';
import { openKafkaLog } from './kafkaLog.js';
import { type KafkaRuntime, startKafka } from './kafkaRuntime.js';
import { byLeader } from './logCluster.js';
import { partitionEnds } from './partitionEnds.js';
import { connectPlatformatic, type ProducingCluster } from './platformaticCluster.js';
import { readableWait } from './readableWait.js';

/*
 * What a defective coordinator leaves behind, made on a sound broker: records of a transaction in
 * partitions of which no coordinator knows that they belong to one.
 */

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-forgotten-'));
const TOPIC = { name: 'forgotten', partitions: 3, compacted: false, maxMessageBytes: 1_000_000 };
const PARTITIONS = [0, 1, 2].map((partition) => ({ topic: TOPIC.name, partition }));
let kafka: KafkaRuntime;
let opened: Log;
let cluster: ProducingCluster;

beforeAll(async () => {
  kafka = await startKafka({ dataDir, log });
  opened = await openKafkaLog({ brokers: kafka.brokers, log });
  await opened.ensureTopics([TOPIC]);
  const client = createClient({ brokers: kafka.brokers, log });
  cluster = await connectPlatformatic({ brokers: kafka.brokers });
  const admin = client.admin();
  await admin.connect();
  // Or the broker asks the coordinator, and refuses what that does not know of.
  const configEntries = [{ name: 'transaction.partition.verification.enable', value: 'false' }];
  const type = kafkajs.ConfigResourceTypes.BROKER as number;
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type, name: '1', configEntries }],
  });
  await admin.disconnect();
}, 300_000);

afterAll(async () => {
  await cluster.close();
  await opened.close();
  await kafka.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

const record = (partition: number, text: string) => ({
  ...{ topic: TOPIC.name, partition, key: Uint8Array.of(1), timestampMs: 1 },
  value: Uint8Array.from(Buffer.from(text)),
});

/** Stores a record in each of the partitions, of a transaction that nobody will end. */
async function forget(writerId: string, partitions: readonly number[]): Promise<void> {
  await cluster.knowTopics([TOPIC.name]);
  const producer = await (await cluster.coordinator(writerId)).initProducerId(15_000);
  const records = partitions.map((partition) => record(partition, 'forgotten'));
  for (const [nodeId, own] of byLeader(cluster, records)) {
    const broker = await cluster.broker(nodeId);
    const { refused } = await broker.produce(
      producer,
      own.map((one) => ({ ...one, records: [one], sequence: 0 })),
    );
    expect(refused).toEqual([]);
  }
}

async function readAll(partition: number): Promise<string[]> {
  const records = await readToEnd(opened, TOPIC.name, partition);
  return records.map(({ value }) => Buffer.from(value).toString());
}

it('shows what a coordinator has forgotten, once, as soon as the next writer is open', async () => {
  let writer = await opened.openWriter('w');
  await writer.append([record(0, 'before'), record(1, 'before'), record(2, 'before')]);
  await writer.close();
  await (await opened.openWriter('w')).close(); // the coordinator is at its end with the append
  await forget('w', [0, 2]);
  expect(await readAll(0)).toEqual(['before']);
  expect(await heldBack(cluster, PARTITIONS)).toEqual([PARTITIONS[0], PARTITIONS[2]]);

  writer = await opened.openWriter('w');
  expect(await heldBack(cluster, PARTITIONS)).toEqual([]);
  expect(await readAll(0)).toEqual(['before', 'forgotten']);
  await writer.append([record(0, 'after'), record(1, 'after')]);
  expect(await readAll(0)).toEqual(['before', 'forgotten', 'after']);
  expect(await readAll(1)).toEqual(['before', 'after']);
  expect(await readAll(2)).toEqual(['before', 'forgotten']);
  await writer.close();
}, 60_000);

it('leaves the open transaction of another writer as it is', async () => {
  const client = createClient({ brokers: kafka.brokers, log });
  const other = client.producer({
    transactionalId: 'other',
    idempotent: true,
    transactionTimeout: 15_000,
  });
  await other.connect();
  const transaction = await other.transaction();
  const message = { partition: 1, key: Buffer.from([1]), value: Buffer.from('of the other') };
  await transaction.send({ topic: TOPIC.name, messages: [message] });
  const before = await readAll(1);

  const writer = await opened.openWriter('w');
  expect(await readAll(1)).toEqual(before);
  const name = `${TOPIC.name}/1`;
  const written = await partitionEnds(cluster, PARTITIONS, 'written');
  const end = written.get(name) ?? 0n;
  const waiting = readableWait(cluster, [{ topic: TOPIC.name, partition: 1, end }]);
  await transaction.commit();
  await waiting;
  expect(await readAll(1)).toEqual([...before, 'of the other']);
  await writer.append([record(1, 'later')]);
  expect(await readAll(1)).toEqual([...before, 'of the other', 'later']);
  await writer.close();
  await other.disconnect();
}, 60_000);

it('never says that an append is done while readers are not shown it', async () => {
  const writer = await opened.openWriter('w');
  for (let n = 0; n < 50; n++) {
    await writer.append([record(0, `n${n}`), record(2, `n${n}`)]);
    const written = await partitionEnds(cluster, PARTITIONS, 'written');
    const readable = await partitionEnds(cluster, PARTITIONS, 'readable');
    expect(readable).toEqual(written);
  }
  await writer.close();
}, 60_000);
