import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { KAFKA_REPLICAS_MAX } from '../../schemas/limits.js';
import { callerPath } from '../config/callerPath.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import {
  brokerCount,
  count,
  flag,
  port,
  postgresUrl,
  validatorCount,
} from '../config/optionTypes.js';
import { developmentNetwork, genesisPathOf } from '../genesis/developmentNetwork.js';
import { lockFolder } from '../postgres/folderLock.js';
import { createLogger } from '../telemetry/logger.js';
import {
  type ClusterSettings,
  decideSettings,
  type ProcessRecord,
  type ProcessRecords,
  readRecords,
  readSettings,
  writeRecords,
} from './clusterFolder.js';
import { accepts, servicePid, startServices, stopServices } from './clusterServices.js';
import { lastLine } from './lastLine.js';
import { nodeArgsOf } from './nodeArgs.js';
import { type PlannedRole, platformRoles } from './platformRoles.js';
import { findRoles, isRole, stopRoles } from './roleProcesses.js';

const configSchema = z.object({
  dataDir: z.string().default('.data/cluster'),
  validators: validatorCount.optional().describe('how many; 4, and fixed with the data folder'),
  log: z.enum(['kafka', 'postgres']).optional().describe('kafka, and fixed with the data folder'),
  host: z.string().optional().describe('address to listen on; 127.0.0.1'),
  basePort: port.optional().describe('of validator-0; 9400, and the others behind it'),
  databaseUrl: postgresUrl.optional().describe('a server of your own; without, one is run here'),
  kafkaBrokers: z
    .string()
    .optional()
    .describe('host:port,... of brokers of your own; without, they are run here'),
  kafkaReplicas: count(KAFKA_REPLICAS_MAX).optional().describe('copies of topics that are made'),
  brokers: brokerCount
    .optional()
    .describe('of Kafka, run here; 1; with three the log outlives any one of them'),
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

/** Roles by when they are stopped: players first, then those who answer them. */
const STOP_ORDER: readonly (readonly string[])[] = [
  ['gateway'],
  ['reader', 'projector', 'validator'],
];
const SERVICES: readonly string[] = ['postgres', 'kafka'];
const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 200;
const PROGRAM = fileURLToPath(new URL('./nullspace.js', import.meta.url));

function logPath(dataDir: string, name: string): string {
  return join(dataDir, 'logs', `${name}.log`);
}

/** A role of its own session, that outlives this command; its lines go to a file. */
function launch(role: PlannedRole, dataDir: string): ProcessRecord {
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  const log = openSync(logPath(dataDir, role.name), 'a');
  const child = spawn(
    process.execPath,
    [...nodeArgsOf(role.role), PROGRAM, role.role, ...role.argv],
    {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...role.environment },
    },
  );
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

async function stateOf(name: string, record: ProcessRecord, dataDir: string): Promise<RoleState> {
  const { role, url } = record;
  const isService = SERVICES.includes(role);
  const isRunning = !isService && isRole(record.pid, genesisPathOf(dataDir));
  const pid = isService ? servicePid(dataDir, name) : isRunning ? record.pid : null;
  // Another program may have the port of a role that is down.
  if (pid === null) return { role, name, pid, url, ready: false, height: 0 };
  const now = isService ? { ready: await accepts(url), height: 0 } : await health(url);
  return { role, name, pid, url, ...now };
}

function states(dataDir: string): Promise<RoleState[]> {
  const records = Object.entries(readRecords(dataDir));
  return Promise.all(records.map(([name, record]) => stateOf(name, record, dataDir)));
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

function rolesOf(
  settings: ClusterSettings,
  dataDir: string,
  services: Awaited<ReturnType<typeof startServices>>,
): PlannedRole[] {
  const { host, basePort } = settings;
  return platformRoles({
    host,
    dataDir,
    network: developmentNetwork(dataDir, settings.validators, Date.now()),
    ...services,
    ports: {
      validators: basePort,
      gateways: basePort + 10,
      projectors: basePort + 20,
      readers: basePort + 30,
    },
    counts: { projectors: 2, readers: 2, gateways: 2 },
  });
}

/** Starts what does not run. Roles that run are found by what they are, not by what was noted. */
function startMissing(roles: readonly PlannedRole[], dataDir: string, records: ProcessRecords) {
  const running = findRoles(genesisPathOf(dataDir));
  for (const role of roles) {
    const portText = new URL(role.url).port;
    const found = running.find((each) => each.role === role.role && each.port === portText);
    records[role.name] =
      found === undefined
        ? launch(role, dataDir)
        : { pid: found.pid, role: role.role, url: role.url };
    writeRecords(dataDir, records);
  }
}

/**
 * A role that ended instead of getting ready, with its own last words; null while there is none.
 */
function endedRole(rows: readonly RoleState[], dataDir: string): string | null {
  const ended = rows.find(({ pid, role }) => pid === null && !SERVICES.includes(role));
  if (ended === undefined) return null;
  const path = logPath(dataDir, ended.name);
  return `${ended.name} ended: ${lastLine(path)} (${path})`;
}

/**
 * What keeps a cluster from being up: roles that are not ready, and heights that cannot be read.
 */
interface Remaining {
  readonly late: readonly string[];
  /** Null until every role was ready once. */
  readonly certified: number | null;
  readonly visible: number;
}

function remainingOf(rows: readonly RoleState[], certified: number | null): Remaining {
  const late = rows.filter(({ ready }) => !ready).map(({ name }) => name);
  const heights = (role: string): number[] =>
    rows.filter((row) => row.role === role).map(({ height }) => height);
  const highest = late.length === 0 ? Math.max(...heights('validator')) : null;
  return { late, certified: certified ?? highest, visible: Math.min(...heights('reader')) };
}

/**
 * Waits until every role is ready, and what validators had certified by then can be read: the
 * whole way, log and tables included. What is wrong otherwise, or null. It gives up when
 * READY_TIMEOUT_MS went by without one more role ready or, once all are, one more height to read:
 * on a busy machine the start of a whole cluster takes minutes.
 */
async function waitUntilReady(dataDir: string): Promise<string | null> {
  let deadline = performance.now() + READY_TIMEOUT_MS;
  let best: Remaining = { late: Object.keys(readRecords(dataDir)), certified: null, visible: 0 };
  for (;;) {
    const rows = await states(dataDir);
    const ended = endedRole(rows, dataDir);
    if (ended !== null) return ended;
    const { late, certified, visible } = remainingOf(rows, best.certified);
    if (late.length === 0 && certified !== null && visible >= certified) return null;
    const isNearer = late.length === 0 && visible > best.visible;
    if (isNearer || late.length < best.late.length) {
      deadline = performance.now() + READY_TIMEOUT_MS;
    }
    if (performance.now() > deadline) {
      return late.length > 0
        ? `not ready, and no nearer to it for ${READY_TIMEOUT_MS / 1000} s: ${late.join(', ')}`
        : `height ${certified} is certified, and readers are at ${visible}`;
    }
    best = {
      late: late.length < best.late.length ? late : best.late,
      certified,
      visible: Math.max(visible, best.visible),
    };
    await sleep(POLL_MS);
  }
}

async function up(config: Config, dataDir: string): Promise<string | null> {
  const { json, dataDir: _, ...asked } = config;
  const isRunning = findRoles(genesisPathOf(dataDir)).length > 0;
  const settings = decideSettings(dataDir, asked, isRunning);
  const lock = lockFolder(join(dataDir, 'cluster.lock'));
  try {
    const records = readRecords(dataDir);
    const logger = createLogger('cluster', 'warn');
    // Before anything is started: a chain of another size is an error of the call.
    developmentNetwork(dataDir, settings.validators, Date.now());
    const services = await startServices(settings, dataDir, logger, (name, record) => {
      records[name] = record;
      writeRecords(dataDir, records);
    });
    startMissing(rolesOf(settings, dataDir, services), dataDir, records);
    return await waitUntilReady(dataDir);
  } finally {
    lock.release();
  }
}

async function down(dataDir: string): Promise<void> {
  const lock = lockFolder(join(dataDir, 'cluster.lock'));
  try {
    const genesisPath = genesisPathOf(dataDir);
    const noted = Object.values(readRecords(dataDir)).filter(({ pid }) => isRole(pid, genesisPath));
    for (const kinds of STOP_ORDER) {
      const stopping = [...noted, ...findRoles(genesisPath)].filter(({ role }) =>
        kinds.includes(role),
      );
      const pids = [...new Set(stopping.map(({ pid }) => pid))];
      await stopRoles(pids, genesisPath, STOP_TIMEOUT_MS);
    }
    await stopServices(dataDir);
  } finally {
    lock.release();
  }
}

/** `nullspace cluster up | status | down`. */
export async function cluster(argv: readonly string[]): Promise<void> {
  const [action = 'status', ...rest] = argv[0]?.startsWith('-') ? ['status', ...argv] : argv;
  if (!['up', 'status', 'down'].includes(action)) {
    throw new ConfigError(`cluster ${action}: expected up, status or down`);
  }
  const config = loadConfig(configSchema, rest, process.env);
  const dataDir = callerPath(config.dataDir);
  if (action !== 'up' && readSettings(dataDir) === null && !existsSync(dataDir)) {
    throw new ConfigError(`no cluster in ${dataDir}: make one with up, or give --data-dir`);
  }
  const fault = action === 'up' ? await up(config, dataDir) : null;
  if (action === 'down') await down(dataDir);
  show(await states(dataDir), config.json);
  if (fault !== null) process.stderr.write(`nullspace cluster: ${fault}\n`);
  // Watchers of the services would keep this command alive; the services live on without it.
  process.exit(fault === null ? 0 : 1);
}
