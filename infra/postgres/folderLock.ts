import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { PostgresError } from './errors.js';

export interface FolderLock {
  /** Idempotent. */
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** When the process started, in the kernel's own units; tells a reused pid from the old one. */
  readonly startedAt: string | null;
  readonly token: string;
}

/**
 * Fields 3 and 22 of /proc/PID/stat; null where there is none. The name in field 2 may hold spaces.
 */
function readStat(pid: number): { state: string; startedAt: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startedAt: fields[19] ?? '' };
  } catch {
    return null; // gone, or no /proc: the caller falls back to the pid alone
  }
}

/** Signal 0 asks whether the process exists; EPERM means that it does, under another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readHolder(path: string): Holder | null {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder;
    return Number.isSafeInteger(holder.pid) ? holder : null;
  } catch {
    return null; // gone or torn: nobody can be proven to hold it
  }
}

function isHeld(holder: Holder | null): boolean {
  if (holder === null || !isAlive(holder.pid)) return false;
  const now = readStat(holder.pid);
  if (now === null) return true;
  // In a container whose first process reaps nobody, the dead stay listed as zombies.
  if (now.state === 'Z' || now.state === 'X') return false;
  return holder.startedAt === null || holder.startedAt === now.startedAt;
}

/** Takes a dead holder's file away, unless a third process has replaced it meanwhile. */
function clearStale(path: string, judged: Holder | null, aside: string): void {
  try {
    renameSync(path, aside);
  } catch {
    return; // another process was quicker; the caller tries again
  }
  const taken = readHolder(aside);
  if (taken !== null && taken.token !== judged?.token && isHeld(taken)) {
    try {
      linkSync(aside, path);
    } catch {
      // yet another holder took the place: its own check after locking finds the truth
    }
  }
  rmSync(aside, { force: true });
}

/**
 * Makes this process the only holder of the lock file `path`, until release or the process's end:
 * a lock whose holder is dead is taken over. @throws what `refuse` makes; PostgresError folderInUse
 */
export function lockFolder(
  path: string,
  refuse: (message: string) => Error = (message) => new PostgresError('folderInUse', message),
): FolderLock {
  const token = randomBytes(8).toString('hex');
  const own: Holder = {
    pid: process.pid,
    startedAt: readStat(process.pid)?.startedAt ?? null,
    token,
  };
  const draft = `${path}.${token}`;
  writeFileSync(draft, `${JSON.stringify(own)}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        linkSync(draft, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const holder = readHolder(path);
        if (isHeld(holder)) throw refuse(inUse(path, holder));
        clearStale(path, holder, `${path}.stale.${token}`);
        continue;
      }
      if (readHolder(path)?.token === token) return { release: () => release(path, token) };
    }
    throw refuse(inUse(path, readHolder(path)));
  } finally {
    rmSync(draft, { force: true });
  }
}

function inUse(path: string, holder: Holder | null): string {
  const who = holder === null ? 'another process' : `process ${holder.pid}`;
  return `the data folder is in use by ${who} (${path}); stop that first`;
}

function release(path: string, token: string): void {
  if (readHolder(path)?.token === token) rmSync(path, { force: true });
}
