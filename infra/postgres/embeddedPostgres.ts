import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  abandonedHome,
  type ClusterFolder,
  clusterHomes,
  makeCluster,
  PUBLIC_DIR,
  readCredentials,
  rememberPort,
  removePointers,
} from './clusterFolder.js';
import { type AdapterLog, connectClient } from './connection.js';
import { PostgresError, type PostgresErrorCode } from './errors.js';
import { type FolderLock, lockFolder } from './folderLock.js';
import { initCluster } from './initCluster.js';
import { readPostmaster, stopPostmaster } from './postmaster.js';
import { type BinaryPackage, prepareBinaries, type ServerBinaries } from './serverBinaries.js';
import {
  type RunningServer,
  type ServerStart,
  serverUrl,
  startServer,
  waitUntilReady,
} from './serverStart.js';
import { chooseServerUser } from './serverUser.js';

export interface EmbeddedPostgresOptions {
  /**
   * Holds the database, or a pointer to it, the password (0600) and the lock. Made when missing.
   */
  readonly dataDir: string;
  /** Must be free; without one, the last port is used again where it is free, else another. */
  readonly port?: number;
  readonly log: AdapterLog;
  /** As root: whom the server runs as, first that exists. Default postgres, then nobody. */
  readonly serverUsers?: readonly string[];
  /** As root: where binaries and data go when `dataDir` is private. Default /var/lib/nullspace. */
  readonly publicDir?: string;
  /** Default: the installed package of this platform. */
  readonly binaryPackage?: BinaryPackage;
  /** Includes the replay of the journal after a crash. Default 120 s. */
  readonly startTimeoutMs?: number;
}

export interface EmbeddedPostgres {
  /** Database `nullspace`, as its superuser, with the password. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** True when a server left over by a killed supervisor was found running. */
  readonly adopted: boolean;
  /** Resolves when the server is gone, whoever ended it. */
  readonly ended: Promise<void>;
  /** Stops the server and frees the folder; also after the server died by itself. Idempotent. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;
const WATCH_MS = 500;
export const DATABASE = 'nullspace';

/**
 * Starts the server of `dataDir`, or adopts the one that still runs there, on loopback only. The
 * server has its own session: a Ctrl-C in the terminal reaches the caller alone, who then calls
 * `stop`. @throws PostgresError with one clear line
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const locks: FolderLock[] = [];
  const unlock = (): void => {
    for (const lock of locks.splice(0)) lock.release();
  };
  try {
    mkdirSync(dataDir, { recursive: true });
    locks.push(lockFolder(join(dataDir, 'postgres.lock')));
    const start = await prepare({ ...options, dataDir });
    // Two data folders point to one database when one is a copy of the other.
    locks.push(lockFolder(join(start.cluster.home, 'lock')));
    return await bringUp(start, dataDir, unlock);
  } catch (error) {
    unlock();
    throw asStartError(error);
  }
}

/**
 * Stops the server of `dataDir` and removes its data, wherever that is; nothing to do is fine.
 * @throws PostgresError folderInUse while a supervisor holds the folder
 */
export async function removeEmbeddedData(
  dataDir: string,
  options: { readonly publicDir?: string } = {},
): Promise<void> {
  const folder = resolve(dataDir);
  if (!existsSync(folder)) return;
  const lock = lockFolder(join(folder, 'postgres.lock'));
  try {
    const homes = clusterHomes(folder, options.publicDir ?? PUBLIC_DIR);
    for (const home of homes) await removeHome(home);
    removePointers(folder);
  } finally {
    lock.release();
  }
}

async function removeHome(home: string): Promise<void> {
  await stopPostmaster(join(home, 'pgdata'));
  rmSync(home, { recursive: true, force: true });
}

async function prepare(options: EmbeddedPostgresOptions): Promise<ServerStart> {
  const { dataDir, log } = options;
  const publicDir = options.publicDir ?? PUBLIC_DIR;
  const chosen = chooseServerUser(options.serverUsers);
  const abandoned = abandonedHome(dataDir, publicDir);
  if (abandoned !== null) {
    log.warn({ home: abandoned }, 'removing the database of a deleted data folder');
    await removeHome(abandoned);
  }
  const cluster = makeCluster(dataDir, chosen, publicDir);
  const binaries = prepareBinaries({
    user: cluster.user,
    copiesDir: chosen === null ? dataDir : publicDir,
    ...(options.binaryPackage ? { from: options.binaryPackage } : {}),
  });
  const credentials = readCredentials(dataDir);
  if (!cluster.initialised) {
    log.info({ folder: cluster.home }, 'making the database');
    await initCluster(binaries, cluster, credentials.password);
  }
  checkVersion(cluster, binaries);
  const deadlineMs = performance.now() + (options.startTimeoutMs ?? START_TIMEOUT_MS);
  return { cluster, binaries, credentials, port: options.port || null, deadlineMs, log };
}

function checkVersion(cluster: ClusterFolder, binaries: ServerBinaries): void {
  const found = readFileSync(join(cluster.pgdata, 'PG_VERSION'), 'utf8').trim();
  if (found === binaries.major) return;
  throw new PostgresError(
    'versionMismatch',
    `the database was written by Postgres ${found} and this is ${binaries.major}; ` +
      'start with a fresh data folder',
  );
}

async function bringUp(
  start: ServerStart,
  dataDir: string,
  unlock: () => void,
): Promise<EmbeddedPostgres> {
  const { cluster, credentials } = start;
  const found = await adopt(start);
  const running = found ?? (await startServer(start));
  await createDatabase(start, running.port);
  rememberPort(dataDir, credentials, running.port);
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await stopPostmaster(cluster.pgdata);
    unlock();
  };
  return {
    url: serverUrl(credentials, running.port, DATABASE),
    port: running.port,
    pid: running.pid,
    adopted: found !== null,
    ended: watchEnd(() => readPostmaster(cluster.pgdata)?.pid === running.pid),
    stop: () => (stopping ??= stop()),
  };
}

