import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { FEED_CONNECTIONS_PER_IP_MAX } from '../../schemas/limits.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { count, flag, list, port } from '../config/optionTypes.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { readChainKeys } from '../genesis/epochsFile.js';
import { readGenesis } from '../genesis/genesisFile.js';
import { openReadDatabase, type ReadDatabase } from '../http/readDatabase.js';
import { followHeights, type ReadHeights } from '../http/readHeights.js';
import { createReadServer } from '../http/readServer.js';
import { type DialledStates, dialStates } from '../http/readStates.js';
import { listen } from '../http/statusServer.js';
import { logOptions } from '../log/openLog.js';
import { createMetrics } from '../telemetry/metrics.js';
import { openWakeups, redisOptions, wakeupsOptions } from '../wakeups/openWakeups.js';
import { parseNetworks } from '../websocket/addressLimit.js';
import { serveFeed } from '../websocket/feedServer.js';
import { type RunningRole, runRole } from './role.js';

const configSchema = z.object({
  genesis: z.string(),
  ...logOptions,
  ...wakeupsOptions,
  ...redisOptions,
  databaseUrl: z.string(),
  peers: list.default([]),
  host: z.string().default('127.0.0.1'),
  port: port.default(8080),
  name: z.string().default('reader-0'),
  /** The database is a standby that only follows: nothing may be asked of it but reads. */
  readOnly: flag.default(false),
  explorerDir: z.string().optional(),
  feedConnectionsPerAddressMax: count(1_000_000).default(FEED_CONNECTIONS_PER_IP_MAX),
  /** Addresses and networks that the feed's limit by address does not hold for. */
  trustedNetworks: list.default([]),
  /**
   * Told to the page: a gateway's WebSocket, or `:port` of the host under which the page is seen.
   */
  gatewayUrl: z
    .string()
    .regex(/^(?::[0-9]{1,5}|wss?:\/\/[^\s;,'"]+)$/, 'expected ws://host:port/play or :port')
    .default(':9010'),
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
  readonly sql: ReadDatabase;
  readonly heights: ReadHeights;
  readonly states: DialledStates;
}

async function openSources(config: Config, keys: EpochKeys, log: Logger): Promise<Sources> {
  if (config.peers.length !== 0 && config.peers.length !== keys.validators.length) {
    throw new ConfigError(`--peers: ${keys.validators.length} validator URLs are needed`);
  }
  const connection = { url: config.databaseUrl, applicationName: `nullspace-${config.name}`, log };
  const sql = openReadDatabase(connection);
  const wakeups = openWakeups(config, { chainId: keys.chainId, shard: SHARD }, log);
  const heights = await followHeights({ sql, shard: SHARD, wakeups, log });
  const states =
    config.peers.length === 0
      ? { read: async () => null, connected: () => [], close: () => undefined }
      : dialStates({ keys, urls: config.peers, log });
  return { sql, heights, states };
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
    const { sql, heights, states } = await openSources(config, keys, logger);
    const metrics = createMetrics('reader');
    const server = await createReadServer({
      ...{ sql, heights, states, genesis, keys, shard: SHARD, metrics, page },
      log: logger,
      status: () => ({
        role: 'reader',
        name: config.name,
        ready: heights.isFresh(),
        height: heights.current().height,
        readOnly: config.readOnly,
        validators: states.connected(),
        feedClients: feed.clients(),
      }),
    });
    const feed = serveFeed(server.server, {
      ...{ sql, heights, states, genesis, shard: SHARD, metrics },
      log: logger,
      connectionsPerAddressMax: config.feedConnectionsPerAddressMax,
      trusted: parseNetworks(config.trustedNetworks),
    });
    const url = await listen(server, config.host, config.port);
    return {
      url,
      async stop() {
        await feed.close();
        await server.close();
        states.close();
        await heights.close();
        await sql.close();
      },
    };
  });
}
