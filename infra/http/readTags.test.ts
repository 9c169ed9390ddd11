import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { VIEW_SCHEMA, VISIBLE_CHANNEL } from '../../projections/readModels.js';
import { engineGenesis, engineKeys } from '../../test/simulation/engineChain.js';
import {
  openProjectedChain,
  type ProjectedChain,
  quietLog,
} from '../../test/simulation/projectedChain.js';
import { createPool } from '../postgres/connection.js';
import { seenNames } from '../postgres/projectionSql.js';
import { createMetrics } from '../telemetry/metrics.js';
import { createReadServer } from './readServer.js';

const HEIGHTS = 6;
const PATHS = ['/explorer/blocks', '/explorer/blocks/5'];
let world: ProjectedChain;
let server: FastifyInstance;
let admin: pg.Pool;

beforeAll(async () => {
  world = await openProjectedChain({ heights: HEIGHTS, commands: 4 });
  await world.project(HEIGHTS);
  server = await createReadServer({
    ...{ sql: world.sql, heights: world.heights, states: { read: async () => null } },
    ...{ genesis: engineGenesis, keys: engineKeys, shard: 0, log: quietLog, page: null },
    metrics: createMetrics('reader'),
    status: () => ({ role: 'reader', name: 'test', ready: true, height: 0 }),
  });
  admin = createPool({ url: world.url, applicationName: 'swap', log: quietLog, max: 1 });
});
afterAll(async () => {
  await admin.end();
  await server.close();
  await world.close();
});

async function get(url: string, tag?: string) {
  const headers = tag === undefined ? {} : { 'if-none-match': tag };
  const response = await server.inject({ method: 'GET', url, headers });
  return { status: response.statusCode, tag: String(response.headers.etag), text: response.body };
}

/** Tables with the same rows, and blocks that another version of the folds would say of them. */
async function makeOtherTables(schema: string): Promise<void> {
  await admin.query(`create schema ${schema}`);
  for (const name of seenNames) {
    await admin.query(`create table ${schema}.${name} as select * from ${VIEW_SCHEMA}.${name}`);
  }
  await admin.query(`update ${schema}.blocks set size_bytes = size_bytes + 1`);
}

/** In one transaction that wakes readers, as swaps do. */
async function show(schema: string): Promise<void> {
  const views = seenNames.map(
    (name) =>
      `create or replace view ${VIEW_SCHEMA}.${name} as select * from ${schema}.${name} as kept`,
  );
  const wake = `select pg_notify('${VISIBLE_CHANNEL}', '${HEIGHTS}')`;
  await admin.query(['begin', ...views, wake, 'commit'].join(';'));
}

it('no tag is good for an answer of other tables at the same height', async () => {
  const [genesis, ...before] = await Promise.all(['/genesis', ...PATHS].map((path) => get(path)));
  const tables = world.heights.tables();
  await makeOtherTables('p_nullspace_other');
  await show('p_nullspace_other');
  await vi.waitFor(() => expect(world.heights.tables()).not.toBe(tables), { timeout: 5_000 });
  expect(world.heights.current().height).toBe(HEIGHTS);
  for (const [index, path] of PATHS.entries()) {
    const after = await get(path, before[index]?.tag);
    expect(after.status, path).toBe(200);
    expect(after.text, path).not.toBe(before[index]?.text);
    expect((await get(path, after.tag)).status, path).toBe(304);
  }
  // Genesis is of no tables.
  expect((await get('/genesis', genesis?.tag)).status).toBe(304);
});

it('tables made anew by the name of those that were dropped are others too', async () => {
  const { tag } = await get('/explorer/blocks/5');
  const tables = world.heights.tables();
  await admin.query('alter schema p_nullspace_other rename to p_nullspace_dropped');
  await makeOtherTables('p_nullspace_other');
  await show('p_nullspace_other');
  await vi.waitFor(() => expect(world.heights.tables()).not.toBe(tables), { timeout: 5_000 });
  expect((await get('/explorer/blocks/5', tag)).status).toBe(200);
});
