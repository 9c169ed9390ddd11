import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { connectClient, createPool } from '../../../infra/postgres/connection.js';
import { startEmbeddedPostgres } from '../../../infra/postgres/embeddedPostgres.js';
import { freePort } from '../../../infra/postgres/freePort.js';
import { prepareProjections } from '../../../infra/postgres/projectionSchema.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import { PAGE_ROWS_DEFAULT } from '../../../schemas/limits.js';
import { quietLog } from '../../simulation/projectedChain.js';
import { type Bench, besides, type Measure, median, numberOption, percentile } from '../measure.js';
import { playedGenesis } from '../playedChain.js';
import type { AskedPath, ServerTask } from './apiServer.js';
import { type FilledTables, fillTables, SMALL_ROWS } from './filledTables.js';
import { load, requestOnce } from './rawRequests.js';

const CHILD = fileURLToPath(new URL('./apiServer.js', import.meta.url));
const CONNECTIONS = 8;
const ROUNDS = 5;

/** A path, and what it is beside: the bare handler, or the same path of a small account. */
interface Case {
  readonly name: string;
  readonly path: string;
  readonly asked: AskedPath;
}

function caseOf(name: string, url: string, publicKey: Uint8Array, asOf?: number): Case {
  const key = toHex(publicKey);
  const query = asOf === undefined ? '' : `?asOf=${asOf}`;
  const parameters = { publicKey: key, ...(asOf !== undefined && { asOf }) };
  return { name, path: `${url.replace(':publicKey', key)}${query}`, asked: { url, parameters } };
}

const LISTS = ['history', 'commands', 'games'] as const;
const listUrl = (list: string): string => `/explorer/accounts/:publicKey/${list}`;

function casesBesideBare({ small, large }: FilledTables): readonly Case[] {
  return [
    caseOf('account', '/account/:publicKey', small),
    ...LISTS.map((list) => caseOf(`${list}, first page`, listUrl(list), large)),
  ];
}

interface ServerProcess {
  readonly port: number;
  readonly child: ChildProcess;
}

async function startServer(
  task: Omit<ServerTask, 'port'>,
  into: ChildProcess[],
): Promise<ServerProcess> {
  const port = await freePort();
  const child = fork(CHILD, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  into.push(child);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a server of the bench ended with ${code}`);
  });
  child.send({ ...task, port });
  await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => {}); // it is ended by ourselves later
  return { port, child };
}

async function cpuUs({ child }: ServerProcess): Promise<number> {
  const answer = once(child, 'message');
  child.send('cpu');
  return (await answer)[0] as number;
}

interface Asked {
  readonly server: ServerProcess;
  readonly path: string;
}

/** As many rows as the tables hold, up to a page, from both. */
async function checkAnswers(sides: readonly Asked[]): Promise<void> {
  for (const { server, path } of sides) {
    const answer = await requestOnce(server.port, path);
    const { items } = JSON.parse(answer.body) as { readonly items?: readonly unknown[] };
    const rows = items?.length ?? 0;
    const isPage = path.startsWith('/explorer');
    if (answer.status === 200 && (!isPage || rows >= Math.min(PAGE_ROWS_DEFAULT, SMALL_ROWS))) {
      continue;
    }
    throw new Error(`${path}: ${answer.status}, ${rows} rows`);
  }
}

interface Side {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the server's process. */
  readonly cpuUs: number;
}

/** Both in turn, round by round, so that what else runs meets both; medians of the rounds. */
async function inTurn(
  sides: readonly Asked[],
  requests: number,
  connections: number,
): Promise<readonly Side[]> {
  const rounds = sides.map(() => [] as Side[]);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [index, side] of sides.entries()) {
      const { server, path } = side;
      const before = await cpuUs(server);
      const done = await load({ port: server.port, path, connections, requests });
      if (round < 0) continue; // code is compiled and pages are read in the first
      const { requestsPerSecond, latenciesMs } = done;
      rounds[index]?.push({
        requestsPerSecond,
        p50Ms: percentile(latenciesMs, 0.5),
        p99Ms: percentile(latenciesMs, 0.99),
        cpuUs: ((await cpuUs(server)) - before) / requests,
      });
    }
  }
  return rounds.map((of) => ({
    requestsPerSecond: median(of.map((each) => each.requestsPerSecond)),
    p50Ms: median(of.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(of.map(({ p99Ms }) => p99Ms)),
    cpuUs: median(of.map((each) => each.cpuUs)),
  }));
}

async function measure(
  databaseUrl: string,
  tables: FilledTables,
  requests: number,
  say: (line: string) => void,
): Promise<readonly Measure[]> {
  const children: ChildProcess[] = [];
  try {
    const cases = casesBesideBare(tables);
    const { height, small, large } = tables;
    const task = { databaseUrl, height, asked: cases.map(({ asked }) => asked) };
    const reader = await startServer({ ...task, kind: 'reader' }, children);
    const bare = await startServer({ ...task, kind: 'bare' }, children);
    const measures: Measure[] = [];
    for (const [index, { name, path }] of cases.entries()) {
      say(name);
      const sides = [
        { server: reader, path },
        { server: bare, path: `/${index}` },
      ];
      await checkAnswers(sides);
      const [own, other] = await inTurn(sides, requests, CONNECTIONS);
      const beside = 'bare handler';
      const rate = own!.requestsPerSecond;
      measures.push(besides(name, rate, 'requests/s', beside, other!.requestsPerSecond));
      measures.push(besides(`${name}, p99`, own!.p99Ms, 'ms', beside, other!.p99Ms));
      const cpu = `${name}, processor time of the server`;
      measures.push(besides(cpu, own!.cpuUs, 'us/request', beside, other!.cpuUs));
    }
    for (const list of LISTS) {
      for (const [place, asOf] of [
        ['first page', undefined],
        ['page in the middle', Math.floor(height / 2)],
      ] as const) {
        const name = `${list} of a large account, ${place}, p50`;
        say(name);
        const paths = [large, small].map((key) => caseOf(name, listUrl(list), key, asOf).path);
        const sides = paths.map((path) => ({ server: reader, path }));
        await checkAnswers(sides);
        const [own, other] = await inTurn(sides, Math.ceil(requests / 4), 1);
        measures.push(besides(name, own!.p50Ms, 'ms', 'small account', other!.p50Ms));
      }
    }
    return measures;
  } finally {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
  }
}

/** What the read API costs beside a handler that only runs its statements; large accounts. */
export const apiBench: Bench = {
  about: 'the read API beside a bare fastify and pg handler; pages of large accounts',
  usage: '[--rows N] of the large account (default 1000000) [--requests N] a round (default 500)',
  async run(args, say) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rows: { type: 'string', default: '1000000' },
        requests: { type: 'string', default: '500' },
      },
    });
    const rows = numberOption('rows', values.rows, SMALL_ROWS);
    const requests = numberOption('requests', values.requests, SMALL_ROWS);
    const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-bench-api-'));
    const publicDir = `${dataDir}-public`;
    const server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
    try {
      const connection = { url: server.url, applicationName: 'bench', log: quietLog };
      const pool = createPool({ ...connection, max: 1 });
      const schema = await prepareProjections(pool, playedGenesis);
      await pool.end();
      say(`filling tables with ${rows} rows of one account`);
      const client = await connectClient(connection);
      const tables = await fillTables(client, schema, rows);
      await client.end();
      return await measure(server.url, tables, requests, say);
    } finally {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
      rmSync(publicDir, { recursive: true, force: true });
    }
  },
};
