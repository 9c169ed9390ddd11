import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fetchKafkaJars } from '../../infra/kafka/kafkaJars.js';
import { fetchJavaReaderJars } from '../../infra/tools/suites/javaReader.js';
import { type ClusterUnderTest, createCluster } from '../e2e/clusterUnderTest.js';
import { type EventTotals, type Kitchen, playedTotals, prepareKitchen } from './analystRecipe.js';

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const CONSOLE = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
const folder = mkdtempSync(join(tmpdir(), 'nullspace-java-'));
let kitchen: Kitchen;
let cluster: ClusterUnderTest | null = null;
let totals: EventTotals;
let addresses: Record<string, string>;

beforeAll(async () => {
  // A release of Kafka has this as a script of its own.
  const jvm = `java -Xmx256m -Dorg.slf4j.simpleLogger.defaultLogLevel=off`;
  kitchen = prepareKitchen(folder, {
    'kafka-console-consumer.sh': `${jvm} -cp '${await fetchKafkaJars()}/*' ${CONSOLE}`,
  });
  symlinkSync(fetchJavaReaderJars(POM), join(folder, 'jars'));
  // What stands in the topics is the same from one validator, whom others do not outvote.
  cluster = await createCluster('kafka', 1);
  await cluster.up();
  const { gatewayUrl, readerUrl, brokers } = cluster;
  addresses = { 'http://127.0.0.1:8080': readerUrl, '127.0.0.1:9092': brokers };
  addresses['127.0.0.1:8080'] = readerUrl;
  totals = await playedTotals(gatewayUrl, readerUrl);
}, 400_000);

afterAll(async () => {
  await cluster?.remove();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

it("Avro's own reader for Java reads what the read API says", () => {
  const stdout = kitchen.cook('in Java', addresses);
  expect(JSON.parse(stdout)).toEqual(totals);
}, 120_000);

it("Kafka's console consumer shows as many events, and the marks beside them", () => {
  const lines = kitchen.cook('console consumer', addresses).trim().split('\n');
  const counts = Object.fromEntries(
    lines.map((line) => {
      const [count, head] = line.trim().split(' ');
      return [head, Number(count)];
    }),
  );
  const frame = '\\x00\\x00\\x00\\x00\\x0D';
  expect(Object.keys(counts).sort()).toEqual([`${frame}\\x00`, `${frame}\\x02`]);
  expect(counts[`${frame}\\x00`]).toBe(totals.events);
  expect(counts[`${frame}\\x02`]).toBeGreaterThan(0);
}, 120_000);
