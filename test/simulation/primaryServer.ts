import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { makeCluster } from '../../infra/postgres/clusterFolder.js';
import { freePort } from '../../infra/postgres/freePort.js';
import { readPostmaster, stopPostmaster } from '../../infra/postgres/postmaster.js';
import { runServerProgram } from '../../infra/postgres/serverProgram.js';
import { chooseServerUser } from '../../infra/postgres/serverUser.js';
import { installedServers } from '../../infra/postgres/standby/serverPrograms.js';
import { present } from '../../schemas/kernel/assert.js';

/** An installed PostgreSQL as standbys need one: the embedded package has no pg_basebackup. */
export interface PrimaryServer {
  /** Database `nullspace`, as its superuser. */
  readonly url: string;
  readonly major: string;
  /** Settings to postgresql.conf, and a restart. */
  configure(settings: Readonly<Record<string, string>>): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): void;
  remove(): Promise<void>;
}

const PASSWORD = 'the primary';

/** As root, data may go to `publicDir`, as the embedded server's does. */
export async function startPrimary(dataDir: string, publicDir: string): Promise<PrimaryServer> {
  const servers = installedServers(process.env.NULLSPACE_PG_BIN);
  const { folder, major } = present(servers[0], 'an installed server');
  mkdirSync(dataDir, { recursive: true });
  const cluster = makeCluster(dataDir, chooseServerUser(), publicDir);
  const { home, pgdata, serverLog, user } = cluster;
  const run = async (name: string, args: readonly string[]): Promise<void> => {
    const { code, output } = await runServerProgram(join(folder, name), args, { home, user });
    if (code !== 0) throw new Error(`${name} ended with ${code}: ${output}`);
  };
  const passwordFile = join(home, 'password');
  writeFileSync(passwordFile, PASSWORD, { mode: 0o644 });
  const access = ['-U', 'nullspace', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  await run('initdb', ['-D', pgdata, ...access, '-E', 'UTF8', '--locale=C', '--no-sync']);
  const port = await freePort();
  const set = (settings: Readonly<Record<string, string>>): void => {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
    appendFileSync(join(pgdata, 'postgresql.conf'), lines.join(''));
  };
  set({ port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '' });
  const start = async (): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run('pg_ctl', ['start', '-D', pgdata, '-l', serverLog, '-w', '-s']);
      } catch (error) {
        // A killed server's children take a moment to go.
        if (attempt === 20) throw error;
        await sleep(500);
      }
    }
  };
  await start();
  const address = `postgres://nullspace:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`;
  const client = new pg.Client({ connectionString: `${address}/postgres` });
  await client.connect();
  await client.query('create database nullspace');
  await client.end();
  return {
    url: `${address}/nullspace`,
    major,
    start,
    stop: () => stopPostmaster(pgdata),
    async configure(settings) {
      set(settings);
      await stopPostmaster(pgdata);
      await start();
    },
    kill() {
      const running = readPostmaster(pgdata);
      if (running !== null) process.kill(running.pid, 'SIGKILL');
    },
    async remove() {
      await stopPostmaster(pgdata);
      for (const each of [home, dataDir]) rmSync(each, { recursive: true, force: true });
    },
  };
}
