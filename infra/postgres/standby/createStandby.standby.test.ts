import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { present } from '../../../schemas/kernel/assert.js';
import { type PrimaryServer, startPrimary } from '../../../test/simulation/primaryServer.js';
import { quietLog } from '../../../test/simulation/projectedChain.js';
import { openWakeups } from '../../wakeups/openWakeups.js';
import { connectClient } from '../connection.js';
import { removeEmbeddedData } from '../embeddedPostgres.js';
import { freePort } from '../freePort.js';
import { stopPostmaster } from '../postmaster.js';
import { type CreatedStandby, createStandby, type StandbyOptions } from './createStandby.js';
import { promoteStandby } from './promoteStandby.js';
import { readServerStatus } from './standbyStatus.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const folder = mkdtempSync(join(tmpdir(), 'nullspace-standby-'));
const publicDir = `${folder}-public`;
const said: string[] = [];
let primary: PrimaryServer;
const running: CreatedStandby[] = [];

beforeAll(async () => {
  primary = await startPrimary(join(folder, 'primary'), publicDir);
});
afterEach(async () => {
  for (const { pgdata } of running.splice(0)) await stopPostmaster(pgdata);
});
afterAll(async () => {
  await primary.remove();
  rmSync(folder, { recursive: true, force: true });
  rmSync(publicDir, { recursive: true, force: true });
});

async function create(name: string, more: Partial<StandbyOptions> = {}): Promise<CreatedStandby> {
  said.length = 0;
  const made = await createStandby({
    ...{ primaryUrl: primary.url, dataDir: join(folder, name), name, publicDir, log: quietLog },
    ...{ host: '127.0.0.1', port: null, slotWalKeepMegabytes: 512, backupTimeoutMs: 60_000 },
    say: (line) => said.push(line),
    ...more,
  });
  running.push(made);
  return made;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = await connectClient({ url, applicationName: 'test', log: quietLog });
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function slots(): Promise<unknown[]> {
  const rows = await query(primary.url, 'select slot_name from pg_replication_slots order by 1');
  return rows.map(({ slot_name }) => slot_name);
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await holds()).toBe(true), { timeout: 30_000 });
}

it('copies a primary, follows it by a slot with a bound, and only reads', async () => {
  await query(primary.url, 'create table kept as select 1 as number');
  const { url, slot } = await create('first-one');
  expect(slot).toBe('nullspace_first_one');
  expect(said.join('\n')).toContain('max_slot_wal_keep_size set to 512MB on the primary');
  expect(said.join('\n')).toContain('wal_writer_delay set to 10ms on the primary; it was 200ms');
  await query(primary.url, 'insert into kept values (2)');
  await eventually(async () => (await query(url, 'select from kept')).length === 2);
  await expect(query(url, 'insert into kept values (3)')).rejects.toThrow('read-only');
  const above = await readServerStatus(primary.url, quietLog);
  expect(above).toMatchObject({ isStandby: false, slotWalKeepMegabytes: 512, visibleHeight: null });
  expect(above.replicas).toEqual([
    expect.objectContaining({ name: 'first-one', state: 'streaming', slot, bytesBehind: 0 }),
  ]);
  expect(above.slots).toEqual([expect.objectContaining({ slot, active: true })]);
  const below = await readServerStatus(url, quietLog);
  expect(below).toMatchObject({ isStandby: true, slotWalKeepMegabytes: 512, replicas: [] });
});

it('refuses a name, a folder and a port that are in use, and leaves nothing', async () => {
  const { port } = await create('twice');
  await expect(create('twice', { dataDir: join(folder, 'other') })).rejects.toMatchObject({
    code: 'slotInUse',
    retriable: false,
  });
  await expect(create('twice')).rejects.toMatchObject({ code: 'folderNotEmpty' });
  const third = { dataDir: join(folder, 'third'), port };
  await expect(create('third', third)).rejects.toMatchObject({ code: 'portTaken' });
  expect(await slots()).not.toContain('nullspace_third');
});

