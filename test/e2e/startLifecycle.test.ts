import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { genesisPathOf } from '../../infra/genesis/developmentNetwork.js';
import { findCluster } from '../../infra/postgres/clusterFolder.js';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { chooseServerUser } from '../../infra/postgres/serverUser.js';
import { findRoles } from '../../infra/processes/roleProcesses.js';
import {
  eventually,
  type Finished,
  freePorts,
  type Running,
  runProgram,
  startProgram,
} from './nullspaceProgram.js';

/** What `npm start` runs. */
const program = fileURLToPath(new URL('../../infra/tools/run.mjs', import.meta.url));
/** Explorer, gateway, then the validator with what follows it. */
const PORTS = 33;
const TIMEOUT_MS = 240_000;
let base = '';
let dataDir = '';
let first = 0;
let platform: Running | null = null;
/** The highest height that a bet was settled at. */
let settledHeight = 0;

const explorerUrl = (): string => `http://127.0.0.1:${first}`;
const play = (): string => `ws://127.0.0.1:${first + 1}/play`;

function startOn(folder: string): Running {
  const ports = ['--explorer-port', first, '--gateway-port', first + 1, '--base-port', first + 2];
  const argv = ['start', '--validators', '1', '--data-dir', folder, ...ports.map(String)];
  return startProgram(argv, { program });
}

/** Waits until the program has said so; rejects at once when it ends without. */
async function said(running: Running, words: RegExp): Promise<void> {
  const heard = eventually(() => words.test(running.stdout()), `${words} on stdout`, TIMEOUT_MS);
  const ended = running.finished.then(({ code, stdout, stderr }) => {
    if (words.test(stdout)) return;
    throw new Error(`ended with status ${code} before ${words}: ${stderr}${stdout}`);
  });
  await Promise.race([heard, ended]);
}

/** The platform, ready; started when it does not run. */
async function ready(): Promise<Running> {
  platform ??= startOn(dataDir);
  await said(platform, /^ready: /m);
  return platform;
}

/** Command lines of what runs on the data folder: the start, its roles, and its Postgres. */
function processesOfFolder(): readonly string[] {
  const pgdata = findCluster(join(dataDir, 'postgres'), chooseServerUser())?.pgdata;
  const own = (argument: string): boolean =>
    argument.startsWith(dataDir) || (pgdata !== undefined && argument === pgdata);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // it ended between the two looks
      }
    })
    .filter((line) => line.split('\0').some(own));
}

/** A real bet through the gateway, settled, and checked by what the reader says of it. */
async function playsOn(): Promise<void> {
  const argv = ['demo', '--players', '1', '--bets', '1', '--json'];
  const demo = await runProgram([...argv, '--url', play(), '--reader', explorerUrl()]);
  expect(demo.code, demo.stderr).toBe(0);
  const report = JSON.parse(demo.stdout) as {
    settled: number;
    fromHeight: number;
    toHeight: number;
  };
  expect(report.settled).toBe(1);
  expect(report.fromHeight).toBeGreaterThan(settledHeight);
  settledHeight = report.toHeight;
}

async function health(port: string): Promise<{ status: number; height: number } | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    const { height } = (await response.json()) as { height: number };
    return { status: response.status, height };
  } catch {
    return null; // nothing listens there, or it ended in the middle of its answer
  }
}

function signalTo(running: Running, name: NodeJS.Signals, whom: 'group' | 'main'): void {
  const { pid } = running.child;
  if (pid === undefined) throw new Error('it never ran');
  process.kill(whom === 'group' ? -pid : pid, name);
}

/** Sends it, and resolves with how the start ended: with nothing left of it. */
async function end(name: NodeJS.Signals, whom: 'group' | 'main'): Promise<Finished> {
  const running = platform as Running;
  signalTo(running, name, whom);
  const finished = await running.finished;
  platform = null;
  expect(processesOfFolder()).toEqual([]);
  expect(readdirSync(dataDir)).not.toContain('supervisor.lock');
  return finished;
}

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'nullspace-lifecycle-'));
  dataDir = join(base, 'data');
  first = await freePorts(PORTS);
});

