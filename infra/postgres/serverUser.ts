import { spawnSync } from 'node:child_process';
import { PostgresError } from './errors.js';

/** Whom the server runs as when we are root; null stands for ourselves. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Tried in this order: the packaged server's own user, then the one every system has. */
const SERVER_USERS: readonly string[] = ['postgres', 'nobody'];

function numericId(flag: '-u' | '-g', name: string): number | null {
  const run = spawnSync('id', [flag, name], { encoding: 'utf8' });
  if (run.status !== 0) return null;
  const id = Number.parseInt(run.stdout, 10);
  return Number.isSafeInteger(id) ? id : null;
}

/**
 * Postgres refuses to run as root, so as root one of `names` is used (no user is ever created);
 * everybody else runs it as themselves. @throws PostgresError permission
 */
export function chooseServerUser(names: readonly string[] = SERVER_USERS): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of names) {
    const uid = numericId('-u', name);
    const gid = numericId('-g', name);
    if (uid !== null && gid !== null && uid !== 0) return { uid, gid };
  }
  throw new PostgresError(
    'permission',
    `Postgres does not run as root, and there is no user ${names.join(' or ')} to run it as; ` +
      'start as an ordinary user, or give DATABASE_URL',
  );
}

/**
 * Whether `user` may reach `path` and search or execute it. Asks the kernel: groups, ACLs and all.
 */
export function mayEnter(path: string, user: ServerUser | null): boolean {
  const identity = user === null ? {} : { uid: user.uid, gid: user.gid };
  const run = spawnSync('/bin/sh', ['-c', 'test -x "$0" && test -r "$0"', path], {
    ...identity,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  return run.status === 0;
}
