import { z } from 'zod';
import {
  GATEWAY_CONNECTIONS_PER_IP_MAX,
  GATEWAY_REQUESTS_PER_MINUTE_MAX,
  GATEWAY_SESSIONS_MAX,
  GATEWAY_SESSIONS_PER_ACCOUNT_MAX,
} from '../../schemas/limits.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { count, list, port, webSocketUrls } from '../config/optionTypes.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { openCertificateRing } from '../files/certificateRing.js';
import { openGatewayNode } from '../gateway/gatewayNode.js';
import { readChainKeys } from '../genesis/epochsFile.js';
import { readGenesis } from '../genesis/genesisFile.js';
import { createMetrics } from '../telemetry/metrics.js';
import { type RunningRole, runRole } from './role.js';

const milliseconds = (max: number) => z.coerce.number().int().min(0).max(max);

const configSchema = z.object({
  genesis: z.string(),
  peers: webSocketUrls,
  host: z.string().default('127.0.0.1'),
  port: port.default(9010),
  gatewayInstanceId: z.string().default('gateway-0').describe('name of this gateway'),
  gatewayDataDir: z
    .string()
    .optional()
    .describe('folder of the newest certificates, which prove what the log may lose'),
  sessionsMax: count(1_000_000).default(GATEWAY_SESSIONS_MAX).describe('sessions at a time'),
  sessionsPerAccountMax: count(1_000_000)
    .default(GATEWAY_SESSIONS_PER_ACCOUNT_MAX)
    .describe('sessions of one account at a time'),
  connectionsPerAddressMax: count(1_000_000)
    .default(GATEWAY_CONNECTIONS_PER_IP_MAX)
    .describe('connections from one address at a time'),
  requestsPerMinuteMax: count(1_000_000)
    .default(GATEWAY_REQUESTS_PER_MINUTE_MAX)
    .describe('requests over HTTP from one address'),
  trustedNetworks: list
    .default([])
    .describe('as 10.0.0.0/8,192.0.2.7: without limits by address; proxies say for whom they ask'),
  allowedOrigins: list
    .default([])
    .describe('origins of pages that may open a session; none given: all'),
  drainNoticeMs: milliseconds(60_000)
    .default(500)
    .describe('at a stop: from not being ready to telling players'),
  drainDeadlineMs: milliseconds(600_000)
    .default(2_000)
    .describe('at a stop: how long players may take to leave'),
  drainSpreadMs: milliseconds(600_000)
    .default(1_000)
    .describe('at a stop: over which the sessions that are left are closed'),
});

const SHARD = 0;

/** What stopping may take beyond the drain's own times. */
const STOP_ROOM_MS = 5_000;

/** `nullspace gateway`: players' sessions on one side, links to the validators on the other. */
export function gatewayRole(argv: readonly string[]): Promise<void> {
  return runRole('gateway', async (logger): Promise<RunningRole> => {
    const config = loadConfig(configSchema, argv, process.env);
    installNativeCrypto();
    const genesis = readGenesis(config.genesis);
    const keys = readChainKeys(config.genesis, genesis, SHARD);
    if (config.peers.length !== keys.validators.length) {
      throw new ConfigError(`--peers: ${keys.validators.length} validator URLs are needed`);
    }
    const { gatewayDataDir } = config;
    const certificates =
      gatewayDataDir === undefined ? null : await openCertificateRing(gatewayDataDir);
    const node = await openGatewayNode({
      ...config,
      certificates,
      ...{ name: config.gatewayInstanceId, genesis, keys, logger },
      verifier: nativeVerifier(),
      metrics: createMetrics('gateway'),
    });
    const { drainNoticeMs, drainDeadlineMs, drainSpreadMs } = config;
    return {
      url: node.url,
      stopTimeoutMs: drainNoticeMs + drainDeadlineMs + drainSpreadMs + STOP_ROOM_MS,
      async stop() {
        await node.stop({ drainNoticeMs, drainDeadlineMs, drainSpreadMs });
        await certificates?.close();
      },
    };
  });
}
