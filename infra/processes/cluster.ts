import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { flag, port } from '../config/optionTypes.js';
import { developmentNetwork } from '../genesis/developmentNetwork.js';
import { startKafka } from '../kafka/kafkaRuntime.js';
import { startEmbeddedPostgres } from '../postgres/embeddedPostgres.js';
import { isAlive } from '../postgres/folderLock.js';
import { createLogger } from '../telemetry/logger.js';
import { type PlannedRole, platformRoles } from './platformRoles.js';

const configSchema = z.object({
  dataDir: z.string().default('.data/cluster'),
  validators: z.coerce.number().int().default(4),
  log: z.enum(['kafka', 'postgres']).default('kafka'),
  host: z.string().default('127.0.0.1'),
  basePort: port.default(9400),
  databaseUrl: z.string().optional(),
  kafkaBrokers: z.string().optional(),
  json: flag.default(false),
});

type Config = z.infer<typeof configSchema>;

/** One row of `cluster status --json`. */
interface RoleState {
  readonly role: string;
  readonly name: string;
  readonly pid: number | null;
  readonly url: string;
  readonly ready: boolean;
  readonly height: number;
}

interface ProcessRecord {
  readonly pid: number;
  readonly role: string;
  readonly url: string;
}

type Records = Record<string, ProcessRecord>;

const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 200;
const PROGRAM = fileURLToPath(new URL('./nullspace.js', import.meta.url));

function recordsPath(dataDir: string): string {
  return join(dataDir, 'processes.json');
}

function readRecords(dataDir: string): Records {
  const path = recordsPath(dataDir);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Records) : {};
}

function writeRecords(dataDir: string, records: Records): void {
  writeFileSync(recordsPath(dataDir), `${JSON.stringify(records, null, 2)}\n`);
}

/** Whether the process is alive and still the role that it was: pids are used again. */
function runs(record: ProcessRecord | undefined): record is ProcessRecord {
  if (record === undefined || !isAlive(record.pid)) return false;
  const path = `/proc/${record.pid}/cmdline`;
  if (!existsSync('/proc/self/cmdline')) return true;
  return existsSync(path) && readFileSync(path, 'utf8').toLowerCase().includes(record.role);
}

/** A role of its own session, that outlives this command; its lines go to a file. */
function launch(role: PlannedRole, dataDir: string): ProcessRecord {
  const logs = join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true });
  const log = openSync(join(logs, `${role.name}.log`), 'a');
  const child = spawn(process.execPath, [PROGRAM, role.role, ...role.argv], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...role.environment },
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new ConfigError(`${role.name} could not be started`);
  return { pid: child.pid, role: role.role, url: role.url };
}

async function health(url: string): Promise<{ readonly ready: boolean; readonly height: number }> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) });
    const { ready, height } = (await response.json()) as { ready?: boolean; height?: number };
    return { ready: ready === true, height: height ?? 0 };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { ready: false, height: 0 };
  }
}

async function states(dataDir: string): Promise<RoleState[]> {
  const records = Object.entries(readRecords(dataDir));
  return Promise.all(
    records.map(async ([name, record]) => {
      const { role, url } = record;
      const pid = runs(record) ? record.pid : null;
      const isPlatform = url.startsWith('http');
      const now = isPlatform ? await health(url) : { ready: pid !== null, height: 0 };
      return { role, name, pid, url, ...now };
    }),
  );
}

function show(rows: readonly RoleState[], json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(rows)}\n`);
    return;
  }
  for (const { name, pid, url, ready, height } of rows) {
    const state = ready ? 'ready' : pid === null ? 'down' : 'not ready';
    process.stdout.write(
      `${name.padEnd(14)} ${state.padEnd(10)} ${String(height).padStart(8)}  ${url}\n`,
    );
  }
}

async function startServices(config: Config, dataDir: string, records: Records) {
  const logger = createLogger('cluster', 'warn');
  const { basePort } = config;
  let databaseUrl = config.databaseUrl;
  if (databaseUrl === undefined) {
    const folder = join(dataDir, 'postgres');
    const postgres = await startEmbeddedPostgres({
      dataDir: folder,
      port: basePort + 40,
      log: logger,
    });
    databaseUrl = postgres.url;
    const { pid } = postgres;
    records.postgres = { pid, role: 'postgres', url: `127.0.0.1:${postgres.port}` };
  }
  if (config.log === 'postgres') return { databaseUrl, log: { kind: 'postgres' } as const };
  let brokers = config.kafkaBrokers;
  if (brokers === undefined) {
    const kafka = await startKafka({
      dataDir: join(dataDir, 'kafka'),
      ports: { broker: basePort + 50, controller: basePort + 51 },
      log: logger,
    });
    brokers = kafka.brokers.join(',');
    records.kafka = { pid: kafka.pid, role: 'kafka', url: brokers };
  }
  return { databaseUrl, log: { kind: 'kafka', brokers } as const };
}

async function up(config: Config, dataDir: string): Promise<boolean> {
  mkdirSync(dataDir, { recursive: true });
  const records = readRecords(dataDir);
  const network = developmentNetwork(dataDir, config.validators, Date.now());
  const { databaseUrl, log } = await startServices(config, dataDir, records);
  writeRecords(dataDir, records);
  const { host, basePort } = config;
  const roles = platformRoles({
    host,
    dataDir,
    network,
    log,
    databaseUrl,
    ports: {
      validators: basePort,
      gateways: basePort + 10,
      projectors: basePort + 20,
      readers: basePort + 30,
    },
    counts: { projectors: 2, readers: 2, gateways: 2 },
  });
  for (const role of roles) {
    if (!runs(records[role.name])) records[role.name] = launch(role, dataDir);
    writeRecords(dataDir, records);
  }
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const rows = await states(dataDir);
    if (rows.every(({ ready }) => ready)) return true;
    await sleep(POLL_MS);
  }
  return false;
}

async function stopProcess(record: ProcessRecord): Promise<void> {
  if (!runs(record)) return;
  process.kill(record.pid, 'SIGTERM');
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  while (isAlive(record.pid)) {
    if (performance.now() > deadline) {
      process.kill(record.pid, 'SIGKILL');
      return;
    }
    await sleep(POLL_MS);
  }
}

/** Players first, then those who answer them, then what everything stands on. */
async function down(dataDir: string): Promise<void> {
  const records = readRecords(dataDir);
  for (const kinds of [['gateway'], ['reader', 'projector', 'validator'], ['kafka', 'postgres']]) {
    const stopping = Object.values(records).filter(({ role }) => kinds.includes(role));
    await Promise.all(stopping.map(stopProcess));
  }
}

/** `nullspace cluster up | status | down`. */
export async function cluster(argv: readonly string[]): Promise<void> {
  const [action = 'status', ...rest] = argv;
  const config = loadConfig(configSchema, rest, process.env);
  const dataDir = resolve(process.env.INIT_CWD ?? '.', config.dataDir);
  if (!['up', 'status', 'down'].includes(action)) {
    throw new ConfigError(`cluster ${action}: expected up, status or down`);
  }
  const isReady = action === 'up' ? await up(config, dataDir) : true;
  if (action === 'down') await down(dataDir);
  show(await states(dataDir), config.json);
  // Watchers of the services would keep this command alive; the services live on without it.
  process.exit(isReady ? 0 : 1);
}