it('uses an inactive slot of its name again, and makes a lost one anew', async () => {
  const { slot, pgdata } = await create('again');
  await stopPostmaster(pgdata);
  await eventually(async () => {
    const { slots: all } = await readServerStatus(primary.url, quietLog);
    return all.some((each) => each.slot === slot && !each.active);
  });
  await removeEmbeddedData(join(folder, 'again'), { publicDir });
  const again = await create('again');
  expect(said[0]).toContain('used again');
  await stopPostmaster(again.pgdata);
  await query(primary.url, "alter system set max_slot_wal_keep_size = '1MB'");
  await query(primary.url, 'select pg_reload_conf()');
  await eventually(async () => {
    await query(primary.url, "select pg_logical_emit_message(false, 'fill', repeat('x', 9000000))");
    await query(primary.url, 'checkpoint');
    const { slots: all } = await readServerStatus(primary.url, quietLog);
    return all.some((each) => each.slot === slot && each.walStatus === 'lost');
  });
  await removeEmbeddedData(join(folder, 'again'), { publicDir });
  await create('again');
  expect(said).toContain(`slot ${slot} made on the primary`);
});

it('undoes what fails: no slot and no half a copy', async () => {
  const dataDir = join(folder, 'fails');
  await query(primary.url, "create role poor login password 'poor'");
  const poor = new URL(primary.url);
  poor.username = 'poor';
  poor.password = 'poor';
  const unsuited = create('fails', { primaryUrl: poor.href, dataDir });
  await expect(unsuited).rejects.toMatchObject({ code: 'unsuited' });
  await query(primary.url, "create role copier login replication password 'copier'");
  const copier = new URL(primary.url);
  copier.username = 'copier';
  copier.password = 'copier';
  const tooLong = create('fails', { primaryUrl: copier.href, dataDir, backupTimeoutMs: 1 });
  await expect(tooLong).rejects.toMatchObject({ code: 'timeout', retriable: true });
  expect(await slots()).not.toContain('nullspace_fails');
  expect(said).toContain(
    'warning: this role may not promote standbys: have a superuser ' +
      'grant execute on function pg_promote(boolean, integer) to ROLE',
  );
  const interrupt = new AbortController();
  const interrupted = create('fails', {
    ...{ primaryUrl: copier.href, dataDir, signal: interrupt.signal },
    say: (line) => line.startsWith('copying') && setTimeout(() => interrupt.abort(), 20),
  });
  await expect(interrupted).rejects.toMatchObject({ code: 'interrupted' });
  expect(await slots()).not.toContain('nullspace_fails');
  const { url, pgdata } = await create('fails', { primaryUrl: copier.href, dataDir });
  expect(existsSync(`${pgdata}.new`)).toBe(false);
  await query(primary.url, 'grant execute on function pg_promote(boolean, integer) to copier');
  const inside = create('inside', { dataDir: join(pgdata, 'copy') });
  await expect(inside).rejects.toMatchObject({ code: 'folderNotEmpty' });
  expect(existsSync(join(pgdata, 'copy'))).toBe(false);
  expect(await query(url, 'select pg_is_in_recovery() as standby')).toEqual([{ standby: true }]);
});

it('says which programs are missing, or of another version', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const none = create('none', { pgBin: empty });
  await expect(none).rejects.toMatchObject({ code: 'binariesMissing' });
  const older = join(folder, 'older');
  mkdirSync(older);
  for (const name of ['postgres', 'pg_ctl', 'pg_basebackup']) {
    const text = '#!/bin/sh\necho "postgres (PostgreSQL) 9.6.24"\n';
    writeFileSync(join(older, name), text, { mode: 0o755 });
  }
  const other = create('none', { pgBin: older });
  await expect(other).rejects.toMatchObject({ code: 'versionMismatch' });
  await expect(other).rejects.toThrow(`the primary is PostgreSQL ${primary.major}`);
  expect(await slots()).not.toContain('nullspace_none');
});

