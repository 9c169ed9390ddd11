import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresError } from './errors.js';
import { isAlive } from './folderLock.js';

/** What postmaster.pid says (PostgreSQL's pidfile.h: line 1 pid, 4 port, 8 status). */
export interface Postmaster {
  readonly pid: number;
  readonly port: number | null;
  readonly status: 'starting' | 'stopping' | 'ready' | 'standby' | 'unknown';
}

const POLL_MS = 20;

/** A reused pid is somebody else; the server's command line names its data folder. */
function isServerOf(pid: number, pgdata: string): boolean {
  if (!isAlive(pid)) return false;
  if (!existsSync('/proc/self/cmdline')) return true; // no /proc: the pid is all there is
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(pgdata);
  } catch {
    return false; // it ended between the two looks
  }
}

/** The server running on `pgdata`, if any. */
export function readPostmaster(pgdata: string): Postmaster | null {
  let lines: string[];
  try {
    lines = readFileSync(join(pgdata, 'postmaster.pid'), 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new PostgresError('permission', `cannot read ${pgdata}`, { cause: error });
  }
  const pid = Number.parseInt(lines[0] ?? '', 10);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isServerOf(pid, pgdata)) return null;
  const port = Number.parseInt(lines[3] ?? '', 10);
  const word = (lines[7] ?? '').trim();
  const known = ['starting', 'stopping', 'ready', 'standby'] as const;
  return {
    pid,
    port: Number.isSafeInteger(port) ? port : null,
    status: known.find((status) => status === word) ?? 'unknown',
  };
}

/** A pid file whose server is gone would stop the next start when its pid is in use again. */
export function removeStalePidFile(pgdata: string): void {
  if (readPostmaster(pgdata) === null) rmSync(join(pgdata, 'postmaster.pid'), { force: true });
}

/** Resolves to whether the process ended in time. */
async function waitForEnd(isRunning: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isRunning()) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const FAST_SHUTDOWN_MS = 15_000;
const IMMEDIATE_SHUTDOWN_MS = 5_000;

/**
 * Ends the server of `pgdata`: a fast shutdown (checkpoint, clients cut off), after 15 s an
 * immediate one (the next start replays the journal). @throws PostgresError stopTimeout
 */
export async function stopPostmaster(pgdata: string): Promise<void> {
  const running = readPostmaster(pgdata);
  if (running === null) return;
  const isRunning = (): boolean => isServerOf(running.pid, pgdata);
  signal(running.pid, 'SIGINT');
  if (await waitForEnd(isRunning, FAST_SHUTDOWN_MS)) return;
  signal(running.pid, 'SIGQUIT');
  if (await waitForEnd(isRunning, IMMEDIATE_SHUTDOWN_MS)) return;
  throw new PostgresError('stopTimeout', `the Postgres server ${running.pid} does not end`);
}
