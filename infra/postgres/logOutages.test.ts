import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Log } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { describeRefusedPublishing } from '../../test/simulation/publish/publishingOnLog.js';
import { createPool } from './connection.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embeddedPostgres.js';
import { PostgresError, type PostgresErrorCode } from './errors.js';
import { toLogError } from './logCatalog.js';
import { openPostgresLog } from './postgresLog.js';

const START_MS_MAX = 120_000;

it.each<PostgresErrorCode>([
  ...(['unreachable', 'busy', 'readOnly', 'outOfMemory', 'contention', 'timeout'] as const),
  ...(['diskFull', 'authentication', 'permission', 'refused'] as const),
])('%s of Postgres is asked again of the log too, or waited for, or not', (code) => {
  const cause = new PostgresError(code, 'x');
  const { retriable, mendedByOthers } = cause;
  const error = toLogError(cause);
  expect(error).toBeInstanceOf(LogError);
  expect(error).toMatchObject({ retriable, mendedByOthers, cause });
});

describe('a Postgres that takes no writes', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-log-outages-'));
  const publicDir = `${dataDir}-public`;
  let server: EmbeddedPostgres;
  beforeAll(async () => {
    server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
  }, START_MS_MAX);
  afterAll(async () => {
    await server.stop();
    for (const folder of [dataDir, publicDir]) rmSync(folder, { recursive: true, force: true });
  });

  const open = (url = server.url): Promise<Log> => openPostgresLog({ url, log: quietLog });
  async function asked(...statements: readonly string[]): Promise<void> {
    const pool = createPool({ url: server.url, applicationName: 'x', log: quietLog, max: 1 });
    for (const statement of statements) await pool.query(statement);
    await pool.end();
  }
  const takeWrites = (taken: 'on' | 'off'): Promise<void> => {
    const refused = taken === 'on' ? 'off' : 'on';
    const setting = `alter system set default_transaction_read_only = ${refused}`;
    return asked(setting, 'select pg_reload_conf()');
  };
  const refusal = {
    ...{ code: 'unreachable', retriable: true },
    message: expect.stringMatching(/read-only transaction \(a standby, or .* DATABASE_URL/),
  };

  it('is away for who writes its log or makes one, and answers who reads it', async () => {
    await asked('create database empty');
    const topic = { name: 'kept', partitions: 1, compacted: false, maxMessageBytes: 1_024 };
    const log = await open();
    await log.ensureTopics([topic]);
    const writer = await log.openWriter('first');
    const record = { topic: 'kept', partition: 0, timestampMs: 0 };
    const append = () =>
      writer.append([{ ...record, key: new Uint8Array(1), value: new Uint8Array(1) }]);
    await append();
    await takeWrites('off');
    await expect.poll(() => log.openWriter('second').catch(String)).toMatch(/read-only/);
    await expect(log.openWriter('second')).rejects.toMatchObject(refusal);
    await expect(append()).rejects.toMatchObject(refusal);
    await expect(log.ensureTopics([{ ...topic, name: 'new' }])).rejects.toMatchObject(refusal);
    const empty = new URL(server.url);
    empty.pathname = '/empty';
    await expect(open(empty.href)).rejects.toMatchObject(refusal);
    await log.ensureTopics([topic]);
    expect(await log.reader.offsets('kept', 0)).toEqual({ first: 0n, end: 1n });
    await takeWrites('on');
    await expect.poll(() => log.openWriter('third').catch(String)).toBeTypeOf('object');
    await log.close();
  });

  describeRefusedPublishing('a Postgres log', () => ({
    open: () => open(),
    refuse: () => takeWrites('off'),
    accept: () => takeWrites('on'),
  }));
});
