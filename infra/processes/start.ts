import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { callerPath } from '../config/callerPath.js';
import { loadConfig } from '../config/loadConfig.js';
import { flag, port, postgresUrl, validatorCount } from '../config/optionTypes.js';
import { developmentNetwork, genesisPathOf } from '../genesis/developmentNetwork.js';
import { removeEmbeddedData, startEmbeddedPostgres } from '../postgres/embeddedPostgres.js';
import { lockFolder } from '../postgres/folderLock.js';
import { runningEmbedded } from '../postgres/runningEmbedded.js';
import { createLogger } from '../telemetry/logger.js';
import { PLAYER_PATH } from '../websocket/playerPath.js';
import { requireFreePorts } from './freePorts.js';
import { type KeptDatabase, keepDatabase } from './keptDatabase.js';
import { platformRoles } from './platformRoles.js';
import { findRoles, stopRoles } from './roleProcesses.js';
import { createSupervisor, type SupervisedRole } from './supervisor.js';

const configSchema = z.object({
  dataDir: z.string().default('.data'),
  validators: validatorCount.default(4).describe('how many; fixed with the data folder'),
  fresh: flag.default(false).describe('remove what is in the data folder first'),
  host: z.string().default('127.0.0.1'),
  explorerPort: port.default(8080).describe('of the reader with the page'),
  gatewayPort: port.default(9010).describe('where players come in'),
  basePort: port
    .default(9100)
    .describe('of validator-0; others follow, projector at +20, Postgres at +30'),
  databaseUrl: postgresUrl.optional().describe('a server of your own; without, one is run here'),
});

type Config = z.infer<typeof configSchema>;

const PROJECTOR_OFFSET = 20;
const POSTGRES_OFFSET = 30;
const LOCK_FILE = 'supervisor.lock';
/** Roles of a killed start stop by themselves; this long may that take. */
const ORPHANS_TIMEOUT_MS = 10_000;
/** How long, and how often, to look whether a reader has tables to answer from. */
const TABLES = { timeoutMs: 30_000, intervalMs: 50 } as const;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function openDatabase(config: Config, dataDir: string): Promise<KeptDatabase> {
  if (config.databaseUrl !== undefined) {
    return { url: config.databaseUrl, stop: async () => undefined };
  }
  const log = createLogger('postgres', 'warn');
  const options = { dataDir, port: config.basePort + POSTGRES_OFFSET, log };
  return keepDatabase(async () => {
    const postgres = await startEmbeddedPostgres(options);
    const note = postgres.adopted ? ' (was running)' : '';
    print(`postgres     ready  127.0.0.1:${postgres.port}${note}`);
    return postgres;
  }, print);
}

/** Resolves at the first Ctrl-C or SIGTERM; later ones change nothing. */
function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve(signal));
    }
  });
}

