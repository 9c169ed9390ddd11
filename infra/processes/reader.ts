import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { FEED_CONNECTIONS_PER_IP_MAX, READ_DATABASES_MAX } from '../../schemas/limits.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import {
  count,
  flag,
  list,
  port,
  postgresUrl,
  postgresUrls,
  webSocketUrls,
} from '../config/optionTypes.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { readChainKeys } from '../genesis/epochsFile.js';
import { readGenesis } from '../genesis/genesisFile.js';
import { areTablesOf } from '../http/areTablesOf.js';
import { openReadDatabases, type ReadDatabases } from '../http/readDatabases.js';
import { createReadServer } from '../http/readServer.js';
import { type DialledStates, dialStates } from '../http/readStates.js';
import { listen } from '../http/statusServer.js';
import { logOptions, requireDatabase } from '../log/openLog.js';
import { serverName } from '../postgres/standby/standbyStatus.js';
import { createMetrics, type Metrics } from '../telemetry/metrics.js';
import { openWakeups, redisOptions, wakeupsOptions } from '../wakeups/openWakeups.js';
import { parseNetworks } from '../websocket/addressLimit.js';
import { serveFeed } from '../websocket/feedServer.js';
import { type RunningRole, runRole } from './role.js';

const configSchema = z.object({
  genesis: z.string(),
  ...logOptions,
  ...wakeupsOptions,
  ...redisOptions,
  databaseUrl: postgresUrl
    .optional()
    .describe('the primary, or with --read-only a standby; not needed beside --standby-urls'),
  standbyUrls: postgresUrls
    .default([])
    .describe('other databases with the same tables, which only follow: reads go to all'),
  peers: webSocketUrls
    .default([])
    .describe('WebSocket URLs of all validators, by index; without, no proofs of the state'),
  host: z.string().default('127.0.0.1'),
  port: port.default(8080),
  name: z.string().default('reader-0'),
  readOnly: flag
    .default(false)
    .describe('the database is a standby: nothing may be asked of it but reads'),
  explorerDir: z.string().optional().describe('folder of the built page; default the own one'),
  feedConnectionsPerAddressMax: count(1_000_000)
    .default(FEED_CONNECTIONS_PER_IP_MAX)
    .describe('connections to the feed from one address at a time'),
  trustedNetworks: list
    .default([])
    .describe('as 10.0.0.0/8,192.0.2.7: without limits by address; proxies say for whom they ask'),
  gatewayUrl: z
    .string()
    .regex(/^(?::[0-9]{1,5}|wss?:\/\/[^\s;,'"]+)$/, 'expected ws://host:port/play or :port')
    .refine((text) => text.startsWith(':') || URL.canParse(text), 'expected a URL or :port')
    .default(':9010')
    .describe("told to the page: a gateway's WebSocket, or :port of the page's own host"),
});

type Config = z.infer<typeof configSchema>;

const SHARD = 0;
const PAGE_FOLDERS = ['../../explorer', '../../query/explorer/web'];

/** The folder of the built page, or null when it has not been built. */
function pageFolder(given: string | undefined): string | null {
  const folders = given === undefined ? PAGE_FOLDERS : [];
  const candidates = folders.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  if (given !== undefined) candidates.push(given);
  const found = candidates.find((folder) => existsSync(`${folder}/index.html`));
  if (found === undefined && given !== undefined) {
    throw new ConfigError(`--explorer-dir: no index.html in ${given}`);
  }
  return found ?? null;
}

interface Sources {
  readonly databases: ReadDatabases;
  readonly states: DialledStates;
}

/** The primary, where there is one, and standbys; named without role and password. */
function namedDatabases(config: Config): { readonly name: string; readonly url: string }[] {
  const { databaseUrl, standbyUrls } = config;
  const isLed = databaseUrl !== undefined || standbyUrls.length === 0;
  const urls = isLed ? [requireDatabase(config), ...standbyUrls] : standbyUrls;
  const databases = urls.map((url) => ({ name: serverName(url), url }));
  if (urls.length > READ_DATABASES_MAX) {
    throw new ConfigError(`--standby-urls: ${READ_DATABASES_MAX} databases are the limit`);
  }
  if (new Set(databases.map(({ name }) => name)).size < urls.length) {
    throw new ConfigError('--standby-urls: a server is named twice');
  }
  return databases;
}

async function openSources(
  config: Config,
  keys: EpochKeys,
  metrics: Metrics,
  log: Logger,
): Promise<Sources> {
  if (config.peers.length !== 0 && config.peers.length !== keys.validators.length) {
    throw new ConfigError(`--peers: ${keys.validators.length} validator URLs are needed`);
  }
  const { readOnly, databaseUrl = '' } = config;
  const woken = { ...config, readOnly: readOnly || databaseUrl === '', databaseUrl };
  const databases = await openReadDatabases({
    ...{ databases: namedDatabases(config), shard: SHARD, metrics, log },
    areOurs: (sql) => areTablesOf(keys.chainId, SHARD, sql),
    applicationName: `nullspace-${config.name}`,
    wakeups: await openWakeups(woken, { chainId: keys.chainId, shard: SHARD }, log),
  });
  const states =
    config.peers.length === 0
      ? { read: async () => null, connected: () => [], close: () => undefined }
      : dialStates({ keys, urls: config.peers, log });
  return { databases, states };
}

/** `nullspace reader`: answers from the projections' tables; the live feed; the explorer's page. */
export function readerRole(argv: readonly string[]): Promise<void> {
  return runRole('reader', async (logger): Promise<RunningRole> => {
    const config = loadConfig(configSchema, argv, process.env);
    installNativeCrypto();
    const genesis = readGenesis(config.genesis);
    const keys = readChainKeys(config.genesis, genesis, SHARD);
    const folder = pageFolder(config.explorerDir);
    const page = folder === null ? null : { folder, gatewayUrl: config.gatewayUrl };
    const metrics = createMetrics('reader');
    const { databases, states } = await openSources(config, keys, metrics, logger);
    const { sql, heights } = databases;
    const trusted = parseNetworks(config.trustedNetworks);
    const server = await createReadServer({
      ...{ trusted, sql, heights, states, genesis, keys, shard: SHARD, metrics, page },
      log: logger,
      status: () => ({
        role: 'reader',
        name: config.name,
        ready: heights.isFresh() && heights.hasTables(),
        height: heights.current().height,
        readOnly: config.readOnly,
        databases: databases.status(),
        validators: states.connected(),
        feedClients: feed.clients(),
      }),
    });
    const feed = serveFeed(server.server, {
      ...{ trusted, sql, heights, states, genesis, shard: SHARD, metrics },
      log: logger,
      connectionsPerAddressMax: config.feedConnectionsPerAddressMax,
    });
    const url = await listen(server, config.host, config.port);
    return {
      url,
      async stop() {
        await feed.close();
        await server.close();
        states.close();
        await databases.close();
      },
    };
  });
}
