import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AdapterLog } from '../postgres/connection.js';
import { isAlive, lockFolder } from '../postgres/folderLock.js';
import { freePort } from '../postgres/freePort.js';
import { brokerSettings, ownBrokerSettings } from './brokerSettings.js';
import { createClient } from './client.js';
import { KafkaError } from './errors.js';
import { fetchKafkaJars } from './kafkaJars.js';
import { type ScramUser, type SecuredListener, securedSettings } from './securedListener.js';

export interface KafkaRuntimeOptions {
  /** Holds the broker's data, its ports and its log. Made when missing. */
  readonly dataDir: string;
  readonly log: AdapterLog;
  /** Must be free; without, the last ones are used again where they are free, else others. */
  readonly ports?: { readonly broker: number; readonly controller: number };
  /** One broker of several: `kafkaCluster.ts` starts all of them. Needs `ports`. */
  readonly member?: {
    readonly clusterId: string;
    /** From 1 on. */
    readonly nodeId: number;
    /** The controller's port of every broker, in the order of their ids. */
    readonly controllers: readonly number[];
  };
  /** A second port, whose clients are told that the broker is at another: a proxy before it. */
  readonly proxied?: { readonly port: number; readonly advertisedPort: number };
  /** One more port, over TLS, whose clients say who they are; then the rules of access count. */
  readonly secured?: SecuredListener;
  /** Default 120 s: a busy machine, or the replay of a log after a kill. */
  readonly startTimeoutMs?: number;
}

export interface KafkaRuntime {
  /** `127.0.0.1:port` */
  readonly brokers: readonly string[];
  readonly pid: number;
  /** True when a broker left over by a killed supervisor was found running. */
  readonly adopted: boolean;
  /** Controlled shutdown, after 20 s a kill. Idempotent; frees the folder. */
  stop(): Promise<void>;
  /** SIGKILL, as a test of crashes does it; frees the folder. */
  kill(): Promise<void>;
}

interface BrokerState {
  readonly clusterId: string;
  readonly broker: number;
  readonly controller: number;
}

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;
const KILL_TIMEOUT_MS = 5_000;
const POLL_MS = 50;
const PORT_ATTEMPTS = 5;
const LOG_MAX_BYTES = 1024 * 1024;
const STATE_FILE = 'kafka.json';
const PID_FILE = 'kafka.pid';
const LOCK_FILE = 'kafka.lock';
const CONFIG_FILE = 'server.properties';

const SECURITY_PROTOCOLS =
  'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL';

/** Logs at WARN; a cleaner buffer of 16 MiB, because the default takes 128 of the 512 MB heap. */
const JVM = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC'];
const LOGGING = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

