import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Log } from '../../schemas/log.js';
import { describeLogContract, readToEnd } from '../../test/contracts/logContract.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embeddedPostgres.js';
import { fetchSql } from './logReader.js';
import { applyLogRoles, compareLogRoles } from './logRoles.js';
import { openPostgresLog } from './postgresLog.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-log-'));
let server: EmbeddedPostgres;
let admin: pg.Pool;

beforeAll(async () => {
  server = await startEmbeddedPostgres({ dataDir, publicDir: `${dataDir}-public`, log });
  admin = new pg.Pool({ connectionString: server.url, max: 2 });
  // Connections that a test has the server cut off are lost on purpose.
  admin.on('error', () => {});
});
afterAll(async () => {
  await admin.end();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(`${dataDir}-public`, { recursive: true, force: true });
});

describeLogContract('the Postgres log', {
  place: async () => ({
    // A reader that no notification woke would outlast every test.
    open: () => openPostgresLog({ url: server.url, log, pollMs: 600_000 }),
    stop: async () => {},
  }),
  propertyRuns: 25,
});

const TOPIC = { name: 'own', partitions: 2, compacted: false, maxMessageBytes: 8 * 1024 * 1024 };
const one = (text: string, partition = 0) => ({
  topic: TOPIC.name,
  partition,
  key: Uint8Array.from(Buffer.from('k')),
  value: Uint8Array.from(Buffer.from(text)),
  timestampMs: 1,
});

async function withLog(url: string, work: (opened: Log) => Promise<void>): Promise<void> {
  const opened = await openPostgresLog({ url, log });
  try {
    await work(opened);
  } finally {
    await opened.close();
  }
}

