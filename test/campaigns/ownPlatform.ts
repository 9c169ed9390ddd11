import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { developmentNetwork } from '../../infra/genesis/developmentNetwork.js';
import { type KafkaCluster, startKafkaCluster } from '../../infra/kafka/kafkaCluster.js';
import { startKafka } from '../../infra/kafka/kafkaRuntime.js';
import { openLog } from '../../infra/log/openLog.js';
import { startEmbeddedPostgres } from '../../infra/postgres/embeddedPostgres.js';
import { freePort } from '../../infra/postgres/freePort.js';
import { nodeArgsOf } from '../../infra/processes/nodeArgs.js';
import { type PlannedRole, platformRoles } from '../../infra/processes/platformRoles.js';
import type { RoleMessage } from '../../infra/processes/role.js';
import { createLogger } from '../../infra/telemetry/logger.js';
import { PLAYER_PATH } from '../../infra/websocket/playerPath.js';
import { present } from '../../schemas/kernel/assert.js';
import type { Log } from '../../schemas/log.js';
import type { Genesis } from '../../schemas/types/genesis.js';

/** What a validator says of itself at /healthz. */
export interface ValidatorHealth {
  readonly name: string;
  readonly ready: boolean;
  readonly height: number;
  readonly publishing: boolean;
  readonly publishedHeight: number;
}

/** Validators and a gateway as processes of their own, on a log of their own. */
export interface OwnPlatform {
  readonly genesis: Genesis;
  readonly gatewayUrl: string;
  readonly validators: readonly string[];
  /** Null while it does not answer. */
  health(validator: string): Promise<ValidatorHealth | null>;
  /** Until it is ready. */
  start(name: string): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(name: string): Promise<void>;
  /** SIGTERM; resolves when it has ended. */
  end(name: string): Promise<void>;
  /** Of a role that runs. */
  pid(name: string): number;
  /** Base URL of a role's status paths. */
  url(name: string): string;
  /** Of a validator. */
  keyPath(validator: number): string;
  readonly databaseUrl: string;
  /** A reader's handle on the log. */
  openLog(): Promise<Log>;
  /** Of a log on several brokers; null on one, and on Postgres. */
  readonly kafka: KafkaCluster | null;
  /** Of the brokers as they run now, however many; none on Postgres. */
  brokerPids(): readonly number[];
  stop(): Promise<void>;
}

export interface OwnPlatformOptions {
  readonly dataDir: string;
  readonly log: 'postgres' | 'kafka';
  /** The first of eight ports; without, free ones are found. */
  readonly basePort: number | undefined;
  /** Of Kafka; default one. */
  readonly brokers?: number;
  /** Default none. */
  readonly projectors?: number;
}

const VALIDATORS = 4;
const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 15_000;
const compiled = import.meta.url.includes('/dist/test/');
const PROGRAM = fileURLToPath(
  new URL(`${compiled ? '../..' : '../../dist'}/infra/processes/nullspace.js`, import.meta.url),
);

async function startServices(options: OwnPlatformOptions) {
  const logger = createLogger('campaign', 'error');
  const dataDir = join(options.dataDir, 'postgres');
  const postgres = await startEmbeddedPostgres({ dataDir, log: logger });
  if (options.log === 'postgres') {
    const stop = (): Promise<void> => postgres.stop();
    const brokers: readonly string[] = [];
    return { databaseUrl: postgres.url, brokers, cluster: null, pids: () => [], stop };
  }
  const place = { dataDir: join(options.dataDir, 'kafka'), log: logger };
  const { brokers = 1 } = options;
  const cluster = brokers === 1 ? null : await startKafkaCluster({ ...place, brokers });
  const kafka = cluster ?? (await startKafka(place));
  const stop = async (): Promise<void> => {
    await kafka.stop();
    await postgres.stop();
  };
  const pids = (): number[] =>
    cluster?.members.map(({ pid }) => pid) ?? ('pid' in kafka ? [kafka.pid] : []);
  return { databaseUrl: postgres.url, brokers: kafka.brokers, cluster, pids, stop };
}

/** A first port whose followers are free as well, as far as one can know. */
async function freePorts(): Promise<number> {
  return (await freePort()) & ~15;
}

