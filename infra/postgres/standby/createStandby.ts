import { appendFileSync, chownSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type ClusterFolder, makeCluster, PUBLIC_DIR } from '../clusterFolder.js';
import { type AdapterLog, connectClient } from '../connection.js';
import { codeOfServerOutput, PostgresError } from '../errors.js';
import { freePort, isFree } from '../freePort.js';
import { WAL_WRITER_DELAY_MS } from '../initCluster.js';
import { stopPostmaster } from '../postmaster.js';
import { lastWords, runServerProgram } from '../serverProgram.js';
import { chooseServerUser } from '../serverUser.js';
import {
  dropSlot,
  PROMOTE_GRANT,
  type PrimaryFacts,
  queryRows,
  readPrimary,
  setOfServer,
  takeSlot,
} from './primary.js';
import { findServerPrograms, type ServerPrograms } from './serverPrograms.js';

export interface StandbyOptions {
  /** Its role has REPLICATION, or is a superuser. */
  readonly primaryUrl: string;
  /** Holds the copy, or, as root where the server's user may not enter it, a pointer to it. */
  readonly dataDir: string;
  /** Unique among the primary's standbys; its slot is named after it. */
  readonly name: string;
  /** The address that the standby listens on. */
  readonly host: string;
  /** Null takes a free one. */
  readonly port: number | null;
  /** Folder of the server's programs; default: found. */
  readonly pgBin?: string | undefined;
  /** What dead slots may keep on the primary, where it has no bound yet. */
  readonly slotWalKeepMegabytes: number;
  readonly backupTimeoutMs: number;
  /** Ends what runs; what was made is undone as after any other failure. */
  readonly signal?: AbortSignal;
  readonly log: AdapterLog;
  /** As root: see EmbeddedPostgresOptions. */
  readonly publicDir?: string;
  readonly say: (line: string) => void;
}

export interface CreatedStandby {
  /** As a reader takes it: the primary's role, password and database at the standby's address. */
  readonly url: string;
  readonly port: number;
  readonly slot: string;
  readonly pgdata: string;
}

const START_SECONDS = 120;
const STREAM_MS = 60_000;
const POLL_MS = 100;

/** Slots allow fewer characters than names do. */
function slotOf(name: string): string {
  return `nullspace_${name.toLowerCase().replaceAll(/[^a-z0-9]/g, '_')}`;
}

/**
 * Copies a running primary, starts the copy as its standby, and returns when that streams. What
 * fails before the standby runs is undone: neither a slot nor half a copy is left.
 * @throws PostgresError
 */
export async function createStandby(options: StandbyOptions): Promise<CreatedStandby> {
  const { primaryUrl, name, log, say } = options;
  const connection = { url: primaryUrl, applicationName: 'nullspace-standby', log };
  const client = await connectClient(connection);
  try {
    const primary = await readPrimary(client);
    const programs = findServerPrograms(primary.major, options.pgBin);
    if (options.port !== null && !(await isFree(options.port))) {
      throw new PostgresError('portTaken', `port ${options.port} is taken by another program`);
    }
    const port = options.port ?? (await freePort());
    const cluster = makeFolder(options);
    const slot = slotOf(name);
    const taken = await takeSlot(client, slot);
    say(`slot ${slot} ${taken === 'made' ? 'made' : 'used again'} on the primary`);
    await settlePrimary(client, primary, options);
    try {
      await copyPrimary(programs, cluster, slot, options);
      writeSettings(cluster, primary, port, options);
      throwIfAborted(options);
      await startCopy(programs, cluster, port);
    } catch (error) {
      await stopPostmaster(cluster.pgdata);
      rmSync(cluster.pgdata, { recursive: true, force: true });
      if (taken === 'made') await dropSlot(client, slot);
      throw error;
    }
    await waitUntilStreams(client, slot, cluster, options);
    const url = new URL(primaryUrl);
    url.hostname = options.host;
    url.port = String(port);
    return { url: url.href, port, slot, pgdata: cluster.pgdata };
  } finally {
    await client.end();
  }
}

