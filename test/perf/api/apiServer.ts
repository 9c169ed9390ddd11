import process from 'node:process';
import Fastify from 'fastify';
import pg from 'pg';
import { openReadDatabase } from '../../../infra/http/readDatabase.js';
import { followHeights } from '../../../infra/http/readHeights.js';
import { createReadServer } from '../../../infra/http/readServer.js';
import { createMetrics } from '../../../infra/telemetry/metrics.js';
import { listenWakeups } from '../../../infra/wakeups/listenWakeups.js';
import { VIEW_SCHEMA } from '../../../projections/readModels.js';
import type { Sql, SqlValue } from '../../../query/ports.js';
import type { Parameters } from '../../../query/routes/route.js';
import { routes } from '../../../query/routes/routes.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { present } from '../../../schemas/kernel/assert.js';
import { quietLog } from '../../simulation/projectedChain.js';
import { playedGenesis } from '../playedChain.js';

/** A path of the read API with values for its parameters. */
export interface AskedPath {
  readonly url: string;
  readonly parameters: Parameters;
}

/**
 * What the parent asks of a child, as its first message. The child answers with `ready`, and any
 * later message with the processor time in us that it has used.
 */
export interface ServerTask {
  /** `reader`: the read API. `bare`: path `/N` runs the statements of `asked[N]`, and no more. */
  readonly kind: 'reader' | 'bare';
  readonly databaseUrl: string;
  readonly port: number;
  readonly height: number;
  readonly asked: readonly AskedPath[];
}

const keys = genesisEpoch(playedGenesis, 0);

const CONNECTIONS = 8;
const noStates = { read: async () => null };

async function serveReader({ databaseUrl: url, port }: ServerTask): Promise<void> {
  const connection = { url, applicationName: 'bench reader', log: quietLog };
  const sql = openReadDatabase(connection);
  const heights = await followHeights({
    sql,
    shard: 0,
    wakeups: listenWakeups({ ...connection, urls: [connection.url] }),
    log: quietLog,
  });
  const server = await createReadServer({
    ...{ sql, heights, states: noStates, genesis: playedGenesis, keys, shard: 0, log: quietLog },
    ...{ metrics: createMetrics('reader'), page: null },
    status: () => ({ role: 'reader', name: 'bench', ready: true, height: 0 }),
  });
  await server.listen({ host: '127.0.0.1', port });
}

interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** With which statements the read API answers. */
async function statementsOf(task: ServerTask, asked: AskedPath): Promise<Statement[]> {
  const { databaseUrl: url, height } = task;
  const database = openReadDatabase({ url, applicationName: 'bench', log: quietLog });
  const statements: Statement[] = [];
  const sql: Sql = {
    rows(text, values) {
      statements.push({ text, values });
      return database.rows(text, values);
    },
  };
  const route = present(
    routes.find(({ url: path }) => path === asked.url),
    asked.url,
  );
  const visible = { height, timestampMs: 1 };
  const context = { sql, genesis: playedGenesis, keys, shard: 0, visible, states: noStates };
  const answer = await route.read(context, asked.parameters);
  if (answer.kind !== 'found') throw new Error(`${asked.url}: ${answer.kind}`);
  await database.close();
  return statements;
}

function plainRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    plain[name] = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  }
  return plain;
}

/** What somebody would write who needs one path and nothing else. */
async function serveBare(task: ServerTask): Promise<void> {
  const url = new URL(task.databaseUrl);
  url.searchParams.set('options', `-c search_path=${VIEW_SCHEMA}`);
  const pool = new pg.Pool({ connectionString: url.href, max: CONNECTIONS });
  pool.on('error', () => process.exit(1));
  const server = Fastify({ logger: false });
  for (const [index, asked] of task.asked.entries()) {
    const statements = await statementsOf(task, asked);
    server.get(`/${index}`, async () => {
      const items: Record<string, unknown>[] = [];
      for (const { text, values } of statements) {
        const { rows } = await pool.query(text, [...values]);
        for (const row of rows) items.push(plainRow(row));
      }
      return { items };
    });
  }
  await server.listen({ host: '127.0.0.1', port: task.port });
}

process.once('disconnect', () => process.exit(1));
process.once('message', (task: ServerTask) => {
  const serving = task.kind === 'reader' ? serveReader(task) : serveBare(task);
  serving.then(
    () => {
      process.on('message', () => {
        const { user, system } = process.cpuUsage();
        process.send?.(user + system);
      });
      process.send?.('ready');
    },
    (error: unknown) => {
      process.stderr.write(`${(error as Error).stack}\n`);
      process.exit(1);
    },
  );
});
