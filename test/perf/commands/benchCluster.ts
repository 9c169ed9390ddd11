import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HeightTimes } from '../../../consensus/ports.js';
import { developmentNetwork } from '../../../infra/genesis/developmentNetwork.js';
import { startEmbeddedPostgres } from '../../../infra/postgres/embeddedPostgres.js';
import { freePort } from '../../../infra/postgres/freePort.js';
import { nodeArgsOf } from '../../../infra/processes/nodeArgs.js';
import { type PlannedRole, platformRoles } from '../../../infra/processes/platformRoles.js';
import type { RoleMessage } from '../../../infra/processes/role.js';
import { createLogger } from '../../../infra/telemetry/logger.js';
import type { Genesis } from '../../../schemas/types/genesis.js';

const PROGRAM = fileURLToPath(new URL('../../../infra/processes/nullspace.js', import.meta.url));
const STOP_TIMEOUT_MS = 10_000;

export interface BenchClusterOptions {
  readonly validators: number;
  /** Log, projector, reader and gateway run too; else validators alone, which publish nothing. */
  readonly everything: boolean;
  /** Of Node, for validators: profiles and sizes of heaps. */
  readonly nodeArgs: readonly string[];
}

/** Real processes of the platform on a fresh data folder, over loopback. */
export interface BenchCluster {
  readonly genesis: Genesis;
  /** WebSocket URLs of the validators, by index. */
  readonly peers: readonly string[];
  /** CPU seconds that each validator has used. */
  validatorCpuSeconds(): Promise<readonly number[]>;
  /** When validator 0 reached the stages of its heights, in Unix milliseconds. */
  heightsFrom(height: number): Promise<readonly HeightTimes[]>;
  height(): Promise<number>;
  stop(): Promise<void>;
}

/** A run of ports that nothing listens on at the moment. */
async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** The plan of one machine, each role moved to a port that is free. */
async function planRoles(
  dataDir: string,
  options: BenchClusterOptions,
  databaseUrl: string,
): Promise<{ readonly roles: readonly PlannedRole[]; readonly genesis: Genesis }> {
  const network = developmentNetwork(dataDir, options.validators, Date.now());
  const first = { validators: 1, projectors: 21, readers: 31, gateways: 41 };
  const count = options.everything ? 1 : 0;
  const roles = platformRoles({
    host: '127.0.0.1',
    dataDir,
    network,
    log: { kind: 'postgres' },
    databaseUrl,
    ports: first,
    counts: { projectors: count, readers: count, gateways: count },
  });
  const ports = await freePorts(roles.length);
  const byPlanned = new Map(roles.map(({ url }, index) => [new URL(url).port, ports[index] ?? 0]));
  const moved = (text: string): string =>
    text.replace(/127\.0\.0\.1:(\d+)/g, (_, port: string) => `127.0.0.1:${byPlanned.get(port)}`);
  return {
    genesis: network.genesis,
    roles: roles.map((role, index) => {
      const argv = role.argv.map(moved);
      argv[argv.indexOf('--port') + 1] = String(ports[index]);
      const environment = options.everything
        ? role.environment
        : { ...role.environment, NULLSPACE_PUBLISH: 'false' };
      return { ...role, argv, environment, url: moved(role.url) };
    }),
  };
}

function launch(role: PlannedRole, dataDir: string, nodeArgs: readonly string[]): ChildProcess {
  const log = openSync(join(dataDir, `${role.name}.log`), 'a');
  const child = fork(PROGRAM, [role.role, ...role.argv], {
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, ...role.environment },
    execArgv: [...nodeArgsOf(role.role), ...(role.role === 'validator' ? nodeArgs : [])],
  });
  closeSync(log);
  return child;
}

function ready(child: ChildProcess, role: PlannedRole, dataDir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (): void => {
      const tail = readFileSync(join(dataDir, `${role.name}.log`), 'utf8').slice(-2_000);
      reject(new Error(`${role.name} did not start: ${tail}`));
    };
    child.once('exit', failed);
    child.once('message', (message) => {
      child.off('exit', failed);
      if ((message as RoleMessage).kind === 'ready') resolve();
      else failed();
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

async function cpuSeconds(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = /^process_cpu_seconds_total\S* (\S+)/m.exec(text)?.[1];
  if (value === undefined) throw new Error(`${url} says nothing of its CPU time`);
  return Number(value);
}

/** Starts it and waits until every role is ready. What was started is ended when one is not. */
export async function startBenchCluster(options: BenchClusterOptions): Promise<BenchCluster> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-bench-'));
  const children: ChildProcess[] = [];
  let stopDatabase: () => Promise<void> = async () => undefined;
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(ended));
    await stopDatabase();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    let databaseUrl = '';
    if (options.everything) {
      const log = createLogger('postgres', 'warn');
      const folder = join(dataDir, 'postgres');
      const postgres = await startEmbeddedPostgres({
        dataDir: folder,
        port: await freePort(),
        log,
      });
      stopDatabase = () => postgres.stop();
      databaseUrl = postgres.url;
    }
    const { roles, genesis } = await planRoles(dataDir, options, databaseUrl);
    const starting = (wanted: (role: PlannedRole) => boolean): Promise<unknown> =>
      Promise.all(
        roles.filter(wanted).map((role) => {
          const child = launch(role, dataDir, options.nodeArgs);
          children.push(child);
          return ready(child, role, dataDir);
        }),
      );
    await starting(({ role }) => role === 'validator');
    await starting(({ role }) => role !== 'validator');
    const urls = roles.filter(({ role }) => role === 'validator').map(({ url }) => url);
    return {
      genesis,
      peers: urls.map((url) => url.replace('http:', 'ws:')),
      validatorCpuSeconds: () => Promise.all(urls.map(cpuSeconds)),
      heightsFrom: async (height) =>
        (await (await fetch(`${urls[0]}/heights?from=${height}`)).json()) as HeightTimes[],
      height: async () =>
        ((await (await fetch(`${urls[0]}/healthz`)).json()) as { height: number }).height,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
