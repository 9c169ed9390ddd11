import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { fetchDuckdb } from '../../infra/tools/suites/pythonReader.js';
import { eventually, freePorts, type Running, startProgram } from '../e2e/nullspaceProgram.js';
import { type Kitchen, playedTotals, prepareKitchen } from './analystRecipe.js';

const PROGRAM = fileURLToPath(new URL('../../dist/infra/processes/nullspace.js', import.meta.url));
/** Explorer and gateway, then validators with what follows them. */
const PORTS = 40;

const folder = mkdtempSync(join(tmpdir(), 'nullspace-duckdb-'));
const dataDir = join(folder, '.data');
let kitchen: Kitchen;
let first = 0;
let platform: Running | null = null;

beforeAll(async () => {
  kitchen = prepareKitchen(folder, {
    npx: `'${process.execPath}' '${PROGRAM}'`,
    duckdb: `'${fetchDuckdb()}'`,
  });
  first = await freePorts(PORTS);
  const ports = ['--explorer-port', first, '--gateway-port', first + 1, '--base-port', first + 2];
  const size = ['--validators', '1'];
  const running = startProgram(['start', ...size, '--data-dir', dataDir, ...ports.map(String)]);
  platform = running;
  await eventually(() => running.stdout().includes('ready: '), 'the platform is ready', 180_000);
}, 500_000);

afterAll(async () => {
  platform?.child.kill('SIGTERM');
  await platform?.finished;
  await removeEmbeddedData(join(dataDir, 'postgres'));
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

it('DuckDB counts in the exported files what the read API says', async () => {
  const readerUrl = `http://127.0.0.1:${first}`;
  const totals = await playedTotals(`ws://127.0.0.1:${first + 1}/play`, readerUrl);
  const stdout = kitchen.cook('DuckDB', { 'npx nullspace': 'npx' });
  const answer = stdout.slice(stdout.lastIndexOf('[{'));
  expect(JSON.parse(answer)).toEqual([totals]);
}, 200_000);
