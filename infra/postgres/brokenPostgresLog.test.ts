import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBrokenLog } from '../../test/contracts/brokenLogContract.js';
import { openTcpProxy } from '../../test/contracts/tcpProxy.js';
import { startEmbeddedPostgres } from './embeddedPostgres.js';
import { openPostgresLog } from './postgresLog.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describeBrokenLog('the Postgres log', {
  place: async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-broken-'));
    const publicDir = `${dataDir}-public`;
    const server = await startEmbeddedPostgres({ dataDir, publicDir, log });
    const proxy = await openTcpProxy(0, () => server.port);
    const proxiedUrl = server.url.replace(`:${server.port}/`, `:${proxy.port}/`);
    return {
      proxy,
      openProxied: () => openPostgresLog({ url: proxiedUrl, log }),
      openDirect: () => openPostgresLog({ url: server.url, log }),
      stop: async () => {
        await proxy.close();
        await server.stop();
        for (const folder of [dataDir, publicDir]) rmSync(folder, { recursive: true, force: true });
      },
    };
  },
  chunks: [1, 2],
});
