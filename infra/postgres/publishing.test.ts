import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describePublishing } from '../../test/simulation/publish/publishingOnLog.js';
import { startEmbeddedPostgres } from './embeddedPostgres.js';
import { openPostgresLog } from './postgresLog.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describePublishing('the Postgres log', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-publishing-'));
  const publicDir = `${dataDir}-public`;
  const server = await startEmbeddedPostgres({ dataDir, publicDir, log });
  return {
    open: () => openPostgresLog({ url: server.url, log }),
    async stop() {
      await server.stop();
      for (const folder of [dataDir, publicDir]) rmSync(folder, { recursive: true, force: true });
    },
  };
});
