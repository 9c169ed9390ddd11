import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ValidatorStatus } from '../../consensus/validator/options.js';
import { genesisPathOf } from '../../infra/genesis/developmentNetwork.js';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { runningEmbeddedUrl } from '../../infra/postgres/runningEmbedded.js';
import { findRoles } from '../../infra/processes/roleProcesses.js';
import type { VerifyReport } from '../../infra/verify/verifyLog.js';
import { present } from '../../schemas/kernel/assert.js';
import {
  eventually,
  freePorts,
  type Running,
  runProgram,
  startProgram,
} from './nullspaceProgram.js';

/** Explorer and gateway, then validators with what follows them, and the one that comes back. */
const PORTS = 41;
const VALIDATORS = [0, 1, 2, 3];

const base = mkdtempSync(join(tmpdir(), 'nullspace-recovered-'));
const dataDir = join(base, 'data');
const kept = join(base, 'kept');
let first = 0;
let platform: Running;
let revived: Running | null = null;
/** The last height of the lost validators in the log, and the certified root of its state. */
let end = { height: 0, stateRoot: '' };

async function startPlatform(): Promise<Running> {
  const ports = ['--explorer-port', first, '--gateway-port', first + 1, '--base-port', first + 2];
  const running = startProgram(['start', '--data-dir', dataDir, ...ports.map(String)]);
  await eventually(() => running.stdout().includes('ready: '), 'the platform is ready', 180_000);
  return running;
}

async function play(): Promise<void> {
  const gateway = `ws://127.0.0.1:${first + 1}/play`;
  const urls = ['--url', gateway, '--reader', `http://127.0.0.1:${first}`];
  const demo = await runProgram(['demo', '--players', '4', '--bets', '5', '--json', ...urls]);
  expect(demo.code, demo.stderr).toBe(0);
}

async function read<T>(path: string): Promise<T> {
  return (await (await fetch(`http://127.0.0.1:${first}${path}`)).json()) as T;
}

/** Everything at once, as when the power goes; the log's own server lives on. */
async function killPlatform(): Promise<void> {
  platform.child.kill('SIGKILL');
  for (const { pid } of findRoles(genesisPathOf(dataDir))) process.kill(pid, 'SIGKILL');
  await eventually(() => findRoles(genesisPathOf(dataDir)).length === 0, 'all are dead');
}

