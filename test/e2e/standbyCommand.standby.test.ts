import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/postgres/freePort.js';
import { stopPostmaster } from '../../infra/postgres/postmaster.js';
import { type PrimaryServer, startPrimary } from '../simulation/primaryServer.js';
import { type Finished, runProgram } from './nullspaceProgram.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const folder = mkdtempSync(join(tmpdir(), 'nullspace-standby-command-'));
/** Open to all, as the server's user must enter it. */
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-standby-data-'));
chmodSync(dataDir, 0o755);
const publicDir = `${folder}-public`;
let primary: PrimaryServer;
let pgdata: string | null = null;

beforeAll(async () => {
  primary = await startPrimary(join(folder, 'primary'), publicDir);
});
afterAll(async () => {
  if (pgdata !== null) await stopPostmaster(pgdata);
  await primary.remove();
  for (const each of [folder, publicDir, dataDir]) rmSync(each, { recursive: true, force: true });
});

function standby(...argv: readonly string[]): Promise<Finished> {
  return runProgram(['standby', ...argv], { environment: { DATABASE_URL: primary.url } });
}

it('makes a standby, shows it and promotes it, by the program', async () => {
  const port = await freePort();
  const place = ['--name', 'standby-0', '--data-dir', dataDir, '--port', String(port)];
  const made = await standby('create', ...place, '--json');
  expect(made.stderr).toContain('slot nullspace_standby_0 made');
  const created = JSON.parse(made.stdout);
  pgdata = created.pgdata;
  expect(created).toMatchObject({ slot: 'nullspace_standby_0', port });
  expect(made.stdout + made.stderr).not.toContain(new URL(primary.url).password);

  const url = new URL(primary.url);
  url.port = String(port);
  const shown = await standby('status', '--standby-urls', url.href);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(
    /takes writes {2}visible height none\n {2}standby standby-0 {2}streaming/,
  );
  expect(shown.stdout).toContain(`127.0.0.1:${port}  standby  visible height none`);

  const early = await standby('promote', '--standby-urls', url.href);
  expect(early).toMatchObject({ code: 1, stdout: '' });
  expect(early.stderr).toMatch(/^nullspace standby: 127\.0\.0\.1:\d+ still takes writes.*\n$/);
  primary.kill();
  const promoted = await standby('promote', '--standby-urls', url.href);
  expect(promoted.code).toBe(0);
  expect(promoted.stdout).toContain('takes writes now');
  const away = await standby('status', '--standby-urls', url.href);
  expect(away.stdout).toMatch(/cannot be reached.*\n127\.0\.0\.1:\d+ {2}takes writes/);
});

it.each([
  [[], 2, 'usage: nullspace standby create|status|promote'],
  [['create'], 2, '--data-dir'],
  [['create', '--name', 'a b', '--data-dir', dataDir], 2, '--name (NULLSPACE_NAME)'],
  [['promote'], 2, '--standby-urls'],
  [['create', '--name', 'other', '--data-dir', dataDir, '--pg-bin', folder], 2, '--pg-bin'],
])('refuses %j in one line', async (argv, code, words) => {
  if (argv.includes('--pg-bin')) await primary.start();
  const refused = await standby(...argv);
  expect(refused).toMatchObject({ code, stdout: '' });
  expect(refused.stderr).toContain(words);
  expect(refused.stderr.trimEnd()).not.toContain('\n');
});