/** Cuts off connections of the log adapter whose last statement is like `pattern`. */
async function cutOff(pattern: string): Promise<number> {
  const { rows } = await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'nullspace-log' and query ilike $1`,
    [pattern],
  );
  return rows.length;
}

interface PlanNode {
  readonly Plans?: readonly PlanNode[];
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
}

/** Rows that a statement read for nothing. */
function rowsPassedOver(node: PlanNode): number {
  const own = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
  const below = (node.Plans ?? []).map(rowsPassedOver);
  return below.reduce((sum, rows) => sum + rows, own * node['Actual Loops']);
}

const ROLES = { publishers: ['nullspace_publisher'], readers: ['nullspace_reader'] };
/** What no role of the log may do by statements of its own. */
const FORBIDDEN = [
  'update nullspace_log.batches set record_count = 1',
  'delete from nullspace_log.batches',
  'truncate nullspace_log.batches',
  'update nullspace_log.partitions set next_offset = 0',
  "update nullspace_log.writers set epoch = 0 where id = 'granted'",
  "insert into nullspace_log.batches values (1, 0, 1, 1, '')",
  'drop table nullspace_log.batches',
  'create table nullspace_log.mine ()',
];
/** What a publisher may do, and nobody else. */
const WRITING = [
  "select nullspace_log.open_writer('granted')",
  "select nullspace_log.append('granted', 1, array[1], array[1], array[0], '')",
];

describe('the Postgres log', () => {
  it('reads its end without going through all before, by an old plan too', async () => {
    const topic = { ...TOPIC, name: 'grown', partitions: 1 };
    const client = await admin.connect();
    await withLog(server.url, async (opened) => {
      await opened.ensureTopics([topic]);
      const writer = await opened.openWriter('grown');
      const append = () => writer.append([{ ...one('x'), topic: topic.name }]);
      await append();
      const { rows } = await admin.query(
        `select p.id from nullspace_log.partitions p join nullspace_log.topics t on t.id = topic_id
         where name = 'grown'`,
      );
      await client.query('analyze nullspace_log.batches');
      await client.query('set plan_cache_mode = force_generic_plan');
      const text = fetchSql({ ids: '$1', offsets: '$2', bytes: '$3', rows: '$4' });
      await client.query(`prepare fetch_end (int[], bigint[], bigint, bigint) as ${text}`);
      const fetch = `fetch_end (array[${rows[0].id}], array[400], 65536, 1000)`;
      await client.query(`execute ${fetch}`);
      for (let height = 1; height < 401; height++) await append();
      const plan = await client.query(`explain (analyze, format json) execute ${fetch}`);
      const [{ Plan: root }] = plan.rows[0]['QUERY PLAN'];
      expect(root['Actual Rows']).toBe(1);
      expect(rowsPassedOver(root)).toBeLessThan(10);
      await writer.close();
    });
    client.release();
  });

  it('goes on reading by polling and listens again when its listener is cut off', async () => {
    await withLog(server.url, async (opened) => {
      await opened.ensureTopics([TOPIC]);
      const { end } = await opened.reader.offsets(TOPIC.name, 0);
      const partitions = [{ topic: TOPIC.name, partition: 0, fromOffset: end }];
      const subscription = await opened.reader.subscribe({ partitions, maxBatchBytes: 1_000 });
      const arrivals = subscription.batches[Symbol.asyncIterator]();
      let arrival = arrivals.next();
      const listening = async (): Promise<number> => {
        const found = await admin.query(
          `select count(*)::int as n from pg_stat_activity
           where application_name = 'nullspace-log' and query like 'listen%'`,
        );
        return found.rows[0].n;
      };
      await expect.poll(listening).toBe(1);
      expect(await cutOff('listen%')).toBe(1);
      const writer = await opened.openWriter('cut');
      await writer.append([one('while deaf')]);
      expect((await arrival).value?.records.length).toBe(1);
      arrival = arrivals.next();
      await expect.poll(listening, { timeout: 5_000 }).toBe(1);
      await writer.append([one('heard')]);
      expect((await arrival).value?.records.length).toBe(1);
      await writer.close();
    });
  });

  it('discards a writer whose connection broke, and a new one goes on', async () => {
    await withLog(server.url, async (opened) => {
      await opened.ensureTopics([TOPIC]);
      const writer = await opened.openWriter('broken');
      await writer.append([one('whole')]);
      expect(await cutOff('select nullspace_log.append%')).toBe(1);
      await expect(writer.append([one('lost')])).rejects.toMatchObject({ code: 'unreachable' });
      await expect(writer.append([one('lost')])).rejects.toMatchObject({ code: 'discarded' });
      await writer.close();
      const next = await opened.openWriter('broken');
      await next.append([one('again')]);
      await next.close();
    });
  });

  it('waits in openWriter for an append of the old writer that is under way', async () => {
    await withLog(server.url, async (opened) => {
      await opened.ensureTopics([TOPIC]);
      const old = await opened.openWriter('handover');
      const before = (await opened.reader.offsets(TOPIC.name, 1)).end;
      const blocker = await admin.connect();
      await blocker.query('begin');
      await blocker.query('select * from nullspace_log.partitions for update');
      const append = old.append([one('in flight', 1)]);
      await expect
        .poll(async () => {
          const waiting = await admin.query(
            "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'",
          );
          return waiting.rows[0].n;
        })
        .toBe(1);
      let opened2 = false;
      const opening = opened.openWriter('handover').then((writer) => {
        opened2 = true;
        return writer;
      });
      await new Promise((done) => setTimeout(done, 100));
      expect(opened2).toBe(false);
      await blocker.query('commit');
      blocker.release();
      const writer = await opening;
      await append;
      // What the new writer reads back holds the old one's last append.
      expect((await opened.reader.offsets(TOPIC.name, 1)).end).toBe(before + 1n);
      await expect(old.append([one('late', 1)])).rejects.toMatchObject({ code: 'fenced' });
      await Promise.all([old.close(), writer.close()]);
    });
  });

  it('skips what a bad writer put there, and reads on', async () => {
    await withLog(server.url, async (opened) => {
      await opened.ensureTopics([{ ...TOPIC, name: 'bad' }]);
      const writer = await opened.openWriter('bad');
      await writer.append([{ ...one('good'), topic: 'bad' }]);
      const { rows } = await admin.query(
        `select p.id from nullspace_log.partitions p join nullspace_log.topics t on t.id = topic_id
         where name = 'bad' and partition = 0`,
      );
      await admin.query(
        `select nullspace_log.append('forger', nullspace_log.open_writer('forger'),
           array[$1::int], array[3], array[5], '\\xffffffffff')`,
        [rows[0].id],
      );
      await writer.append([{ ...one('also good'), topic: 'bad' }]);
      const partitions = [{ topic: 'bad', partition: 0, fromOffset: 0n }];
      const subscription = await opened.reader.subscribe({ partitions, maxBatchBytes: 1_000 });
      const texts: string[] = [];
      for await (const batch of subscription.batches) {
        texts.push(...batch.records.map((each) => Buffer.from(each.value).toString()));
        if (batch.nextOffset === batch.endOffset) break;
      }
      expect(texts).toEqual(['good', 'also good']);
      await writer.close();
    });
  });

  it('lets publishers append and read, and change nothing', async () => {
    await applyLogRoles(admin, ROLES);
    await admin.query('drop role if exists nullspace_test_publisher, nullspace_test_reader');
    for (const role of ['publisher', 'reader']) {
      await admin.query(`create role nullspace_test_${role} login password 'p'`);
      await admin.query(`grant nullspace_${role} to nullspace_test_${role}`);
    }
    const as = (role: string) => server.url.replace(/\/\/[^@]+@/, `//nullspace_test_${role}:p@`);
    await withLog(as('publisher'), async (opened) => {
      const writer = await opened.openWriter('granted');
      await writer.append([one('by a publisher')]);
      await writer.close();
      await opened.ensureTopics([TOPIC]);
      const refusal = expect(opened.ensureTopics([{ ...TOPIC, name: 'more' }])).rejects;
      await refusal.toMatchObject({ code: 'notAuthorised', retriable: false });
    });
    await withLog(as('reader'), async (opened) => {
      expect((await opened.reader.offsets(TOPIC.name, 0)).end).toBeGreaterThan(0n);
      expect((await readToEnd(opened, TOPIC.name, 0)).length).toBeGreaterThan(0);
      const refusal = expect(opened.openWriter('not granted')).rejects;
      await refusal.toMatchObject({ code: 'notAuthorised', retriable: false });
    });
    for (const role of ['publisher', 'reader']) {
      const client = new pg.Client({ connectionString: as(role) });
      await client.connect();
      const statements = role === 'reader' ? [...FORBIDDEN, ...WRITING] : FORBIDDEN;
      for (const statement of statements) {
        await expect(client.query(statement), statement).rejects.toMatchObject({ code: '42501' });
      }
      await client.end();
    }
  });

  it('names what roles lack and what they may besides, and changes nothing then', async () => {
    const roles = { publishers: ['nullspace_publisher'], readers: ['Reader two'] };
    await applyLogRoles(admin, { ...roles, readers: [] });
    const lacking = await compareLogRoles(admin, roles);
    expect(lacking.extra).toEqual([]);
    expect(lacking.missing).toEqual([
      'Reader two SELECT on batches',
      'Reader two SELECT on partitions',
      'Reader two SELECT on topics',
      'Reader two SELECT on writers',
      'Reader two USAGE on nullspace_log',
    ]);
    expect(await applyLogRoles(admin, roles)).toEqual(lacking);
    expect(await compareLogRoles(admin, roles)).toEqual({ missing: [], extra: [] });
    await admin.query('grant delete on nullspace_log.batches to "Reader two"');
    await admin.query('revoke select on nullspace_log.topics from "Reader two"');
    const different = {
      missing: ['Reader two SELECT on topics'],
      extra: ['Reader two DELETE on batches'],
    };
    expect(await applyLogRoles(admin, roles)).toEqual(different);
    expect(await compareLogRoles(admin, roles)).toEqual(different);
    await admin.query('drop owned by "Reader two"');
    await admin.query('drop role "Reader two"');
  });
});