afterAll(async () => {
  if (platform !== null) {
    signalTo(platform, 'SIGTERM', 'main');
    await platform.finished;
  }
  for (const name of readdirSync(base)) await removeEmbeddedData(join(base, name, 'postgres'));
  rmSync(base, { recursive: true, force: true });
}, TIMEOUT_MS);

/** In this order, on one data folder: each goes on from where the one before has left it. */
describe('npm start', { timeout: TIMEOUT_MS }, () => {
  it.each([
    ['SIGINT', 'group', /^postgres +ready/m],
    ['SIGTERM', 'main', /^validator-0 +ready/m],
  ] as const)(
    'ends with nothing left by a %s to its %s during start-up',
    async (name, whom, at) => {
      platform = startOn(dataDir);
      await said(platform, at);
      const { code, stdout, stderr } = await end(name, whom);
      expect(stderr).toBe(`nullspace start: interrupted by ${name}\n`);
      expect(stdout).not.toMatch(/^ready: |starting it again/m);
      expect(code).toBe(1);
    },
  );

  it('leaves no role behind when it is killed during start-up', async () => {
    const running = startOn(dataDir);
    await said(running, /^postgres +ready/m);
    signalTo(running, 'SIGKILL', 'main');
    await running.finished;
    await eventually(() => findRoles(genesisPathOf(dataDir)).length === 0, 'every role ended');
    expect(readFileSync(join(dataDir, 'logs/validator-0.log'), 'utf8')).not.toContain('a bug');
  });

  it('starts on that folder all the same, and settles a bet', async () => {
    await ready();
    const lines = processesOfFolder();
    for (const part of ['start', 'validator', 'projector', 'reader', 'gateway']) {
      expect(lines.filter((line) => line.split('\0').includes(part))).toHaveLength(1);
    }
    expect(lines).toHaveLength(6); // and Postgres
    await playsOn();
  });

  it.each(['validator', 'projector', 'reader', 'gateway'])(
    'starts a killed %s again, and goes on',
    async (role) => {
      const running = await ready();
      const find = () => findRoles(genesisPathOf(dataDir)).find((each) => each.role === role);
      const before = find();
      if (before === undefined) throw new Error(`no ${role} runs`);
      process.kill(before.pid, 'SIGKILL');
      await eventually(async () => {
        const now = find();
        if (now === undefined || now.pid === before.pid) return false;
        return (await health(now.port))?.status === 200;
      }, `another ${role} is ready`);
      expect(running.stdout()).toContain(`${role}-0 ended (SIGKILL); starting it again`);
      await playsOn();
    },
  );

  it.each([
    ['its data folder', () => dataDir, () => `in use by process ${platform?.child.pid}`],
    ['its ports', () => join(base, 'other'), () => `port ${first} on 127.0.0.1, for the explorer`],
  ])('refuses another start on %s, which does not disturb it', async (_, folder, words) => {
    const running = await ready();
    const before = findRoles(genesisPathOf(dataDir));
    const { code, stdout, stderr } = await startOn(folder()).finished;
    expect(stderr.trimEnd().split('\n'), stderr).toHaveLength(1);
    expect(stderr).toContain(words());
    expect(stdout).not.toContain('ready');
    expect(code).toBeGreaterThan(0);
    expect(running.child.exitCode).toBeNull();
    expect(findRoles(genesisPathOf(dataDir))).toEqual(before);
    await playsOn();
  });

  it.each([
    ['SIGINT', 'group'],
    ['SIGTERM', 'main'],
  ] as const)(
    'stops whole by a %s to its %s, and goes on when started again',
    async (name, whom) => {
      await ready();
      const before = (await health(String(first + 2)))?.height ?? 0;
      expect(before).toBeGreaterThanOrEqual(settledHeight);
      const { code, stdout, stderr } = await end(name, whom);
      expect(stderr).toBe('');
      expect(stdout).toMatch(/\nstopping\n$/);
      expect(code).toBe(0);
      await ready();
      expect((await health(String(first + 2)))?.height).toBeGreaterThanOrEqual(before);
      await playsOn();
    },
  );
});
