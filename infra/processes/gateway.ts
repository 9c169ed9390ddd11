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
  gatewayInstanceId: z.string().default('gateway-0'),
  /** Where the newest certificates are kept, which prove what the log may lose. */
  gatewayDataDir: z.string().optional(),
  sessionsMax: count(1_000_000).default(GATEWAY_SESSIONS_MAX),
  sessionsPerAccountMax: count(1_000_000).default(GATEWAY_SESSIONS_PER_ACCOUNT_MAX),
  connectionsPerAddressMax: count(1_000_000).default(GATEWAY_CONNECTIONS_PER_IP_MAX),
  requestsPerMinuteMax: count(1_000_000).default(GATEWAY_REQUESTS_PER_MINUTE_MAX),
  /** `10.0.0.0/8,192.0.2.7`: no limit by address holds for these. */
  trustedNetworks: list.default([]),
  /** Origins of pages that may open a session; none given: all. */
  allowedOrigins: list.default([]),
  drainNoticeMs: milliseconds(60_000).default(500),
  drainDeadlineMs: milliseconds(600_000).default(2_000),
  drainSpreadMs: milliseconds(600_000).default(1_000),
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