export async function startOwnPlatform(options: OwnPlatformOptions): Promise<OwnPlatform> {
  const { dataDir } = options;
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  const network = developmentNetwork(dataDir, VALIDATORS, Date.now());
  const services = await startServices(options);
  const basePort = options.basePort ?? (await freePorts());
  const brokers = services.brokers.join(',');
  const roles = platformRoles({
    host: HOST,
    dataDir,
    network,
    log:
      options.log === 'kafka' ? { kind: 'kafka', brokers, replicas: null } : { kind: 'postgres' },
    databaseUrl: services.databaseUrl,
    ports: {
      validators: basePort,
      gateways: basePort + VALIDATORS,
      projectors: basePort + VALIDATORS + 1,
      readers: basePort + VALIDATORS + 2,
    },
    counts: { projectors: options.projectors ?? 0, readers: 0, gateways: 1 },
  });
  const processes = createProcesses(dataDir, roles);
  const validators = roles.filter(({ role }) => role === 'validator').map(({ name }) => name);
  const stop = async (): Promise<void> => {
    await processes.stopAll();
    await services.stop();
  };
  try {
    await Promise.all(validators.map(processes.start));
    const others = roles.filter(({ role }) => role !== 'validator');
    await Promise.all(others.map(({ name }) => processes.start(name)));
  } catch (error) {
    await stop();
    throw error;
  }
  const { databaseUrl } = services;
  const config = { log: options.log, databaseUrl, kafkaBrokers: services.brokers };
  return {
    genesis: network.genesis,
    gatewayUrl: `ws://${HOST}:${basePort + VALIDATORS}${PLAYER_PATH}`,
    validators,
    health: (validator) => healthOf(roles, validator),
    start: processes.start,
    kill: processes.kill,
    end: processes.end,
    pid: processes.pid,
    url: (name) => roleOf(roles, name).url,
    keyPath: (validator) => present(network.keyPaths[validator], 'a validator'),
    databaseUrl,
    openLog: () => openLog(config, createLogger('campaign', 'error')),
    kafka: services.cluster,
    brokerPids: services.pids,
    stop,
  };
}

function roleOf(roles: readonly PlannedRole[], name: string): PlannedRole {
  const role = roles.find((each) => each.name === name);
  if (role === undefined) throw new Error(`no role ${name}`);
  return role;
}

async function healthOf(
  roles: readonly PlannedRole[],
  name: string,
): Promise<ValidatorHealth | null> {
  try {
    const { url } = roleOf(roles, name);
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) });
    return { ...((await response.json()) as ValidatorHealth), name };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null; // killed, or not up yet
  }
}

function createProcesses(dataDir: string, roles: readonly PlannedRole[]) {
  const children = new Map<string, ChildProcess>();
  const start = async (name: string): Promise<void> => {
    const role = roleOf(roles, name);
    const log = openSync(join(dataDir, 'logs', `${name}.log`), 'a');
    const child = fork(PROGRAM, [role.role, ...role.argv], {
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, ...role.environment },
      execArgv: [...nodeArgsOf(role.role)],
    });
    closeSync(log);
    children.set(name, child);
    const ready = once(child, 'message').then(([message]) => message as RoleMessage);
    const ended = once(child, 'exit').then(() => null);
    const late = sleep(READY_TIMEOUT_MS, null, { ref: false });
    const first = await Promise.race([ready, ended, late]);
    if (first?.kind === 'ready') return;
    const why = first?.kind === 'failed' ? first.message : 'it ended, or said nothing';
    throw new Error(`${name} did not start: ${why}; see ${join(dataDir, 'logs', `${name}.log`)}`);
  };
  const end = async (name: string, signal: NodeJS.Signals): Promise<void> => {
    const child = children.get(name);
    children.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(killer);
  };
  return {
    start,
    kill: (name: string) => end(name, 'SIGKILL'),
    end: (name: string) => end(name, 'SIGTERM'),
    pid: (name: string) => present(children.get(name)?.pid, `a process of ${name}`),
    async stopAll() {
      await end('gateway-0', 'SIGTERM');
      await Promise.all([...children.keys()].map((name) => end(name, 'SIGTERM')));
    },
  };
}
