import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { createGateway, type Gateway } from '../../command/gateway/gateway.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { GATEWAY_CONNECTIONS_PER_IP_MAX, GATEWAY_SESSIONS_MAX } from '../../schemas/limits.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { count, list, port } from '../config/optionTypes.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { createNativeSigner, nativeVerifier } from '../crypto/nativeSignatures.js';
import { readGenesis } from '../genesis/genesisFile.js';
import { createStatusServer, listen } from '../http/statusServer.js';
import { addSubmitRoutes } from '../http/submitRoutes.js';
import { createMetrics } from '../telemetry/metrics.js';
import { serveGateway } from '../websocket/gatewayServer.js';
import { type DialledValidators, dialValidators } from '../websocket/validatorLinks.js';
import { type RunningRole, runRole } from './role.js';

const configSchema = z.object({
  genesis: z.string(),
  peers: list,
  host: z.string().default('127.0.0.1'),
  port: port.default(9010),
  gatewayInstanceId: z.string().default('gateway-0'),
  sessionsMax: count(1_000_000).default(GATEWAY_SESSIONS_MAX),
  connectionsPerAddressMax: count(1_000_000).default(GATEWAY_CONNECTIONS_PER_IP_MAX),
  trustedAddresses: list.default([]),
});

/** How long players get to move to another gateway before the rest is closed. */
const DRAIN_DEADLINE_MS = 2_000;
const DRAIN_SPREAD_MS = 1_000;

/** `nullspace gateway`: players' sessions on one side, links to the validators on the other. */
export function gatewayRole(argv: readonly string[]): Promise<void> {
  return runRole('gateway', async (logger): Promise<RunningRole> => {
    const config = loadConfig(configSchema, argv, process.env);
    installNativeCrypto();
    const genesis = readGenesis(config.genesis);
    if (config.peers.length !== genesis.validators.length) {
      throw new ConfigError(`--peers: ${genesis.validators.length} validator URLs are needed`);
    }
    const keys = genesisEpoch(genesis, 0);
    const metrics = createMetrics('gateway');
    const verifier = nativeVerifier();
    let gateway: Gateway | null = null;
    const links: DialledValidators = dialValidators({
      urls: config.peers,
      validators: genesis.validators,
      identity: {
        chainId: keys.chainId,
        role: 'GATEWAY',
        signer: createNativeSigner(new Uint8Array(randomBytes(32))),
        verifier,
      },
      onOpen: (validator) => gateway?.onValidatorOpen(validator),
      onMessage: (validator, body) => gateway?.onValidatorMessage(validator, body),
      onRefused: (validator, error) => logger.debug({ validator, code: error.code }, error.message),
    });
    gateway = createGateway({
      name: config.gatewayInstanceId,
      keys,
      genesis,
      verifier,
      links,
      clock: {
        nowMs: () => Date.now(),
        after: (delayMs, run) => {
          const timer = setTimeout(run, delayMs);
          return () => clearTimeout(timer);
        },
      },
      telemetry: metrics,
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      sessionsMax: config.sessionsMax,
    });
    const serving = gateway;
    const server = createStatusServer(metrics, () => ({
      role: 'gateway',
      name: config.gatewayInstanceId,
      ready: links.connected().length > 0 && !serving.state.draining,
      height: serving.state.height,
      sessions: serving.state.sessions.size,
      openCommands: serving.state.tracker.sizes.open,
      validators: links.connected(),
    }));
    server.get('/lbz', async (_, reply) => {
      const broken = links.connected().length === 0;
      const status = serving.state.draining ? 404 : broken ? 503 : 200;
      return reply.code(status).send({ status });
    });
    addSubmitRoutes(server, serving);
    const players = serveGateway(server.server, serving, {
      metrics,
      connectionsPerAddressMax: config.connectionsPerAddressMax,
      trusted: (address) => config.trustedAddresses.includes(address),
    });
    const url = await listen(server, config.host, config.port);
    return {
      url,
      async stop() {
        if (serving.state.sessions.size > 0) {
          serving.drain(DRAIN_DEADLINE_MS);
          await new Promise((wake) => setTimeout(wake, DRAIN_DEADLINE_MS));
        }
        await players.closeAll(DRAIN_SPREAD_MS);
        serving.close();
        links.close();
        await server.close();
      },
    };
  });
}
