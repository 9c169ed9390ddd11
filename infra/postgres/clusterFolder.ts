import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { PostgresError } from './errors.js';
import { mayEnter, type ServerUser } from './serverUser.js';

/** Where root keeps what the server's user must reach when the data folder is private. */
export const PUBLIC_DIR = '/var/lib/nullspace';

/** A server's own folder: `pgdata`, and the log of its starts. */
export interface ClusterFolder {
  readonly home: string;
  readonly pgdata: string;
  readonly serverLog: string;
  readonly user: ServerUser | null;
  /** False until initdb has completed. */
  readonly initialised: boolean;
}

export interface Credentials {
  readonly password: string;
  /** The last one used, so that a URL stays the same over restarts where it can. */
  readonly port: number | null;
}

const POINTER_FILE = 'postgres.path';
const CREDENTIALS_FILE = 'postgres.json';
const OWNER_FILE = 'owner';

/** Replaces a file of ours in one step, readable by us alone. */
function writePrivate(path: string, text: string): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}

/** Password of the folder's server, made at the first call. */
export function readCredentials(dataDir: string): Credentials {
  const path = join(dataDir, CREDENTIALS_FILE);
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Credentials;
  const credentials = { password: randomBytes(24).toString('hex'), port: null };
  writePrivate(path, `${JSON.stringify(credentials)}\n`);
  return credentials;
}

export function rememberPort(dataDir: string, credentials: Credentials, port: number): void {
  if (credentials.port === port) return;
  writePrivate(join(dataDir, CREDENTIALS_FILE), `${JSON.stringify({ ...credentials, port })}\n`);
}

/** The folder that root uses for `dataDir` outside of it. */
function outsideHome(dataDir: string, publicDir: string): string {
  const name = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 16);
  return join(publicDir, `data-${name}`);
}

function readPointer(dataDir: string): { home: string; owner: string } | null {
  const path = join(dataDir, POINTER_FILE);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}

function ownerOf(home: string): string | null {
  const path = join(home, OWNER_FILE);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

/** As root, data stays with the user that owns it, whichever user would be chosen today. */
function userOfData(pgdata: string, chosen: ServerUser | null): ServerUser | null {
  const { uid, gid } = statSync(pgdata);
  const self = process.getuid?.();
  if (chosen !== null && uid !== 0) return { uid, gid };
  if (uid === self && uid !== 0) return null;
  throw new PostgresError(
    'permission',
    `the database ${pgdata} belongs to user ${uid}, and this is user ${self}; start as the user ` +
      'that made it, or choose another data folder',
  );
}

function describe(home: string, user: ServerUser | null): ClusterFolder {
  const pgdata = join(home, 'pgdata');
  const initialised = existsSync(join(pgdata, 'PG_VERSION'));
  return {
    home,
    pgdata,
    serverLog: join(home, 'server.log'),
    user: initialised ? userOfData(pgdata, user) : user,
    initialised,
  };
}

function knownHome(dataDir: string): string | null {
  const pointer = readPointer(dataDir);
  if (pointer !== null) {
    if (existsSync(pointer.home) && ownerOf(pointer.home) === pointer.owner) return pointer.home;
    throw new PostgresError(
      'dataMissing',
      `the database of ${dataDir} was kept in ${pointer.home} and is gone; restore that folder, ` +
        'or start with a fresh data folder',
    );
  }
  const inside = join(dataDir, 'postgres');
  return existsSync(join(inside, 'pgdata/PG_VERSION')) ? inside : null;
}

/** What is known of an existing cluster, without making anything; null where there is none. */
export function findCluster(dataDir: string, chosen: ServerUser | null): ClusterFolder | null {
  const home = knownHome(dataDir);
  return home === null ? null : describe(home, chosen);
}

/**
 * The folder of `dataDir`'s server, made when missing: inside `dataDir`, or outside of it where the
 * server's user may not enter that, with a pointer left behind. A folder left outside by an earlier
 * `dataDir` of the same path has no pointer to it any more and must be removed by the caller first.
 */
export function makeCluster(
  dataDir: string,
  chosen: ServerUser | null,
  publicDir: string,
): ClusterFolder {
  const known = findCluster(dataDir, chosen);
  if (known !== null) return known;
  const inside = chosen === null || mayEnter(dataDir, chosen);
  const home = inside ? join(dataDir, 'postgres') : outsideHome(dataDir, publicDir);
  mkdirSync(home, { recursive: true, mode: 0o755 });
  if (!inside) {
    chmodSync(publicDir, 0o755); // the umask may have closed it
    const owner = randomBytes(16).toString('hex');
    writeFileSync(join(home, OWNER_FILE), `${owner}\n`);
    writePrivate(join(dataDir, POINTER_FILE), `${JSON.stringify({ home, owner })}\n`);
  }
  chmodSync(home, 0o700);
  if (chosen !== null) chownSync(home, chosen.uid, chosen.gid);
  if (!mayEnter(home, chosen)) {
    const message = `user ${chosen?.uid} may not enter ${home}, where its database would be`;
    throw new PostgresError('permission', message);
  }
  return describe(home, chosen);
}

/** Every folder that may hold data of `dataDir`, for removal: inside, pointed to, or left over. */
export function clusterHomes(dataDir: string, publicDir: string): readonly string[] {
  const pointer = readPointer(dataDir);
  const homes = [join(dataDir, 'postgres'), outsideHome(dataDir, publicDir)];
  if (pointer !== null && ownerOf(pointer.home) === pointer.owner) homes.push(pointer.home);
  return [...new Set(homes)].filter((home) => existsSync(home));
}

/** An outside folder that nothing points to: its data folder was deleted. */
export function abandonedHome(dataDir: string, publicDir: string): string | null {
  const home = outsideHome(dataDir, publicDir);
  const isOurs = process.getuid?.() === 0 && existsSync(home);
  return isOurs && readPointer(dataDir) === null ? home : null;
}

export function removePointers(dataDir: string): void {
  for (const name of [POINTER_FILE, CREDENTIALS_FILE]) {
    rmSync(join(dataDir, name), { force: true });
  }
}
