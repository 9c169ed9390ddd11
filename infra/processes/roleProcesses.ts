import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../postgres/folderLock.js';

/** A running role of a data folder, whoever started it. */
export interface RoleProcess {
  readonly pid: number;
  readonly role: string;
  readonly port: string;
}

const POLL_MS = 50;
const KILLED_MS = 5_000;
const PROGRAM_NAME = 'nullspace.js';

/** The command line of a process; null when it is gone, a zombie, or the system has no /proc. */
function commandLine(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text === '' ? null : text.split('\0');
  } catch {
    return null; // it ended between the two looks
  }
}

function flagValue(argv: readonly string[], flag: string): string | undefined {
  const at = argv.indexOf(flag);
  return at < 0 ? undefined : argv[at + 1];
}

function roleOf(pid: number, genesisPath: string): RoleProcess | null {
  const argv = commandLine(pid);
  if (argv === null || flagValue(argv, '--genesis') !== genesisPath) return null;
  const at = argv.findIndex((argument) => argument.endsWith(PROGRAM_NAME));
  const role = at < 0 ? undefined : argv[at + 1];
  return role === undefined ? null : { pid, role, port: flagValue(argv, '--port') ?? '' };
}

/**
 * The roles that run on the chain of `genesisPath`, as the system's own list of processes has them:
 * pids in a file may be lost, or be somebody else's by now. Empty where there is no /proc.
 */
export function findRoles(genesisPath: string): readonly RoleProcess[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => roleOf(Number(name), genesisPath))
    .filter((found) => found !== null);
}

/** Whether the process lives and is still a role of this chain. */
export function isRole(pid: number, genesisPath: string): boolean {
  if (!existsSync('/proc/self/cmdline')) return isAlive(pid);
  return roleOf(pid, genesisPath) !== null;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Asks roles to stop, together, and ends those that have not done so in time. */
export async function stopRoles(
  pids: readonly number[],
  genesisPath: string,
  timeoutMs: number,
): Promise<void> {
  const running = (): readonly number[] => pids.filter((pid) => isRole(pid, genesisPath));
  for (const [name, waitMs] of [
    ['SIGTERM', timeoutMs],
    ['SIGKILL', KILLED_MS],
  ] as const) {
    for (const pid of running()) signal(pid, name);
    const deadline = performance.now() + waitMs;
    while (running().length > 0 && performance.now() < deadline) await sleep(POLL_MS);
  }
}
