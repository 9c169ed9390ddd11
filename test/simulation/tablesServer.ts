import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../infra/postgres/embeddedPostgres.js';
import { dropProjections } from './dropProjections.js';
import { quietLog } from './projectedChain.js';

/** A server for the tests of one file, without tables at the beginning of each. */
export interface TablesServer {
  readonly url: string;
  readonly admin: pg.Pool;
}

export function tablesServer(name: string): TablesServer {
  const dataDir = mkdtempSync(join(tmpdir(), `nullspace-${name}-`));
  const publicDir = `${dataDir}-public`;
  let server: EmbeddedPostgres;
  let admin: pg.Pool;
  beforeAll(async () => {
    server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
    admin = new pg.Pool({ connectionString: server.url, max: 2 });
    admin.on('error', () => {}); // idle connections, when the server stops
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(publicDir, { recursive: true, force: true });
  });
  beforeEach(() => dropProjections(admin));
  return {
    get url() {
      return server.url;
    },
    get admin() {
      return admin;
    },
  };
}
