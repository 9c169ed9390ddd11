import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ValidatorStatus } from '../../consensus/validator/options.js';
import { openFileBlockStore } from '../../infra/files/fileBlockStore.js';
import { genesisPathOf } from '../../infra/genesis/developmentNetwork.js';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { findRoles } from '../../infra/processes/roleProcesses.js';
import type { ReplayReport } from '../../infra/recovery/replayFolder.js';
import type { VerifyReport } from '../../infra/verify/verifyLog.js';
import { present } from '../../schemas/kernel/assert.js';
import {
  eventually,
  freePorts,
  type Running,
  runProgram,
  startProgram,
} from './nullspaceProgram.js';

/** Explorer and gateway, then validators with what follows them. */
const PORTS = 40;
const VICTIM = 2;
const SNAPSHOT_EVERY = 5;

const base = mkdtempSync(join(tmpdir(), 'nullspace-lost-'));
const dataDir = join(base, 'data');
const victimDir = join(dataDir, `validator-${VICTIM}`);
const archiveRoot = join(dataDir, 'archive');
let first = 0;
let platform: Running;

interface Health {
  readonly height: number;
  readonly ready: boolean;
  readonly consensus: ValidatorStatus;
}

async function health(index: number): Promise<Health | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${first + 2 + index}/healthz`);
    return (await response.json()) as Health;
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    return null; // not listening yet
  }
}

function archivedHeights(): number[] {
  const [chain] = readdirSync(archiveRoot);
  const names = chain === undefined ? [] : readdirSync(join(archiveRoot, chain));
  return names.map((name) => Number(/^certified-(\d+)\.bin$/.exec(name)?.[1] ?? 0));
}

function pidOfVictim(): number {
  const port = String(first + 2 + VICTIM);
  const roles = findRoles(genesisPathOf(dataDir));
  return present(roles.find((role) => role.port === port)?.pid, 'the validator');
}

/** What the reader says of a height. */
async function stateRootAt(height: number): Promise<string> {
  const url = `http://127.0.0.1:${first}/explorer/blocks/${height}?minHeight=${height}`;
  return ((await (await fetch(url)).json()) as { readonly stateRoot: string }).stateRoot;
}

async function replay(folder: string, ...more: string[]): Promise<ReplayReport> {
  const argv = ['replay', '--data-dir', dataDir, '--into', folder, '--json', ...more];
  const { code, stdout, stderr } = await runProgram(argv);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as ReplayReport;
}

beforeAll(async () => {
  first = await freePorts(PORTS);
  const ports = ['--explorer-port', first, '--gateway-port', first + 1, '--base-port', first + 2];
  platform = startProgram(['start', '--data-dir', dataDir, ...ports.map(String)], {
    environment: { NULLSPACE_SNAPSHOT_EVERY: String(SNAPSHOT_EVERY) },
  });
  await eventually(() => platform.stdout().includes('ready: '), 'the platform is ready', 180_000);
  const urls = [
    '--url',
    `ws://127.0.0.1:${first + 1}/play`,
    '--reader',
    `http://127.0.0.1:${first}`,
  ];
  const demo = await runProgram(['demo', '--players', '4', '--bets', '5', '--json', ...urls]);
  expect(demo.code, demo.stderr).toBe(0);
}, 240_000);

afterAll(async () => {
  platform.child.kill('SIGTERM');
  await platform.finished;
  await removeEmbeddedData(join(dataDir, 'postgres'));
  rmSync(base, { recursive: true, force: true });
}, 120_000);

it('a validator whose folder is lost begins at an archived state, and signs no more', async () => {
  await eventually(() => Math.max(0, ...archivedHeights()) > 2 * SNAPSHOT_EVERY, 'snapshots');
  expect((await health(VICTIM))?.consensus.signing).toBe(true);
  renameSync(victimDir, join(base, 'lost'));
  process.kill(pidOfVictim(), 'SIGKILL');
  const reached = Math.max(...archivedHeights());
  await eventually(async () => {
    const now = await health(VICTIM);
    return now !== null && now.height > reached && now.consensus.caughtUp;
  }, 'the validator has caught up');
  expect((await health(VICTIM))?.consensus).toMatchObject({ state: 'running', signing: false });
  const other = (await health(0))?.height ?? 0;
  await eventually(async () => ((await health(VICTIM))?.height ?? 0) >= other + 2, 'it follows');
  const held = await openFileBlockStore(join(victimDir, 'blocks'));
  expect(held.firstHeight()).toBeGreaterThan(SNAPSHOT_EVERY);
  await held.close();
}, 120_000);