/** Polls, because an adopted server is nobody's child. The timer keeps no process alive. */
function watchEnd(isRunning: () => boolean): Promise<void> {
  return new Promise((done) => {
    const timer = setInterval(() => {
      if (isRunning()) return;
      clearInterval(timer);
      done();
    }, WATCH_MS);
    timer.unref();
  });
}

/** The server that runs on the folder already, once it answers; one on a wrong port is stopped. */
async function adopt(start: ServerStart): Promise<RunningServer | null> {
  const { pgdata } = start.cluster;
  const found = readPostmaster(pgdata);
  if (found === null) return null;
  const isMisplaced = start.port !== null && found.port !== start.port;
  if (isMisplaced || found.status === 'stopping') {
    await stopPostmaster(pgdata);
    return null;
  }
  const gone = new PostgresError('startFailed', 'the running server ended');
  const hasEnded = (): boolean => readPostmaster(pgdata)?.pid !== found.pid;
  try {
    const running = await waitUntilReady(start, found.pid, () => (hasEnded() ? gone : null));
    start.log.info(running, 'adopted the running Postgres server');
    return running;
  } catch (error) {
    if (error === gone) return null;
    throw error;
  }
}

async function createDatabase(start: ServerStart, port: number): Promise<void> {
  const client = await connectClient({
    url: serverUrl(start.credentials, port, 'postgres'),
    applicationName: 'nullspace-start',
    log: start.log,
  });
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

const CODE_OF_ERRNO: ReadonlyMap<string | undefined, PostgresErrorCode> = new Map([
  ['ENOSPC', 'diskFull'],
  ['EDQUOT', 'diskFull'],
  ['EACCES', 'permission'],
  ['EPERM', 'permission'],
  ['EROFS', 'permission'],
  // The program exists (checked before): its loader or a library does not.
  ['ENOENT', 'binariesMissing'],
]);

function asStartError(error: unknown): unknown {
  if (error instanceof PostgresError || !(error instanceof Error)) return error;
  const code = CODE_OF_ERRNO.get((error as NodeJS.ErrnoException).code);
  if (code === undefined) return error;
  return new PostgresError(code, `Postgres cannot start: ${error.message}`, { cause: error });
}