function throwIfAborted({ signal }: StandbyOptions, left = 'nothing is left of it'): void {
  if (signal?.aborted) throw new PostgresError('interrupted', `interrupted: ${left}`);
}

function makeFolder(options: StandbyOptions): ClusterFolder {
  const dataDir = resolve(options.dataDir);
  refuseInside(dataDir);
  mkdirSync(dataDir, { recursive: true });
  const cluster = makeCluster(dataDir, chooseServerUser(), options.publicDir ?? PUBLIC_DIR);
  if (!cluster.initialised && !existsSync(cluster.pgdata)) return cluster;
  throw new PostgresError(
    'folderNotEmpty',
    `${cluster.pgdata} holds a database already: stop its server and remove it, or give another ` +
      '--data-dir',
  );
}

/** In the data of another server, the copy would be copied along with it from then on. */
function refuseInside(dataDir: string): void {
  for (let folder = dataDir; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'PG_VERSION'))) {
      const message = `${folder} is the data of a Postgres server: give a --data-dir outside of it`;
      throw new PostgresError('folderNotEmpty', message);
    }
    if (folder === dirname(folder)) return;
  }
}

/** A setting of the primary that standbys want otherwise. */
interface Wish {
  readonly setting: string;
  readonly value: string;
  readonly before: string;
  /** What comes of leaving it. */
  readonly otherwise: string;
}

function wishesOf(primary: PrimaryFacts, options: StandbyOptions): readonly Wish[] {
  const wishes: Wish[] = [];
  if (primary.slotWalKeepMegabytes === null) {
    wishes.push({
      setting: 'max_slot_wal_keep_size',
      value: `${options.slotWalKeepMegabytes}MB`,
      before: 'unbounded',
      otherwise: "a dead standby's slot fills the primary's disk",
    });
  }
  if (primary.walWriterDelayMs > WAL_WRITER_DELAY_MS) {
    wishes.push({
      setting: 'wal_writer_delay',
      value: `${WAL_WRITER_DELAY_MS}ms`,
      before: `${primary.walWriterDelayMs}ms`,
      otherwise: 'standbys have heights so much later, for projectors do not wait for the disk',
    });
  }
  return wishes;
}

/** Grants the wishes where the role may, and says who else could. */
async function settlePrimary(
  client: pg.ClientBase,
  primary: PrimaryFacts,
  options: StandbyOptions,
): Promise<void> {
  for (const { setting, value, before, otherwise } of wishesOf(primary, options)) {
    if (primary.isSuperuser) {
      await setOfServer(client, setting, value);
      options.say(`${setting} set to ${value} on the primary; it was ${before}`);
    } else {
      const fix = `have a superuser set ${setting} = '${value}'`;
      options.say(`warning: ${setting} is ${before}, and ${otherwise}: ${fix}`);
    }
  }
  if (primary.mayPromote) return;
  options.say(`warning: this role may not promote standbys: have a superuser ${PROMOTE_GRANT}`);
}

