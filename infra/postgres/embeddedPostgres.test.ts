import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectClient } from './connection.js';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  removeEmbeddedData,
  startEmbeddedPostgres,
} from './embeddedPostgres.js';
import { findBinaryPackage } from './serverBinaries.js';
import { mayEnter } from './serverUser.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const isRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65534, gid: 65534 };
const root = mkdtempSync(join(tmpdir(), 'nullspace-embedded-'));
const publicDir = join(root, 'public');
// Bundled inside the checkout, so that the packages are found from there.
const SUPERVISOR = new URL('../../dist/test/postgresSupervisor.mjs', import.meta.url).pathname;

let folders = 0;
/** A new private folder, as a home folder is. */
function newFolder(): string {
  const folder = join(root, `f${folders++}`);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

const running: EmbeddedPostgres[] = [];
async function start(
  dataDir: string,
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log, publicDir, ...options });
  running.push(server);
  return server;
}

const children: ChildProcess[] = [];
/** A supervisor of its own process, as the platform's is; resolves once its server is up. */
function superviseElsewhere(
  dataDir: string,
  user: { uid?: number; gid?: number } = {},
): Promise<{ child: ChildProcess; server: { pid: number; url: string; adopted: boolean } }> {
  const child = spawn(process.execPath, [SUPERVISOR, dataDir, publicDir], {
    ...user,
    env: { PATH: process.env.PATH, HOME: dataDir },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (line) => resolve({ child, server: JSON.parse(String(line)) }));
    child.once('exit', (code) => reject(new Error(`the supervisor ended with ${code}`)));
  });
}

