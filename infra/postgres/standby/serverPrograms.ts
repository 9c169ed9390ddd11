import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PostgresError } from '../errors.js';

/** A server that can copy another one: the embedded package has no pg_basebackup. */
export interface ServerPrograms {
  readonly folder: string;
  readonly major: string;
}

const NEEDED = ['postgres', 'pg_ctl', 'pg_basebackup'] as const;
const VERSION_MS_MAX = 5_000;

/** Where Debian and Red Hat keep servers of several versions, beside the PATH. */
function installedFolders(): string[] {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  const redHat = existsSync('/usr')
    ? readdirSync('/usr').filter((name) => /^pgsql-/.test(name))
    : [];
  return [
    ...(process.env.PATH ?? '').split(':').filter((folder) => folder !== ''),
    ...versions.map((version) => join(debian, version, 'bin')),
    ...redHat.map((name) => join('/usr', name, 'bin')),
  ];
}

function majorOf(folder: string): string | null {
  const { stdout } = spawnSync(join(folder, 'postgres'), ['--version'], {
    encoding: 'utf8',
    timeout: VERSION_MS_MAX,
  });
  return /\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1] ?? null;
}

/** Every installed server with pg_basebackup; of `folder` alone where one is named. */
export function installedServers(folder?: string): ServerPrograms[] {
  const folders = folder === undefined ? installedFolders() : [folder];
  const whole = [...new Set(folders)].filter((each) =>
    NEEDED.every((name) => existsSync(join(each, name))),
  );
  return whole.flatMap((each) => {
    const major = majorOf(each);
    return major === null ? [] : [{ folder: each, major }];
  });
}

/**
 * Why no standby can be made here, in a few words; null when one can. NULLSPACE_PG_BIN, the
 * variable of --pg-bin, names a folder here too.
 */
export function standbyUnavailableReason(): string | null {
  const none = 'no PostgreSQL server with pg_basebackup (Debian: postgresql)';
  return installedServers(process.env.NULLSPACE_PG_BIN).length === 0 ? none : null;
}

/**
 * The programs of the primary's major version: a standby reads the primary's files and journal.
 * @throws PostgresError binariesMissing, versionMismatch
 */
export function findServerPrograms(major: string, folder?: string): ServerPrograms {
  const installed = installedServers(folder);
  const found = installed.find((each) => each.major === major);
  if (found !== undefined) return found;
  const where = folder ?? 'the PATH and /usr/lib/postgresql';
  if (installed.length === 0) {
    const message =
      `no PostgreSQL server with ${NEEDED.join(', ')} in ${where}; ` +
      `install PostgreSQL ${major}, or name its folder by --pg-bin`;
    throw new PostgresError('binariesMissing', message);
  }
  const versions = installed.map((each) => `${each.major} (${each.folder})`).join(', ');
  throw new PostgresError(
    'versionMismatch',
    `the primary is PostgreSQL ${major}, and a standby must be too; found: ${versions}`,
  );
}