async function recover<T>(action: string, ...more: string[]): Promise<T> {
  const argv = ['recover', action, '--data-dir', dataDir, '--json', ...more];
  const { code, stdout, stderr } = await runProgram(argv);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

async function verify(): Promise<VerifyReport> {
  const { code, stdout, stderr } = await runProgram(['verify', '--data-dir', dataDir, '--json']);
  expect(code, stdout + stderr).toBe(0);
  return JSON.parse(stdout) as VerifyReport;
}

beforeAll(async () => {
  first = await freePorts(PORTS);
  platform = await startPlatform();
  await play();
  mkdirSync(kept);
  copyFileSync(genesisPathOf(dataDir), genesisPathOf(kept));
  await killPlatform();
  cpSync(join(dataDir, 'validator-1'), join(kept, 'validator-1'), { recursive: true });
  for (const index of VALIDATORS) rmSync(join(dataDir, `validator-${index}`), { recursive: true });
}, 240_000);

afterAll(async () => {
  revived?.child.kill('SIGTERM');
  await revived?.finished;
  platform.child.kill('SIGTERM');
  await platform.finished;
  await removeEmbeddedData(join(dataDir, 'postgres'));
  rmSync(base, { recursive: true, force: true });
}, 120_000);

it('an epoch begins behind the log, once enough recovery keys have signed it', async () => {
  const evidence = ['--evidence', join(dataDir, 'gateway-0')];
  const looked = await recover<typeof end & { lostHeights: number[] }>('look', ...evidence);
  end = looked;
  expect(looked.height).toBeGreaterThan(20);
  const highest = Math.max(looked.height, ...looked.lostHeights);
  expect(highest - looked.height).toBe(looked.lostHeights.length);
  await recover('propose');
  const early = await runProgram(['recover', 'begin', '--data-dir', dataDir]);
  expect(early).toMatchObject({ code: 1, stdout: '' });
  expect(early.stderr).toContain("it needs 2 signatures of genesis' recovery keys");
  const foreign = join(dataDir, 'admin.key.json');
  const sign = ['recover', 'sign', '--data-dir', dataDir, '--recovery-key'];
  expect((await runProgram([...sign, foreign])).code).toBe(2);
  for (const index of [2, 0]) {
    await recover('sign', '--recovery-key', join(dataDir, `recovery-${index}.key.json`));
  }
  expect(await recover('begin')).toMatchObject({ epoch: 1, firstHeight: looked.height + 1 });
  expect(await verify()).toMatchObject({ ok: true, height: looked.height });
}, 120_000);

it('its validators go on where the lost ones ended, and all is proven across it', async () => {
  platform = await startPlatform();
  await play();
  const { epochs } = await read<{ epochs: { epoch: number }[] }>('/epochs');
  expect(epochs).toMatchObject([{ epoch: 1, firstHeight: end.height + 1 }]);
  const last = await read<{ stateRoot: string }>(`/explorer/blocks/${end.height}`);
  expect(last.stateRoot).toBe(end.stateRoot);
  const next = await read<{ parent: string }>(`/explorer/blocks/${end.height + 1}?minHeight=1`);
  expect(next.parent).toBe(
    (await read<{ digest: string }>(`/explorer/blocks/${end.height}`)).digest,
  );
  const report = await verify();
  expect(report.height).toBeGreaterThan(end.height + 20);
  expect(report).toMatchObject({ missing: 0, repeated: 0, dropped: 0 });
  const drill = await runProgram(['drill', '--data-dir', dataDir]);
  expect(drill.code, drill.stdout + drill.stderr).toBe(0);
}, 240_000);

it('a validator of old that comes back stops itself, and disturbs nobody', async () => {
  const port = first + PORTS - 1;
  const peers = VALIDATORS.map(
    (index) => `ws://127.0.0.1:${index === 1 ? port : first + 2 + index}`,
  );
  revived = startProgram(
    [
      ...['validator', '--genesis', genesisPathOf(kept), '--port', String(port)],
      ...['--key', join(dataDir, 'validator-1.key.json'), '--peers', peers.join(',')],
      ...['--data-dir', join(kept, 'validator-1'), '--log', 'postgres'],
    ],
    {
      environment: {
        DATABASE_URL: present(await runningEmbeddedUrl(join(dataDir, 'postgres')), 'a server'),
      },
    },
  );
  const status = async (): Promise<ValidatorStatus | null> => {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
      return ((await answer.json()) as { consensus?: ValidatorStatus }).consensus ?? null;
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      return null;
    }
  };
  await eventually(async () => (await status())?.state === 'superseded', 'it stops itself', 60_000);
  expect((await status())?.halt?.reason).toContain('epoch 1');
  const before = await read<{ items: { height: number }[] }>('/explorer/blocks?limit=1');
  await play();
  const after = await read<{ items: { height: number }[] }>('/explorer/blocks?limit=1');
  expect(after.items[0]?.height).toBeGreaterThan(before.items[0]?.height ?? 0);
  const logs = readdirSync(join(dataDir, 'logs')).filter((name) => name.startsWith('validator-'));
  const said = logs.map((name) => readFileSync(join(dataDir, 'logs', name), 'utf8')).join('');
  expect(said).not.toContain('"code":"fenced"');
  expect(await verify()).toMatchObject({ ok: true, missing: 0, repeated: 0, dropped: 0 });
}, 240_000);

it('nothing that was recovered is recovered again', async () => {
  const again = await runProgram(['recover', 'begin', '--data-dir', dataDir]);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('start.json');
}, 60_000);
