import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../config/loadConfig.js';
import { flag, port } from '../config/optionTypes.js';
import { developmentNetwork } from '../genesis/developmentNetwork.js';
import { removeEmbeddedData, startEmbeddedPostgres } from '../postgres/embeddedPostgres.js';
import { lockFolder } from '../postgres/folderLock.js';
import { createLogger } from '../telemetry/logger.js';
import { PLAYER_PATH } from '../websocket/playerPath.js';
import { platformRoles } from './platformRoles.js';
import { createSupervisor, type SupervisedRole } from './supervisor.js';

const configSchema = z.object({
  dataDir: z.string().default('.data'),
  validators: z.coerce.number().int().default(4),
  fresh: flag.default(false),
  host: z.string().default('127.0.0.1'),
  explorerPort: port.default(8080),
  gatewayPort: port.default(9010),
  /** Validators at this port and the following ones; then projector and Postgres. */
  basePort: port.default(9100),
  databaseUrl: z.string().optional(),
});

type Config = z.infer<typeof configSchema>;

const PROJECTOR_OFFSET = 20;
const POSTGRES_OFFSET = 30;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function openDatabase(
  config: Config,
  dataDir: string,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  if (config.databaseUrl !== undefined) {
    return { url: config.databaseUrl, stop: async () => undefined };
  }
  const log = createLogger('postgres', 'warn');
  const postgres = await startEmbeddedPostgres({
    dataDir,
    port: config.basePort + POSTGRES_OFFSET,
    log,
  });
  print(
    `postgres     ready  127.0.0.1:${postgres.port}${postgres.adopted ? ' (was running)' : ''}`,
  );
  return postgres;
}

/** Resolves at the first Ctrl-C or SIGTERM; later ones change nothing. */
function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve(signal));
    }
  });
}

/** `npm start`: every role in a process of its own, until Ctrl-C. */
export async function start(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  const dataDir = resolve(process.env.INIT_CWD ?? '.', config.dataDir);
  const asked = stopAsked();
  if (config.fresh) {
    await removeEmbeddedData(join(dataDir, 'postgres'));
    rmSync(dataDir, { recursive: true, force: true });
  }
  const network = developmentNetwork(dataDir, config.validators, Date.now());
  const lock = lockFolder(join(dataDir, 'supervisor.lock'));
  const database = await openDatabase(config, join(dataDir, 'postgres'));
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
  const stopAll = async (): Promise<void> => {
    const byRole = (role: string): string[] =>
      roles.filter((each) => each.role === role).map(({ name }) => name);
    await supervisor.stop(byRole('gateway'));
    await supervisor.stop([...byRole('validator'), ...byRole('projector'), ...byRole('reader')]);
    await database.stop();
    lock.release();
  };
  const failed = await startRoles(supervisor, roles, asked);
  if (failed !== null) {
    process.stderr.write(`nullspace start: ${failed}\n`);
    process.exitCode = 1;
    await stopAll();
    process.exit();
  }
  const explorer = `http://${config.host}:${config.explorerPort}`;
  const gateway = `ws://${config.host}:${config.gatewayPort}${PLAYER_PATH}`;
  print(`ready: ${explorer} · ${gateway}`);
  await asked;
  print('stopping');
  await stopAll();
  process.exit(0);
}

/** What went wrong, or null. Validators start together: they need each other to be ready. */
async function startRoles(
  supervisor: ReturnType<typeof createSupervisor>,
  roles: readonly SupervisedRole[],
  asked: Promise<string>,
): Promise<string | null> {
  const begin = async (role: SupervisedRole): Promise<void> => {
    const url = await supervisor.start(role);
    print(`${role.name.padEnd(12)} ready  ${url}`);
  };
  const work = async (): Promise<string | null> => {
    const validators = roles.filter(({ role }) => role === 'validator');
    const others = roles.filter(({ role }) => role !== 'validator');
    await Promise.all(validators.map(begin));
    await Promise.all(others.map(begin));
    return null;
  };
  const interrupted = asked.then((signal) => `interrupted by ${signal}`);
  return Promise.race([work(), interrupted]).catch((error: unknown) => (error as Error).message);
}
