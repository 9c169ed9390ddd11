import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { developmentNetwork } from '../../infra/genesis/developmentNetwork.js';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../infra/postgres/embeddedPostgres.js';
import { type Finished, runProgram } from './nullspaceProgram.js';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const folder = mkdtempSync(join(tmpdir(), 'nullspace-roles-'));
let server: EmbeddedPostgres;
let genesis: string;

beforeAll(async () => {
  server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log: quiet });
  genesis = developmentNetwork(join(folder, 'network'), 1, Date.now()).genesisPath;
}, 120_000);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function log(argv: readonly string[]): Promise<Finished> {
  const environment = { DATABASE_URL: server.url, NULLSPACE_LOG: 'postgres' };
  return runProgram(['log', ...argv, '--genesis', genesis], { environment });
}

it('an operator makes topics and roles of a log on Postgres, and looks at them', async () => {
  const topics = await log(['topics', '--apply']);
  expect(topics, topics.stderr).toMatchObject({ code: 0, stderr: '' });
  const lacking = await log(['access', '--check']);
  expect(lacking.stdout).toMatch(/^missing: nullspace_analyst SELECT on batches$/m);
  expect(lacking.stderr).toMatch(/^nullspace log: \d+ rules are missing, 0 are not in the mani/);
  expect(lacking.code).toBe(1);
  const made = await log(['access', '--apply']);
  expect(made, made.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toMatch(/^made: nullspace_publisher EXECUTE on append$/m);
  const same = { code: 0, stdout: 'the rules of access are those of the manifest\n', stderr: '' };
  expect(await log(['access', '--check'])).toEqual(same);

  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query('grant update on nullspace_log.writers to nullspace_projector');
  await client.end();
  const more = await log(['access', '--apply']);
  expect(more.stdout).toBe('not in the manifest: nullspace_projector UPDATE on writers\n');
  expect(more.code).toBe(1);
  expect((await log(['access'])).stderr).toBe('nullspace log: log access: --apply or --check\n');
}, 60_000);
