import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGenesis } from '../../infra/genesis/genesisFile.js';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { eventually, freePorts, runProgram } from './nullspaceProgram.js';

export interface ClusterRow {
  readonly role: string;
  readonly name: string;
  readonly pid: number | null;
  readonly url: string;
  readonly ready: boolean;
  readonly height: number;
}

export type LogKind = 'kafka' | 'postgres';

/** A cluster of real processes in a folder of its own. */
export interface ClusterUnderTest {
  readonly dataDir: string;
  readonly log: LogKind;
  readonly basePort: number;
  readonly gatewayUrl: string;
  readonly readerUrl: string;
  readonly brokers: string;
  genesis(): Genesis;
  up(): Promise<readonly ClusterRow[]>;
  status(): Promise<readonly ClusterRow[]>;
  down(): Promise<void>;
  verify(): Promise<Record<string, unknown>>;
  /** Down, and the folder removed. */
  remove(): Promise<void>;
}

const PORTS = 52;

function lastJson(stdout: string): unknown {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** The end of what each role that is not ready has written, for whoever reads a failed run. */
function lastWords(dataDir: string, stdout: string): string {
  const rows = stdout.trim() === '' ? [] : (lastJson(stdout) as readonly ClusterRow[]);
  const words = rows
    .filter(({ ready }) => !ready)
    .map(({ name }) => {
      const path = join(dataDir, 'logs', `${name}.log`);
      return existsSync(path) ? `\n${name}: ${readFileSync(path, 'utf8').slice(-2_000)}` : '';
    });
  return words.join('');
}

/** With as many validators as a cluster has that is told nothing, or so many. */
export async function createCluster(log: LogKind, validators = 4): Promise<ClusterUnderTest> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-cluster-'));
  const basePort = await freePorts(PORTS);
  const call = async (argv: readonly string[]): Promise<readonly ClusterRow[]> => {
    const all = ['cluster', ...argv, '--data-dir', dataDir, '--json'];
    const { code, stdout, stderr } = await runProgram(all);
    if (code !== 0) {
      const said = `${stderr}${stdout}${lastWords(dataDir, stdout)}`;
      throw new Error(`${all.join(' ')}: status ${code}: ${said}`);
    }
    return lastJson(stdout) as readonly ClusterRow[];
  };
  const brokers = `127.0.0.1:${basePort + 50}`;
  const size = validators === 4 ? [] : ['--validators', String(validators)];
  const down = async (): Promise<void> => {
    await call(['down']);
  };
  return {
    dataDir,
    log,
    basePort,
    gatewayUrl: `ws://127.0.0.1:${basePort + 10}/play`,
    readerUrl: `http://127.0.0.1:${basePort + 30}`,
    brokers,
    genesis: () => readGenesis(join(dataDir, 'genesis.json')),
    up: () => call(['up', ...size, '--log', log, '--base-port', String(basePort)]),
    status: () => call(['status']),
    down,
    async verify() {
      const where = log === 'kafka' ? ['--log', 'kafka', '--kafka-brokers', brokers] : [];
      const argv = ['verify', '--data-dir', dataDir, '--from', '0', '--json', ...where];
      const { stdout, stderr, code } = await runProgram(argv);
      if (stdout === '') throw new Error(`verify: status ${code}: ${stderr}`);
      return lastJson(stdout) as Record<string, unknown>;
    },
    async remove() {
      await down();
      await removeEmbeddedData(join(dataDir, 'postgres'));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Gone, or a zombie that nobody has reaped. */
function isDead(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '';
  } catch {
    return true;
  }
}

/** SIGKILL to all of them at once; they are gone on return. */
export async function killProcesses(pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await eventually(() => pids.every(isDead), `processes ${pids.join(', ')} are dead`);
}

/** Everything at once: roles and the services that they stand on. */
export async function killAll(rows: readonly ClusterRow[]): Promise<void> {
  const pids = rows.map(({ name, pid }) => {
    if (pid === null) throw new Error(`${name} is down already`);
    return pid;
  });
  await killProcesses(pids);
}
