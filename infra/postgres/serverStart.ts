import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { present } from '../../schemas/kernel/assert.js';
import type { ClusterFolder, Credentials } from './clusterFolder.js';
import { type AdapterLog, connectClient } from './connection.js';
import { codeOfServerOutput, PostgresError } from './errors.js';
import { freePort } from './freePort.js';
import { SERVER_ROLE } from './initCluster.js';
import { readPostmaster, removeStalePidFile, stopPostmaster } from './postmaster.js';
import type { ServerBinaries } from './serverBinaries.js';
import { lastWords, SERVER_ENVIRONMENT } from './serverProgram.js';

/** Everything a start of an initialised cluster needs. */
export interface ServerStart {
  readonly cluster: ClusterFolder;
  readonly binaries: ServerBinaries;
  readonly credentials: Credentials;
  /** The caller's; it must be free. */
  readonly port: number | null;
  /** On the clock of performance.now(). */
  readonly deadlineMs: number;
  readonly log: AdapterLog;
}

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

const ATTEMPTS = 5;
const POLL_MS = 20;
const SERVER_LOG_MAX_BYTES = 1024 * 1024;

export function serverUrl(credentials: Credentials, port: number, database: string): string {
  return `postgres://${SERVER_ROLE}:${credentials.password}@127.0.0.1:${port}/${database}`;
}

/** Starts the server on the caller's port, else on the last one, else on any. */
export async function startServer(start: ServerStart): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    removeStalePidFile(start.cluster.pgdata);
    const wanted = start.port ?? (attempt === 1 ? start.credentials.port : null);
    try {
      return await launch(start, wanted ?? (await freePort()));
    } catch (error) {
      const code = error instanceof PostgresError ? error.code : null;
      // The last port may be taken by now, and a killed server's children take a moment to go.
      const again = code === 'folderInUse' || (code === 'portTaken' && start.port === null);
      if (!again || attempt === ATTEMPTS) throw error;
      start.log.debug({ err: error, attempt }, 'starting Postgres again');
      await sleep(code === 'folderInUse' ? 1_000 : 0);
    }
  }
}

async function launch(start: ServerStart, port: number): Promise<RunningServer> {
  const { cluster } = start;
  const logStart = rotateServerLog(cluster.serverLog);
  const child = spawnServer(start, port);
  let failure: Error | null = null;
  let exited = false;
  child.on('error', (error) => (failure = error));
  child.on('exit', () => (exited = true));
  child.unref();
  const whyEnded = (): Error | null => {
    if (failure !== null) return failure;
    return exited ? startFailure(cluster.serverLog, logStart, port) : null;
  };
  try {
    const running = await waitUntilReady(start, child.pid ?? null, whyEnded);
    start.log.info({ pid: running.pid, port }, 'Postgres is up');
    return running;
  } catch (error) {
    if (!exited && failure === null) await stopPostmaster(cluster.pgdata);
    throw error;
  }
}

function spawnServer(start: ServerStart, port: number): ChildProcess {
  const { cluster, binaries } = start;
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
  const logFd = openSync(cluster.serverLog, 'a', 0o600);
  try {
    return spawn(
      binaries.postgres,
      ['-D', cluster.pgdata, ...settings.flatMap((setting) => ['-c', setting])],
      {
        ...(cluster.user ?? {}),
        cwd: cluster.home,
        env: SERVER_ENVIRONMENT,
        detached: true,
        stdio: ['ignore', logFd, logFd],
      },
    );
  } finally {
    closeSync(logFd);
  }
}

/**
 * One old file is kept; the server is told to log little. Returns where this start's text begins.
 */
function rotateServerLog(path: string): number {
  if (!existsSync(path)) return 0;
  const { size } = statSync(path);
  if (size <= SERVER_LOG_MAX_BYTES) return size;
  renameSync(path, `${path}.1`);
  return 0;
}

function startFailure(serverLog: string, from: number, port: number): PostgresError {
  const output = readFileSync(serverLog).subarray(from).toString('utf8');
  const code = codeOfServerOutput(output, 'startFailed');
  if (code === 'portTaken') {
    return new PostgresError(code, `port ${port} of Postgres is taken by another program`);
  }
  return new PostgresError(code, `Postgres did not start: ${lastWords(output)}`);
}

/**
 * Waits until the server `pid` (null: it could not be spawned) says that it is ready and lets us
 * in. `whyEnded` is asked until then. @throws PostgresError startTimeout, or what `whyEnded` says
 */
export async function waitUntilReady(
  start: ServerStart,
  pid: number | null,
  whyEnded: () => Error | null,
): Promise<RunningServer> {
  const { cluster, credentials, deadlineMs, log } = start;
  for (;;) {
    const failure = whyEnded();
    if (failure !== null) throw failure;
    const server = readPostmaster(cluster.pgdata);
    if (server !== null && server.pid === pid && server.status === 'ready') {
      const port = present(server.port, 'port of a ready server');
      const url = serverUrl(credentials, port, 'postgres');
      const client = await connectClient({ url, applicationName: 'nullspace-start', log });
      await client.end();
      return { pid, port };
    }
    if (performance.now() > deadlineMs) {
      throw new PostgresError('startTimeout', `Postgres (process ${pid}) is not ready in time`);
    }
    await sleep(POLL_MS);
  }
}