/** Either the copy is complete under its name, or there is none. */
async function copyPrimary(
  programs: ServerPrograms,
  cluster: ClusterFolder,
  slot: string,
  options: StandbyOptions,
): Promise<void> {
  const draft = `${cluster.pgdata}.new`;
  rmSync(draft, { recursive: true, force: true });
  const from = new URL(options.primaryUrl);
  const password = decodeURIComponent(from.password) || process.env.PGPASSWORD;
  from.password = ''; // command lines are read by others
  from.searchParams.set('application_name', options.name);
  const what = ['-R', '-X', 'stream', '--checkpoint=fast', '-S', slot, '--no-password'];
  options.say(`copying the primary into ${cluster.pgdata}`);
  const { code, output } = await runServerProgram(
    join(programs.folder, 'pg_basebackup'),
    ['-D', draft, '-d', from.href, ...what],
    cluster,
    {
      timeoutMs: options.backupTimeoutMs,
      signal: options.signal,
      env: password === undefined ? {} : { PGPASSWORD: password },
    },
  );
  if (code === 0) return renameSync(draft, cluster.pgdata);
  rmSync(draft, { recursive: true, force: true });
  throwIfAborted(options);
  if (code === null) {
    const seconds = options.backupTimeoutMs / 1_000;
    throw new PostgresError('timeout', `the copy was not complete after ${seconds} s`);
  }
  const refused = /pg_hba\.conf|authentication failed/.test(output);
  const cause = refused ? 'authentication' : codeOfServerOutput(output, 'backupFailed');
  throw new PostgresError(cause, `the primary could not be copied: ${lastWords(output)}`);
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** Behind what pg_basebackup has written: of two lines of one setting, the later one counts. */
function writeSettings(
  cluster: ClusterFolder,
  primary: PrimaryFacts,
  port: number,
  options: StandbyOptions,
): void {
  const settings = {
    ...primary.settings,
    port: String(port),
    listen_addresses: options.host,
    unix_socket_directories: '',
    cluster_name: options.name,
    hot_standby: 'on',
    // Once promoted, it has no standbys of its own that a commit could wait for.
    synchronous_standby_names: '',
    max_slot_wal_keep_size: `${primary.slotWalKeepMegabytes ?? options.slotWalKeepMegabytes}MB`,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}\n`);
  appendFileSync(join(cluster.pgdata, 'postgresql.auto.conf'), lines.join(''));
  // Debian keeps these two elsewhere, so that no copy has them.
  const isLoopback = options.host === '127.0.0.1' || options.host === 'localhost';
  const whence = ['127.0.0.1/32', '::1/128', ...(isLoopback ? [] : ['samenet'])];
  const rules = whence.flatMap((address) =>
    ['all', 'replication'].map((database) => `host ${database} all ${address} scram-sha-256\n`),
  );
  addMissing(cluster, 'postgresql.conf', '# all settings are in postgresql.auto.conf\n');
  addMissing(cluster, 'pg_hba.conf', rules.join(''));
}

function addMissing(cluster: ClusterFolder, name: string, text: string): void {
  const path = join(cluster.pgdata, name);
  if (existsSync(path)) return;
  appendFileSync(path, text, { mode: 0o600 });
  if (cluster.user !== null) chownSync(path, cluster.user.uid, cluster.user.gid);
}

async function startCopy(
  programs: ServerPrograms,
  cluster: ClusterFolder,
  port: number,
): Promise<void> {
  const { pgdata, serverLog } = cluster;
  const args = ['start', '-D', pgdata, '-l', serverLog, '-w', '-t', String(START_SECONDS), '-s'];
  const { code, output } = await runServerProgram(join(programs.folder, 'pg_ctl'), args, cluster);
  if (code === 0) return;
  const cause = codeOfServerOutput(output, 'startFailed');
  const words = `${lastWords(output)}; its log is ${serverLog}`;
  throw new PostgresError(cause, `the standby did not start on port ${port}: ${words}`);
}

/**
 * The standby runs on when this fails: it may still be on its way. A role that is no superuser is
 * not told the state; that somebody reads from the slot has to do then.
 */
async function waitUntilStreams(
  client: pg.ClientBase,
  slot: string,
  cluster: ClusterFolder,
  options: StandbyOptions,
): Promise<void> {
  const deadlineMs = performance.now() + STREAM_MS;
  for (;;) {
    const rows = await queryRows(
      client,
      `select from pg_replication_slots as slots
       join pg_stat_replication as senders on senders.pid = slots.active_pid
       where slot_name = $1 and coalesce(state, 'streaming') = 'streaming'`,
      [slot],
    );
    if (rows.length > 0) return;
    throwIfAborted(options, `the standby runs and does not stream yet; ${cluster.pgdata} is it`);
    if (performance.now() > deadlineMs) {
      const message = `the standby runs and does not stream yet; its log is ${cluster.serverLog}`;
      throw new PostgresError('startTimeout', message);
    }
    await sleep(POLL_MS);
  }
}