function properties(dataDir: string, state: BrokerState, options: KafkaRuntimeOptions): string {
  const { proxied, secured, member = { nodeId: 1, controllers: [state.controller] } } = options;
  const broker = `PLAINTEXT://127.0.0.1:${state.broker}`;
  const listeners = [broker, `CONTROLLER://127.0.0.1:${state.controller}`];
  const advertised = [broker];
  if (secured !== undefined) {
    listeners.push(`SECURED://127.0.0.1:${secured.port}`);
    advertised.push(`SECURED://127.0.0.1:${secured.port}`);
  }
  if (proxied !== undefined) {
    listeners.push(`PROXIED://127.0.0.1:${proxied.port}`);
    advertised.push(`PROXIED://127.0.0.1:${proxied.advertisedPort}`);
  }
  const voters = member.controllers.map((port, index) => `${index + 1}@127.0.0.1:${port}`);
  const own = {
    'node.id': String(member.nodeId),
    'controller.quorum.voters': voters.join(','),
    listeners: listeners.join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': SECURITY_PROTOCOLS,
    'log.dirs': join(dataDir, 'logs'),
    'num.network.threads': '2',
    'num.io.threads': '2',
    'log.cleaner.dedupe.buffer.size': '16777216',
  };
  const brokers = member.controllers.length;
  const shared = { ...brokerSettings(brokers), ...ownBrokerSettings(brokers, member.nodeId) };
  const access = secured === undefined ? {} : securedSettings(secured);
  const settings = { ...shared, ...own, ...access };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

interface Place {
  readonly dataDir: string;
  readonly config: string;
  readonly serverLog: string;
  readonly libs: string;
}

/**
 * Starts a broker of Kafka on loopback, in KRaft mode, from jars that Maven fetches once; or
 * adopts the one that still runs on `dataDir`. It has its own session, as the Postgres server has.
 * @throws KafkaError
 */
export async function startKafka(options: KafkaRuntimeOptions): Promise<KafkaRuntime> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const refuse = (message: string): Error => new KafkaError('folderInUse', message);
  const lock = lockFolder(join(dataDir, LOCK_FILE), refuse);
  try {
    const place: Place = {
      dataDir,
      config: join(dataDir, CONFIG_FILE),
      serverLog: join(dataDir, 'kafka.log'),
      libs: await fetchKafkaJars(),
    };
    const found = await adopt(place, options);
    const running = found ?? (await start(place, options));
    const end = async (timeoutMs: number, signal: NodeJS.Signals): Promise<void> => {
      await endProcess(place, running.pid, signal, timeoutMs);
      lock.release();
    };
    let stopping: Promise<void> | null = null;
    return {
      brokers: [`127.0.0.1:${running.state.broker}`],
      pid: running.pid,
      adopted: found !== null,
      stop: () => (stopping ??= end(STOP_TIMEOUT_MS, 'SIGTERM')),
      kill: () => (stopping ??= end(KILL_TIMEOUT_MS, 'SIGKILL')),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function readState(dataDir: string): BrokerState | null {
  const path = join(dataDir, STATE_FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as BrokerState) : null;
}

/** A reused pid is somebody else; the broker's command line names its configuration. */
function isBrokerOf(pid: number, place: Pick<Place, 'config'>): boolean {
  if (!isAlive(pid)) return false;
  if (!existsSync('/proc/self/cmdline')) return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(place.config);
  } catch {
    return false; // it ended between the two looks
  }
}

interface Running {
  readonly pid: number;
  readonly state: BrokerState;
}

/** Pid of the broker that runs on the folder, or null when none does. */
function brokerPid(place: Pick<Place, 'dataDir' | 'config'>): number | null {
  const path = join(place.dataDir, PID_FILE);
  if (!existsSync(path)) return null;
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
  return Number.isSafeInteger(pid) && isBrokerOf(pid, place) ? pid : null;
}

function placeOf(dataDir: string): Pick<Place, 'dataDir' | 'config'> {
  const folder = resolve(dataDir);
  return { dataDir: folder, config: join(folder, CONFIG_FILE) };
}

/** The broker that runs on a data folder, whoever started it, or null when none does. */
export function runningKafka(dataDir: string): { readonly pid: number } | null {
  const pid = brokerPid(placeOf(dataDir));
  return pid === null ? null : { pid };
}

/**
 * Ends the broker of a data folder, whoever started it; nothing to do is fine. @throws KafkaError
 */
export async function stopKafka(dataDir: string): Promise<void> {
  const place = placeOf(dataDir);
  const pid = brokerPid(place);
  if (pid === null) return;
  const refuse = (message: string): Error => new KafkaError('folderInUse', message);
  const lock = lockFolder(join(place.dataDir, LOCK_FILE), refuse);
  try {
    await endProcess(place, pid, 'SIGTERM', STOP_TIMEOUT_MS);
  } finally {
    lock.release();
  }
}

async function adopt(place: Place, options: KafkaRuntimeOptions): Promise<Running | null> {
  const state = readState(place.dataDir);
  const pid = brokerPid(place);
  if (pid === null) return null;
  if (state === null) {
    // Whoever started it was killed before it was ready: nobody knows its ports.
    await endProcess(place, pid, 'SIGTERM', STOP_TIMEOUT_MS);
    return null;
  }
  const isMisplaced = options.ports !== undefined && options.ports.broker !== state.broker;
  if (isMisplaced) {
    await endProcess(place, pid, 'SIGTERM', STOP_TIMEOUT_MS);
    return null;
  }
  const gone = new KafkaError('startFailed', 'the running broker ended');
  try {
    await waitUntilReady(state, options, () => (isBrokerOf(pid, place) ? null : gone));
    return { pid, state };
  } catch (error) {
    if (error === gone) return null;
    throw error;
  }
}

/** 16 random bytes. A leading dash would be taken for an option. */
export function newClusterId(): string {
  return `n${randomBytes(16).toString('base64url').slice(1, 22)}`;
}

async function start(place: Place, options: KafkaRuntimeOptions): Promise<Running> {
  const last = readState(place.dataDir);
  const clusterId = options.member?.clusterId ?? last?.clusterId ?? newClusterId();
  for (let attempt = 1; ; attempt++) {
    const reused = attempt === 1 && last !== null ? last : null;
    const broker = options.ports?.broker ?? reused?.broker ?? (await freePort());
    const controller = options.ports?.controller ?? reused?.controller ?? (await freePort());
    const state = { clusterId, broker, controller };
    try {
      return { pid: await launch(place, state, options), state };
    } catch (error) {
      const isTaken = error instanceof KafkaError && error.code === 'portTaken';
      if (!isTaken || options.ports !== undefined || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function launch(
  place: Place,
  state: BrokerState,
  options: KafkaRuntimeOptions,
): Promise<number> {
  writeFileSync(place.config, properties(place.dataDir, state, options));
  await format(place, state.clusterId, options.secured?.users ?? []);
  const logStart = rotateLog(place.serverLog);
  const child = spawnBroker(place);
  let failure: Error | null = null;
  let exited = false;
  child.on('error', (error) => (failure = error));
  child.on('exit', () => (exited = true));
  child.unref();
  if (child.pid !== undefined) writeFileSync(join(place.dataDir, PID_FILE), `${child.pid}\n`);
  const whyEnded = (): Error | null => {
    if (failure !== null) return new KafkaError('startFailed', 'java cannot be run', failure);
    return exited ? startFailure(place.serverLog, logStart, state) : null;
  };
  try {
    await waitUntilReady(state, options, whyEnded);
  } catch (error) {
    if (!exited && child.pid !== undefined) {
      await endProcess(place, child.pid, 'SIGKILL', KILL_TIMEOUT_MS);
    }
    throw error;
  }
  writeFileSync(join(place.dataDir, STATE_FILE), `${JSON.stringify(state)}\n`);
  options.log.info({ pid: child.pid, port: state.broker }, 'Kafka is up');
  return child.pid as number;
}

/** Once in a folder's life: it takes a Java machine of its own, which writes this file last. */
async function format(place: Place, clusterId: string, users: readonly ScramUser[]): Promise<void> {
  if (existsSync(join(place.dataDir, 'logs', 'meta.properties'))) return;
  const tool = ['kafka.tools.StorageTool', 'format', '--ignore-formatted', '-t', clusterId];
  const first = users.flatMap(({ name, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
  const java = ['-Xmx128m', ...LOGGING, '-cp', join(place.libs, '*')];
  const args = [...java, ...tool, '-c', place.config, ...first];
  try {
    await promisify(execFile)('java', args);
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
    const words = `${stderr}${stdout}`.trim().split('\n').at(-1);
    const message = `Kafka's folder could not be formatted: ${words}`;
    throw new KafkaError('formatFailed', message, error);
  }
}

function rotateLog(path: string): number {
  if (!existsSync(path)) return 0;
  const { size } = statSync(path);
  if (size <= LOG_MAX_BYTES) return size;
  renameSync(path, `${path}.1`);
  return 0;
}

function spawnBroker(place: Place): ChildProcess {
  const logFd = openSync(place.serverLog, 'a', 0o600);
  try {
    const args = [...JVM, ...LOGGING, '-cp', join(place.libs, '*'), 'kafka.Kafka', place.config];
    return spawn('java', args, {
      cwd: place.dataDir,
      detached: true,
      stdio: ['ignore', logFd, logFd],
    });
  } finally {
    closeSync(logFd);
  }
}

function startFailure(serverLog: string, from: number, state: BrokerState): KafkaError {
  const output = readFileSync(serverLog).subarray(from).toString('utf8');
  if (/Address already in use|BindException/.test(output)) {
    const ports = `${state.broker} or ${state.controller}`;
    return new KafkaError('portTaken', `port ${ports} of Kafka is taken by another program`);
  }
  const telling = output.split('\n').filter((line) => /ERROR|FATAL|Exception/.test(line));
  const words = (telling.at(-1) ?? output.trim().split('\n').at(-1) ?? 'no output').trim();
  return new KafkaError('startFailed', `Kafka did not start: ${words}`);
}

/** Waits until the broker answers as a member of its cluster. */
async function waitUntilReady(
  state: BrokerState,
  options: KafkaRuntimeOptions,
  whyEnded: () => Error | null,
): Promise<void> {
  const deadline = performance.now() + (options.startTimeoutMs ?? START_TIMEOUT_MS);
  const silent = { ...options.log, debug: () => {} }; // every refused connection is expected here
  for (;;) {
    const failure = whyEnded();
    if (failure !== null) throw failure;
    if (await answers(state, silent)) return;
    if (performance.now() > deadline) {
      throw new KafkaError('startTimeout', `Kafka on port ${state.broker} is not ready in time`);
    }
    await sleep(POLL_MS);
  }
}

/** Whether the broker is there, and the one of this folder: another cluster's may have the port. */
async function answers(state: BrokerState, log: AdapterLog): Promise<boolean> {
  const client = createClient({ brokers: [`127.0.0.1:${state.broker}`], log });
  const admin = client.admin({ retry: { retries: 0 } });
  try {
    await admin.connect();
    const { clusterId, brokers } = await admin.describeCluster();
    // Of several, it knows the others before it may lead anything itself.
    return clusterId === state.clusterId && brokers.some(({ port }) => port === state.broker);
  } catch {
    return false; // not yet: the caller's deadline decides
  } finally {
    await admin.disconnect();
  }
}

async function endProcess(
  place: Pick<Place, 'dataDir' | 'config'>,
  pid: number,
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<void> {
  for (const [name, waitMs] of [
    [signal, timeoutMs],
    ['SIGKILL', KILL_TIMEOUT_MS],
  ] as const) {
    if (isBrokerOf(pid, place)) process.kill(pid, name);
    const deadline = performance.now() + waitMs;
    while (isBrokerOf(pid, place) && performance.now() < deadline) await sleep(POLL_MS);
    if (!isBrokerOf(pid, place)) {
      rmSync(join(place.dataDir, PID_FILE), { force: true });
      return;
    }
  }
  throw new KafkaError('stopTimeout', `the broker ${pid} does not end`);
}
