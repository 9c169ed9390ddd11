import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createGateway, type Gateway } from '../../command/gateway/gateway.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { createNativeSigner } from '../crypto/nativeSignatures.js';
import { createStatusServer, listen } from '../http/statusServer.js';
import { addSubmitRoutes } from '../http/submitRoutes.js';
import type { Metrics } from '../telemetry/metrics.js';
import { parseNetworks } from '../websocket/addressLimit.js';
import { serveGateway } from '../websocket/gatewayServer.js';
import { type DialledValidators, dialValidators } from '../websocket/validatorLinks.js';

export interface GatewayNodeOptions {
  readonly name: string;
  readonly genesis: Genesis;
  /** WebSocket URLs of all validators, by index. */
  readonly peers: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly verifier: SignatureVerifier;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly sessionsMax?: number;
  readonly sessionsPerAccountMax?: number;
  readonly connectionsPerAddressMax?: number;
  readonly requestsPerMinuteMax?: number;
  /** Addresses and networks that no limit by address holds for. */
  readonly trustedNetworks?: readonly string[];
  readonly allowedOrigins?: readonly string[];
}

export interface DrainTimes {
  /** Load balancers get this long to see that health says no, before players are told. */
  readonly drainNoticeMs: number;
  /** How long players get to move to another gateway before the rest is closed. */
  readonly drainDeadlineMs: number;
  /** Over how long the rest is closed, so that they do not storm another gateway. */
  readonly drainSpreadMs: number;
}

export interface GatewayNode {
  readonly url: string;
  readonly gateway: Gateway;
  readonly links: DialledValidators;
  stop(times: DrainTimes): Promise<void>;
}

function linksOf(
  { genesis, peers, verifier, logger }: GatewayNodeOptions,
  gateway: () => Gateway | null,
): DialledValidators {
  return dialValidators({
    urls: peers,
    validators: genesis.validators,
    identity: {
      chainId: genesisEpoch(genesis, 0).chainId,
      role: 'GATEWAY',
      signer: createNativeSigner(new Uint8Array(randomBytes(32))),
      verifier,
    },
    onOpen: (validator) => gateway()?.onValidatorOpen(validator),
    onMessage: (validator, body) => gateway()?.onValidatorMessage(validator, body),
    onRefused: (validator, error) => logger.debug({ validator, code: error.code }, error.message),
  });
}

/** Health as load balancers read it: 200 serve, 404 draining (sockets stay), 503 broken. */
function addBalancerRoute(
  server: FastifyInstance,
  gateway: Gateway,
  links: DialledValidators,
): void {
  server.get('/lbz', { schema: { hide: true } }, async (_, reply) => {
    const isBroken = links.connected().length === 0;
    const status = gateway.state.draining ? 404 : isBroken ? 503 : 200;
    return reply.code(status).send({ status });
  });
}

/** A gateway on real sockets: players on one side, links to the validators on the other. */
export async function openGatewayNode(options: GatewayNodeOptions): Promise<GatewayNode> {
  const { name, genesis, verifier, metrics, logger, host, port } = options;
  let opened: Gateway | null = null;
  const links = linksOf(options, () => opened);
  const gateway = createGateway({
    ...{ name, genesis, verifier, links, telemetry: metrics },
    keys: genesisEpoch(genesis, 0),
    clock: {
      nowMs: () => Date.now(),
      after: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
    },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    ...(options.sessionsMax && { sessionsMax: options.sessionsMax }),
    ...(options.sessionsPerAccountMax && { sessionsPerAccountMax: options.sessionsPerAccountMax }),
  });
  opened = gateway;
  const { state } = gateway;
  const server = createStatusServer(metrics, () => ({
    role: 'gateway',
    name,
    ready: links.connected().length > 0 && !state.draining,
    height: state.height,
    sessions: state.sessions.size,
    openCommands: state.tracker.sizes.open,
    validators: links.connected(),
  }));
  const trusted = parseNetworks(options.trustedNetworks ?? []);
  const { requestsPerMinuteMax, connectionsPerAddressMax, allowedOrigins } = options;
  await addSubmitRoutes(server, gateway, {
    ...{ log: logger, trusted },
    ...(requestsPerMinuteMax && { requestsPerMinuteMax }),
  });
  addBalancerRoute(server, gateway, links);
  const players = serveGateway(server.server, gateway, {
    ...{ metrics, trusted },
    ...(connectionsPerAddressMax && { connectionsPerAddressMax }),
    ...(allowedOrigins && { allowedOrigins }),
  });
  const url = await listen(server, host, port);
  return {
    ...{ url, gateway, links },
    async stop({ drainNoticeMs, drainDeadlineMs, drainSpreadMs }) {
      gateway.drain();
      if (state.sessions.size > 0) {
        await sleep(drainNoticeMs);
        gateway.sayGoAway(drainDeadlineMs);
        await untilEmpty(gateway, drainDeadlineMs);
      }
      await players.closeAll(drainSpreadMs);
      gateway.close();
      links.close();
      await server.close();
    },
  };
}

/** Resolves when the last player has left, or at the deadline. */
async function untilEmpty({ state }: Gateway, deadlineMs: number): Promise<void> {
  const endMs = Date.now() + deadlineMs;
  while (state.sessions.size > 0 && Date.now() < endMs) {
    await sleep(Math.min(50, Math.max(1, endMs - Date.now())));
  }
}
