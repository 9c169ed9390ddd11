import { z } from 'zod';
import { callerPath } from '../config/callerPath.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { answerHelp } from '../config/optionsHelp.js';
import { count, flag, port, postgresUrl, postgresUrls } from '../config/optionTypes.js';
import { requireDatabase } from '../log/openLog.js';
import { createStandby } from '../postgres/standby/createStandby.js';
import { promoteStandby } from '../postgres/standby/promoteStandby.js';
import { readServerStatus, type ServerStatus } from '../postgres/standby/standbyStatus.js';
import { createLogger } from '../telemetry/logger.js';

const USAGE = 'usage: nullspace standby create|status|promote [OPTIONS]';
const log = createLogger('standby', 'warn');

const configSchema = z.object({
  databaseUrl: postgresUrl
    .optional()
    .describe('the primary; promote: the old one, which must not answer any more'),
  standbyUrls: postgresUrls
    .default([])
    .describe('status: those whose heights are asked too; promote: the one'),
  json: flag.default(false),
  dataDir: z.string().optional().describe('create: folder for the copy'),
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,39}$/, 'expected letters, digits and dashes, at most 40')
    .default('standby-0')
    .describe('create: of the copy and its slot'),
  host: z.string().default('127.0.0.1').describe('create: address that the copy listens on'),
  port: port.default(0).describe('create: its port; 0 takes a free one'),
  pgBin: z.string().optional().describe('create: folder of pg_basebackup, pg_ctl and postgres'),
  slotWalKeepMegabytes: count(1_000_000)
    .default(4_096)
    .describe("create: what a dead standby's slot may keep of the primary's journal"),
  backupTimeoutSeconds: count(7 * 24 * 3_600)
    .default(6 * 3_600)
    .describe('create: how long copying may take'),
});

type Config = z.infer<typeof configSchema>;

function print(config: Config, value: object, lines: readonly string[]): void {
  process.stdout.write(config.json ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`);
}

async function create(config: Config): Promise<void> {
  const { dataDir, pgBin, port: wanted, slotWalKeepMegabytes } = config;
  if (dataDir === undefined) throw new ConfigError('--data-dir: expected a folder for the copy');
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.abort());
  }
  const made = await createStandby({
    signal: interrupted.signal,
    ...{ primaryUrl: requireDatabase(config), dataDir: callerPath(dataDir), log },
    ...{ name: config.name, host: config.host, pgBin, slotWalKeepMegabytes },
    port: wanted === 0 ? null : wanted,
    backupTimeoutMs: config.backupTimeoutSeconds * 1_000,
    say: (line) => process.stderr.write(`${line}\n`),
  });
  const url = new URL(made.url);
  if (url.password !== '') url.password = '***';
  const { port: at, slot, pgdata } = made;
  print(config, { url: url.href, port: at, slot, pgdata }, [
    `${config.name} streams and answers reads: ${url.href}`,
    `readers: --standby-urls URL[,URL...] (NULLSPACE_STANDBY_URLS)`,
    `to start it again: pg_ctl start -D ${pgdata}, as the user that owns it`,
  ]);
}

async function status(config: Config): Promise<void> {
  const urls = [requireDatabase(config), ...config.standbyUrls];
  const settled = await Promise.allSettled(urls.map((url) => readServerStatus(url, log)));
  const [primary] = settled;
  if (primary?.status === 'rejected' && urls.length === 1) throw primary.reason;
  const servers = settled.map((each, index) =>
    each.status === 'fulfilled'
      ? each.value
      : { server: new URL(urls[index]!).host, error: (each.reason as Error).message },
  );
  print(config, { servers }, servers.flatMap(describe));
}

const UNTOLD = 'not told (grant pg_monitor to the role)';

function describe(server: ServerStatus | { server: string; error: string }): string[] {
  if ('error' in server) return [`${server.server}  ${server.error}`];
  const { slotWalKeepMegabytes: keep } = server;
  const kind = server.isStandby ? 'standby' : 'takes writes';
  const bound = keep === null ? 'UNBOUNDED (max_slot_wal_keep_size)' : `${keep} MB at most`;
  return [
    `${server.server}  ${kind}  visible height ${server.visibleHeight ?? 'none'}`,
    ...server.replicas.map(
      ({ name, state, bytesBehind, slot }) =>
        `  standby ${name}  ${state ?? UNTOLD}  ${bytesBehind ?? '?'} bytes behind` +
        `  slot ${slot ?? 'none'}`,
    ),
    ...(server.stream === null || server.stream === 'streaming'
      ? []
      : [`  does not stream (${server.stream}): its own log says why; REPLICAS.md, "Make one"`]),
    ...server.slots.map(({ slot, active, walStatus, keptBytes }) => {
      const kept = `keeps ${Math.ceil((keptBytes ?? 0) / 1e6)} MB of the journal (${walStatus})`;
      return `  slot ${slot}  ${active ? 'active' : 'INACTIVE'}  ${kept}, ${bound}`;
    }),
  ];
}

async function promote(config: Config): Promise<void> {
  const [standbyUrl, ...others] = config.standbyUrls;
  if (standbyUrl === undefined || others.length > 0) {
    throw new ConfigError('--standby-urls: expected one URL, that of the new primary');
  }
  const { databaseUrl: oldPrimaryUrl = null } = config;
  const done = await promoteStandby({ standbyUrl, oldPrimaryUrl, log });
  const { server, promoted, visibleHeight } = done;
  const now = promoted ? 'takes writes now' : 'took writes already';
  print(config, done, [
    `${server} ${now}, visible height ${visibleHeight ?? 'none'}`,
    'next: start projectors with its URL as DATABASE_URL; they go on from its checkpoints',
    'never start the old primary as it was: remove its folder and make it a standby of this one',
    '  by "nullspace standby create", as for every other standby of the old primary',
  ]);
}

const SUBCOMMANDS: Readonly<Record<string, (config: Config) => Promise<void>>> = {
  create,
  status,
  promote,
};

/** `nullspace standby`: makes, watches and promotes copies of the server that holds the tables. */
export async function standby(argv: readonly string[]): Promise<void> {
  const [name = '', ...rest] = argv;
  const run = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (run === undefined) answerHelp(configSchema, argv);
  if (run === undefined) throw new ConfigError(USAGE);
  await run(loadConfig(configSchema, rest, process.env));
}
