import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VISIBLE_CHANNEL } from '../../projections/readModels.js';
import { present } from '../../schemas/kernel/assert.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import { describeWakeupsContract } from '../../test/contracts/wakeupsContract.js';
import { buildChain, chainKeys } from '../../test/simulation/certifiedChain.js';
import { blockRecord } from '../../test/simulation/chainRecords.js';
import { quietLog as log } from '../../test/simulation/projectedChain.js';
import { connectClient } from '../postgres/connection.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../postgres/embeddedPostgres.js';
import { openPostgresLog } from '../postgres/postgresLog.js';
import { listenWakeups } from './listenWakeups.js';
import { logWakeups } from './logWakeups.js';

const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-wakeups-'));
const publicDir = `${dataDir}-public`;
let server: EmbeddedPostgres;

beforeAll(async () => {
  server = await startEmbeddedPostgres({ dataDir, publicDir, log });
});
afterAll(async () => {
  await server.stop();
  for (const folder of [dataDir, publicDir]) rmSync(folder, { recursive: true, force: true });
});

const over = (port: number): string => server.url.replace(`:${server.port}/`, `:${port}/`);

describeWakeupsContract('notifications', async () => {
  const client = await connectClient({ url: server.url, applicationName: 'projector', log });
  return {
    port: server.port,
    over: (port) => listenWakeups({ urls: [over(port)], applicationName: 'reader', log }),
    async tell(height) {
      await client.query('select pg_notify($1, $2)', [VISIBLE_CHANNEL, String(height)]);
    },
    close: () => client.end(),
  };
});

describeWakeupsContract('the end of the log', async () => {
  const { shard, chainId } = chainKeys;
  const { blocks: topic } = topicNames(chainId);
  const chain = buildChain([[], []]);
  const direct = await openPostgresLog({ url: server.url, log });
  await direct.ensureTopics(topicManifest(chainId, 1, 1));
  const writer = await direct.openWriter('publisher');
  const junk = { topic, partition: shard, key: uint32(shard), timestampMs: 0 };
  return {
    port: server.port,
    over: (port) => {
      const open = () => openPostgresLog({ url: over(port), log });
      return logWakeups({ open, topic, partition: shard, log });
    },
    async tell(height) {
      const value = blockRecord(present(chain[height - 1], 'a height'));
      await writer.append([
        { ...junk, value: Uint8Array.of(0, 1, 2) },
        { ...junk, value },
      ]);
    },
    async close() {
      await writer.close();
      await direct.close();
    },
  };
});

it('listens at the next database while the first lets nobody in', async () => {
  const heard: number[] = [];
  const urls = [over(1), server.url];
  const wakeups = listenWakeups({ urls, applicationName: 'reader', log })((height) =>
    heard.push(height),
  );
  await expect.poll(() => heard, { timeout: 15_000 }).toContain(0);
  await wakeups.close();
});
