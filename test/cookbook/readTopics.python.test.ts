import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { fetchPython } from '../../infra/tools/suites/pythonReader.js';
import { type ClusterUnderTest, createCluster } from '../e2e/clusterUnderTest.js';
import { playedTotals, prepareKitchen } from './analystRecipe.js';

const folder = mkdtempSync(join(tmpdir(), 'nullspace-python-'));
let cluster: ClusterUnderTest | null = null;

afterAll(async () => {
  await cluster?.remove();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

it("Python's usual Avro deserializer reads what the read API says", async () => {
  const kitchen = prepareKitchen(folder, { python: `'${fetchPython()}'` });
  // What stands in the topics is the same from one validator, whom others do not outvote.
  cluster = await createCluster('kafka', 1);
  await cluster.up();
  const { gatewayUrl, readerUrl, brokers } = cluster;
  const totals = await playedTotals(gatewayUrl, readerUrl);
  const addresses = { 'http://127.0.0.1:8080': readerUrl, '127.0.0.1:9092': brokers };
  expect(JSON.parse(kitchen.cook('in Python', addresses))).toEqual(totals);
}, 400_000);