it('replay makes the certified state, of the whole log or behind an archived state', async () => {
  const whole = await replay(join(base, 'whole'));
  expect(whole.fromHeight).toBe(0);
  expect(whole.commands).toBeGreaterThan(20);
  const later = await replay(join(base, 'later'), '--snapshot-archive', archiveRoot);
  expect(later.fromHeight).toBeGreaterThanOrEqual(SNAPSHOT_EVERY);
  expect(later.height).toBeGreaterThanOrEqual(whole.height);
  const on = await replay(join(base, 'whole'));
  expect(on.fromHeight).toBe(whole.height);
  for (const { height, stateRoot } of [whole, later, on]) {
    expect(stateRoot).toBe(await stateRootAt(height));
  }
}, 120_000);

it('verify takes the log in parts, behind archived states', async () => {
  const verify = async (...more: string[]) => {
    const argv = ['verify', '--data-dir', dataDir, '--json', ...more];
    const { code, stdout, stderr } = await runProgram(argv);
    expect(code, stderr).toBe(0);
    expect(stderr).toBe('');
    return JSON.parse(stdout) as VerifyReport;
  };
  const [parts, whole] = [await verify('--parts', '3'), await verify('--parts', '1')];
  expect(parts).toMatchObject({ ok: true, parts: 3 });
  expect(whole).toMatchObject({ ok: true, parts: 1, commands: parts.commands });
  for (const { height, stateRoot } of [parts, whole]) {
    expect(stateRoot).toBe(await stateRootAt(height));
  }
}, 120_000);

it('heights beyond the end of the log are refused, and what there is is given out', async () => {
  const run = (...argv: string[]) => runProgram([...argv, '--data-dir', dataDir]);
  const refused = (option: string) => {
    const names = `--${option} \\(NULLSPACE_${option.toUpperCase()}\\)`;
    const line = new RegExp(`^nullspace \\w+: ${names}: 900000, and the log ends at \\d+\n$`);
    return { code: 2, stderr: expect.stringMatching(line) };
  };
  const verified = await run('verify', '--from', '900000');
  expect(verified).toMatchObject(refused('from'));
  expect(verified.stdout).toBe('');
  const out = (name: string): string[] => ['export', '--json', '--out', join(base, name)];
  const none = await run(...out('none'), '--from', '900000');
  expect(none).toMatchObject({ ...refused('from'), stdout: '' });
  const some = await run(...out('some'), '--to', '900000');
  expect(some).toMatchObject(refused('to'));
  const { toHeight } = JSON.parse(some.stdout) as { readonly toHeight: number };
  expect(some.stderr).toContain(`the log ends at ${toHeight}\n`);
  const all = await run(...out('all'), '--to', String(toHeight));
  expect(all, all.stderr).toMatchObject({ code: 0, stderr: '' });
  const cat = ['log', 'cat', '--topic', 'blocks'];
  const seen = await run(...cat, '--to', '900000');
  expect(seen).toMatchObject(refused('to'));
  expect(seen.stdout).toContain(`"height":${toHeight},`);
  expect(await run(...cat, '--from', '900000')).toEqual({ code: 0, stdout: '', stderr: '' });
}, 120_000);

it('replay says what it cannot do', async () => {
  const bare = await runProgram(['replay', '--data-dir', dataDir]);
  expect(bare.code).toBe(2);
  expect(bare.stderr).toContain('--into');
  const used = await runProgram(['replay', '--data-dir', dataDir, '--into', victimDir]);
  expect(used.code).toBe(2);
  expect(used.stderr).toContain('in use');
}, 60_000);