it('is promoted once the old primary is stopped, and not before', async () => {
  const { url } = await create('heir');
  const options = { standbyUrl: url, oldPrimaryUrl: primary.url, log: quietLog };
  await expect(promoteStandby(options)).rejects.toMatchObject({ code: 'primaryAlive' });
  expect(await query(url, 'select pg_is_in_recovery() as standby')).toEqual([{ standby: true }]);
  const warned: unknown[] = [];
  const log = { ...quietLog, warn: (...words: unknown[]) => void warned.push(words.at(-1)) };
  const start = present(
    await openWakeups(
      {
        ...{ log: 'postgres', kafkaBrokers: [], name: 'reader', standbyUrls: [] },
        ...{ readOnly: true, databaseUrl: url, primaryUrl: primary.url },
      },
      { chainId: new Uint8Array(32), shard: 0 },
      log,
    ),
    'wake-ups by notifications',
  );
  let looks = 0;
  const wakeups = start(() => {
    looks += 1;
  });
  await expect.poll(() => looks).toBe(1);
  primary.kill();
  await expect(query(primary.url, 'select 1')).rejects.toThrow();
  expect(await promoteStandby(options)).toMatchObject({ promoted: true, visibleHeight: null });
  await query(url, 'create table written as select 1');
  // A reader of the standby listens there now; a standby that would not let it listen is no loss.
  await expect.poll(() => looks, { timeout: 15_000 }).toBe(2);
  expect(warned).toEqual(['notifications lost, polling until they are back']);
  await wakeups.close();
  expect(await promoteStandby(options)).toMatchObject({ promoted: false });
  await primary.start();
});

it('is promoted only when nothing listens where the old primary was', async () => {
  const { url } = await create('careful');
  // A server that shuts down, or has no connection left, says so and goes on with its sessions.
  const fields = ['SFATAL', 'VFATAL', 'C57P03', 'Mthe database system is shutting down', ''];
  const text = Buffer.from(fields.map((field) => `${field}\0`).join(''));
  const refusal = Buffer.concat([Buffer.from('E0000'), text]);
  refusal.writeInt32BE(4 + text.length, 1);
  for (const [answer, words] of [
    [refusal, 'answers (Postgres: the database system is shutting down): stop it first'],
    [null, 'could not be asked whether it takes writes'],
  ] as const) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      if (answer !== null) socket.once('data', () => socket.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const oldPrimaryUrl = `postgres://role@127.0.0.1:${port}/nullspace`;
    const promotion = promoteStandby({ standbyUrl: url, oldPrimaryUrl, log: quietLog });
    await expect(promotion).rejects.toMatchObject({ code: 'primaryAlive' });
    await expect(promotion).rejects.toThrow(words);
    server.close();
  }
  expect(await query(url, 'select pg_is_in_recovery() as standby')).toEqual([{ standby: true }]);
});

it('says what a role needs that may not promote', async () => {
  await query(primary.url, "create role reads login password 'reads'");
  const { url } = await create('unpromoted');
  const reads = new URL(url);
  reads.username = 'reads';
  reads.password = 'reads';
  const promotion = promoteStandby({ standbyUrl: reads.href, oldPrimaryUrl: null, log: quietLog });
  await expect(promotion).rejects.toMatchObject({ code: 'permission' });
  await expect(promotion).rejects.toThrow('pg_ctl promote -D PGDATA');
});

it('refuses a primary that nothing can follow', async () => {
  await primary.configure({ max_wal_senders: '1' });
  await expect(create('late')).rejects.toMatchObject({ code: 'unsuited' });
  await expect(create('late')).rejects.toThrow('max_wal_senders');
  const away = new URL(primary.url);
  away.port = String(await freePort());
  const unreachable = create('late', { primaryUrl: away.href });
  await expect(unreachable).rejects.toMatchObject({ code: 'unreachable', retriable: true });
});