/** Everything of the folder but the lock that we hold. */
async function removeData(dataDir: string): Promise<void> {
  await removeEmbeddedData(join(dataDir, 'postgres'));
  for (const name of readdirSync(dataDir)) {
    if (name !== LOCK_FILE) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
}

/** Two validators with one key must never run: those of a killed supervisor end first. */
async function endOrphans(dataDir: string): Promise<void> {
  const genesisPath = genesisPathOf(dataDir);
  const orphans = findRoles(genesisPath);
  if (orphans.length === 0) return;
  print(`ending ${orphans.length} processes that an earlier start left behind`);
  const pids = orphans.map(({ pid }) => pid);
  await stopRoles(pids, genesisPath, ORPHANS_TIMEOUT_MS);
}

async function requirePorts(config: Config, dataDir: string): Promise<void> {
  const { basePort } = config;
  const base = '--base-port';
  const validators = Array.from({ length: config.validators }, (_, index) => ({
    ...{ flag: base, port: basePort + index, what: `validator-${index}` },
  }));
  const isAdopted = runningEmbedded(join(dataDir, 'postgres')) !== null;
  const ownDatabase = config.databaseUrl === undefined && !isAdopted;
  const database = { flag: base, port: basePort + POSTGRES_OFFSET, what: 'Postgres' };
  await requireFreePorts(config.host, [
    { flag: '--explorer-port', port: config.explorerPort, what: 'the explorer' },
    { flag: '--gateway-port', port: config.gatewayPort, what: 'the gateway' },
    ...validators,
    { flag: base, port: basePort + PROJECTOR_OFFSET, what: 'the projector' },
  ]);
  if (ownDatabase) await requireFreePorts('127.0.0.1', [database]);
}

/** `npm start`: every role in a process of its own, until Ctrl-C. */
export async function start(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  const dataDir = callerPath(config.dataDir);
  const asked = stopAsked();
  mkdirSync(dataDir, { recursive: true });
  const lock = lockFolder(join(dataDir, LOCK_FILE));
  try {
    await endOrphans(dataDir);
    if (config.fresh) await removeData(dataDir);
    const network = developmentNetwork(dataDir, config.validators, Date.now());
    await requirePorts(config, dataDir);
    const database = await openDatabase(config, join(dataDir, 'postgres'));
    const failed = await run(config, dataDir, network, database, asked);
    if (failed !== null) {
      process.stderr.write(`nullspace start: ${failed}\n`);
      process.exitCode = 1;
    }
  } finally {
    lock.release();
  }
  process.exit();
}

/** Runs every role until asked to stop, and stops all. What went wrong at the start, or null. */
async function run(
  config: Config,
  dataDir: string,
  network: ReturnType<typeof developmentNetwork>,
  database: KeptDatabase,
  asked: Promise<string>,
): Promise<string | null> {
  const { host, basePort } = config;
  const roles = platformRoles({
    host,
    dataDir,
    network,
    log: { kind: 'postgres' },
    databaseUrl: database.url,
    ports: {
      validators: basePort,
      projectors: basePort + PROJECTOR_OFFSET,
      readers: config.explorerPort,
      gateways: config.gatewayPort,
    },
    counts: { projectors: 1, readers: 1, gateways: 1 },
  });
  const supervisor = createSupervisor({ logFolder: join(dataDir, 'logs'), onLine: print });
  void asked.then(() => supervisor.endRestarts());
  const failed = await startRoles(supervisor, roles, asked);
  if (failed === null) {
    const explorer = `http://${host}:${config.explorerPort}`;
    print(`ready: ${explorer} · ws://${host}:${config.gatewayPort}${PLAYER_PATH}`);
    await asked;
    print('stopping');
  }
  const byRole = (role: string): string[] =>
    roles.filter((each) => each.role === role).map(({ name }) => name);
  supervisor.endRestarts();
  await supervisor.stop(byRole('gateway'));
  await supervisor.stop([...byRole('validator'), ...byRole('projector'), ...byRole('reader')]);
  await database.stop();
  return failed;
}

/** Readers run before the projector has made the tables: until then they have nothing to tell. */
async function hasTables(url: string): Promise<boolean> {
  const endMs = performance.now() + TABLES.timeoutMs;
  while (performance.now() < endMs) {
    // One that has ended is started again.
    const response = await fetch(`${url}/readyz`).catch(() => null);
    if (response?.ok === true) return true;
    await sleep(TABLES.intervalMs);
  }
  return false;
}

/** What went wrong, or null. Validators start together: they need each other to be ready. */
async function startRoles(
  supervisor: ReturnType<typeof createSupervisor>,
  roles: readonly SupervisedRole[],
  asked: Promise<string>,
): Promise<string | null> {
  const begin = async (role: SupervisedRole): Promise<void> => {
    const url = await supervisor.start(role);
    const isReady = role.role !== 'reader' || (await hasTables(url));
    const note = isReady ? '' : ' (the tables are still being made: it answers once they are)';
    print(`${role.name.padEnd(12)} ready  ${url}${note}`);
  };
  const work = async (): Promise<string | null> => {
    const validators = roles.filter(({ role }) => role === 'validator');
    const others = roles.filter(({ role }) => role !== 'validator');
    await Promise.all(validators.map(begin));
    await Promise.all(others.map(begin));
    return null;
  };
  const interrupted = asked.then((signal) => `interrupted by ${signal}`);
  return Promise.race([interrupted, work()]).catch((error: unknown) => (error as Error).message);
}
