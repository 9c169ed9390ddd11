import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createGateway, type Gateway } from '../../command/gateway/gateway.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import type { ResultCertificate } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { createNativeSigner } from '../crypto/nativeSignatures.js';
import type { CertificateRing } from '../files/certificateRing.js';
import { FileError } from '../files/errors.js';
import { createStatusServer, listen } from '../http/statusServer.js';
import { addSubmitRoutes } from '../http/submitRoutes.js';
import type { Metrics } from '../telemetry/metrics.js';
import { parseNetworks } from '../websocket/addressLimit.js';
import { serveGateway } from '../websocket/gatewayServer.js';
import { type DialledValidators, dialValidators } from '../websocket/validatorLinks.js';

export interface GatewayNodeOptions {
  readonly name: string;
  readonly genesis: Genesis;
  readonly keys: EpochKeys;
  /** WebSocket URLs of all validators, by index. */
  readonly peers: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly verifier: SignatureVerifier;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Keeps the certificates it has seen, as evidence. Null: it does not. */
  readonly certificates?: CertificateRing | null;
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
  { keys, peers, verifier, logger }: GatewayNodeOptions,
  gateway: () => Gateway | null,
): DialledValidators {
  return dialValidators({
    urls: peers,
    validators: keys.validators,
    identity: {
      chainId: keys.chainId,
      role: 'GATEWAY',
      signer: createNativeSigner(new Uint8Array(randomBytes(32))),
      verifier,
    },
    onOpen: (validator) => gateway()?.onValidatorOpen(validator),
    onMessage: (validator, body) => gateway()?.onValidatorMessage(validator, body),
    onRefused: (validator, error) => logger.debug({ validator, code: error.code }, error.message),
  });
}

/** Players are served with a full disk too. */
function keep({ certificates, metrics, logger }: GatewayNodeOptions, of: ResultCertificate): void {
  certificates?.add(of).catch((error: unknown) => {
    if (!(error instanceof FileError)) throw error;
    metrics.count('gateway_evidence_failures_total');
    logger.error({ height: of.result.height, err: error }, 'a certificate was not kept');
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
  const { name, genesis, keys, verifier, metrics, logger, host, port } = options;
  let opened: Gateway | null = null;
  const links = linksOf(options, () => opened);
  const gateway = createGateway({
    ...{ name, genesis, keys, verifier, links, telemetry: metrics },
    clock: {
      nowMs: () => Date.now(),
      after: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
    },
    onCertificate: (certificate) => keep(options, certificate),
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    ...(options.sessionsMax && { sessionsMax: options.sessionsMax }),
    ...(options.sessionsPerAccountMax && { sessionsPerAccountMax: options.sessionsPerAccountMax }),
  });
  opened = gateway;
  const { state } = gateway;
  const trusted = parseNetworks(options.trustedNetworks ?? []);
  const status = () => ({
    role: 'gateway',
    name,
    ready: links.connected().length > 0 && !state.draining,
    height: state.height,
    sessions: state.sessions.size,
    openCommands: state.tracker.sizes.open,
    validators: links.connected(),
  });
  const server = createStatusServer(metrics, status, { trustProxy: trusted, hasSchemas: true });
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