/** Empty when the process is gone, or a zombie. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

async function query(url: string, text: string): Promise<unknown> {
  const client = await connectClient({ url, applicationName: 'test', log });
  try {
    return (await client.query({ text, rowMode: 'array' })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}

beforeAll(() => {
  chmodSync(root, 0o755);
  buildSync({
    stdin: {
      contents: `
        import { startEmbeddedPostgres } from './embeddedPostgres.ts';
        const log = { debug() {}, info() {}, warn() {}, error() {} };
        const [dataDir, publicDir] = process.argv.slice(2);
        const server = await startEmbeddedPostgres({ dataDir, publicDir, log });
        process.stdin.resume();
        process.stdin.on('end', () => server.stop().then(() => process.exit(0)));
        console.log(JSON.stringify(server));`,
      resolveDir: import.meta.dirname,
    },
    outfile: SUPERVISOR,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of running.splice(0)) await server.stop();
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  rmSync(SUPERVISOR, { force: true });
});

describe('embedded Postgres', () => {
  it('starts, keeps data and port over a restart, whatever the locale of the caller', async () => {
    const folder = newFolder();
    process.env.LC_ALL = 'xx_YY.UTF-8';
    try {
      const first = await start(folder);
      expect(first.adopted).toBe(false);
      expect(first.port).toBeLessThan(32_768);
      await query(first.url, 'create table kept as select 42 as answer');
      await first.stop();
      const second = await start(folder);
      expect(second.port).toBe(first.port);
      expect(await query(second.url, 'select answer from kept')).toBe(42);
      expect(await query(second.url, 'show fsync')).toBe('on');
      expect(await query(second.url, 'show unix_socket_directories')).toBe('');
      expect(await query(second.url, 'show listen_addresses')).toBe('127.0.0.1');
    } finally {
      delete process.env.LC_ALL;
    }
  });

  it('asks for the password, which only the owner of the folder can read', async () => {
    const folder = newFolder();
    const server = await start(folder);
    const wrong = server.url.replace(/:[0-9a-f]+@/, ':wrong@');
    await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: 'authentication' });
    expect(statSync(join(folder, 'postgres.json')).mode & 0o777).toBe(0o600);
  });

  it('runs in a session of its own, so that Ctrl-C does not reach it', async () => {
    const server = await start(newFolder());
    const stat = readFileSync(`/proc/${server.pid}/stat`, 'utf8');
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect([group, session]).toEqual([String(server.pid), String(server.pid)]);
  });

  it('refuses a port that is taken, and names it', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as { port: number };
    try {
      const refusal = expect(start(newFolder(), { port })).rejects;
      await refusal.toMatchObject({ code: 'portTaken', retriable: true });
    } finally {
      other.close();
    }
  });

  it('takes another port when its last one is taken meanwhile', async () => {
    const folder = newFolder();
    const first = await start(folder);
    await first.stop();
    const other = createServer();
    await new Promise<void>((done) => other.listen(first.port, '127.0.0.1', done));
    try {
      const second = await start(folder);
      expect(second.port).not.toBe(first.port);
      expect(await query(second.url, 'select 1')).toBe(1);
    } finally {
      other.close();
    }
  });

  it('refuses a second start on a folder in use; adopts after the first was killed', async () => {
    const folder = newFolder();
    const { child, server } = await superviseElsewhere(folder);
    await expect(start(folder)).rejects.toMatchObject({
      code: 'folderInUse',
      message: expect.stringContaining(String(child.pid)),
    });
    const killed = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await killed;
    const adopted = await start(folder);
    expect(adopted).toMatchObject({ adopted: true, pid: server.pid, url: server.url });
    expect(await query(adopted.url, 'select 1')).toBe(1);
    await adopted.stop();
    await expect(query(adopted.url, 'select 1')).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('recovers what was committed when the server is killed, over a stale pid file', async () => {
    const folder = newFolder();
    const first = await start(folder);
    await query(first.url, 'create table kept as select 7 as answer');
    const pgdata = await query(first.url, 'show data_directory');
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    await first.stop();
    // The worst case: the dead server's pid belongs to a living process now.
    const pidFile = join(String(pgdata), 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
    const second = await start(folder);
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'select answer from kept')).toBe(7);
  });

  it('refuses data of another major version', async () => {
    const folder = newFolder();
    const first = await start(folder);
    const pgdata = String(await query(first.url, 'show data_directory'));
    await first.stop();
    writeFileSync(join(pgdata, 'PG_VERSION'), '12\n');
    await expect(start(folder)).rejects.toMatchObject({ code: 'versionMismatch' });
  });

  it('removes everything it made, and refuses to while it is in use', async () => {
    const folder = newFolder();
    const server = await start(folder);
    const pgdata = String(await query(server.url, 'show data_directory'));
    const removal = removeEmbeddedData(folder, { publicDir });
    await expect(removal).rejects.toMatchObject({ code: 'folderInUse' });
    await server.stop();
    await removeEmbeddedData(folder, { publicDir });
    expect(existsSync(pgdata)).toBe(false);
    expect(existsSync(join(folder, 'postgres.json'))).toBe(false);
    const fresh = await start(folder);
    expect(
      await query(fresh.url, "select count(*)::int from pg_class where relname = 'kept'"),
    ).toBe(0);
  });
});

describe.runIf(isRoot)('embedded Postgres, started by root', () => {
  it('keeps data outside of a private folder, and finds it again', async () => {
    const folder = newFolder();
    const server = await start(folder);
    const pgdata = String(await query(server.url, 'show data_directory'));
    expect(pgdata.startsWith(publicDir)).toBe(true);
    expect(statSync(pgdata).uid).not.toBe(0);
  });

  it('keeps data inside of a folder that the server may enter', async () => {
    const folder = newFolder();
    chmodSync(folder, 0o755);
    const server = await start(folder);
    expect(await query(server.url, 'show data_directory')).toBe(join(folder, 'postgres/pgdata'));
  });

  it('runs without a postgres user, in a private checkout with links never made', async () => {
    const { nativeDir, version } = findBinaryPackage();
    const checkout = newFolder();
    const copy = join(checkout, 'native');
    const isNoLink = (path: string): boolean => !lstatSync(path).isSymbolicLink();
    cpSync(nativeDir, copy, { recursive: true, filter: isNoLink });
    for (const name of ['initdb', 'postgres']) chmodSync(join(copy, 'bin', name), 0o600);
    const umask = process.umask(0o077);
    try {
      const otherPublic = join(root, 'other-public');
      const server = await start(newFolder(), {
        serverUsers: ['no-such-user', 'nobody'],
        publicDir: otherPublic,
        binaryPackage: { nativeDir: copy, version },
      });
      expect(await query(server.url, 'select 1')).toBe(1);
      const program = execFileSync('readlink', [`/proc/${server.pid}/exe`], { encoding: 'utf8' });
      expect(program.startsWith(otherPublic)).toBe(true);
      expect(statSync(`/proc/${server.pid}`).uid).toBe(NOBODY.uid);
    } finally {
      process.umask(umask);
    }
  });

  it('says so when there is no user to run as', async () => {
    const refusal = expect(start(newFolder(), { serverUsers: ['no-such-user'] })).rejects;
    await refusal.toMatchObject({ code: 'permission', retriable: false });
  });

  it('starts anew in a folder that was deleted, and not with the old data', async () => {
    const folder = newFolder();
    const first = await start(folder);
    await query(first.url, 'create table old()');
    await first.stop();
    rmSync(folder, { recursive: true });
    const second = await start(folder);
    expect(await query(second.url, "select to_regclass('old')")).toBe(null);
  });

  it('does not take lost data for an empty database', async () => {
    const folder = newFolder();
    const first = await start(folder);
    const home = join(String(await query(first.url, 'show data_directory')), '..');
    await first.stop();
    rmSync(home, { recursive: true });
    await expect(start(folder)).rejects.toMatchObject({ code: 'dataMissing' });
  });

  const checkout = new URL('../..', import.meta.url).pathname;
  it.runIf(mayEnter(checkout, NOBODY))('works as an ordinary user too, inside', async () => {
    const folder = newFolder();
    chownSync(folder, NOBODY.uid, NOBODY.gid);
    const { child, server } = await superviseElsewhere(folder, NOBODY);
    expect(await query(server.url, 'show data_directory')).toBe(join(folder, 'postgres/pgdata'));
    const ended = new Promise((done) => child.once('exit', done));
    child.stdin?.end();
    expect(await ended).toBe(0);
    // No child of ours: once it has ended it may stand there as a zombie until it is reaped.
    expect(commandLine(server.pid)).toBe('');
  });

  const disk = newFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk]).status === 0;
  it.runIf(mounted)('says that the disk is full', async () => {
    try {
      const refusal = expect(start(newFolder(), { publicDir: disk })).rejects;
      await refusal.toMatchObject({ code: 'diskFull', retriable: true });
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});
