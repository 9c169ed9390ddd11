import type { ClientWorld, ConnectionEvents } from '../../command/client/ports.js';
import type { Trust } from '../../command/client/verifyEvents.js';
import { admissionView } from '../../command/engine/admissionView.js';
import { proveState } from '../../command/engine/proveState.js';
import { createGateway, type Gateway } from '../../command/gateway/gateway.js';
import type { GatewayOptions } from '../../command/gateway/gatewayState.js';
import { createMempool, type Mempool } from '../../command/mempool/mempool.js';
import { mempoolConfig } from '../../command/mempool/mempoolConfig.js';
import { createVerifiedEnvelopes } from '../../command/mempool/verifiedEnvelopes.js';
import type { ExecutedStore } from '../../infra/files/executedStore.js';
import { openReceiptIndex, type ReceiptIndex } from '../../infra/validator/receiptIndex.js';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import { type ChainTip, genesisTip } from '../../schemas/crypto/epochKeys.js';
import type { ResultCertificate } from '../../schemas/types/block.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import { blockOfItems, newWorld, START_MS, type World } from '../vectors/engine/engineWorld.js';
import { certifyNext, engineGenesis, engineKeys } from './engineChain.js';
import { keyedHashVerifier } from './keyedHashCrypto.js';
import { createPrng, type Prng } from './prng.js';
import { createScheduler, type Scheduler } from './scheduler.js';

/**
 * Gateways and players around one chain that the real engine executes: what four validators would
 * say, without consensus. The gateways and the clients are the real ones; sockets and links are
 * made of scheduled calls, so a run is a function of its seed.
 */
export interface SimulatedPlatform {
  readonly trust: Trust;
  readonly prng: Prng;
  readonly gateways: Map<string, SimulatedGateway>;
  nowMs(): number;
  /** A gateway that clients reach under this URL. */
  startGateway(url: string, options?: Partial<GatewayOptions>): SimulatedGateway;
  clientWorld(faults?: SocketFaults): ClientWorld;
  run(durationMs: number): Promise<void>;
  runUntil(condition: () => boolean, limitMs: number): Promise<void>;
  /** While false no blocks are made. */
  ordering: boolean;
  readonly height: number;
  readonly world: World;
  /** What validators send of a height. */
  frame(height: number): Uint8Array;
  /** Validators do not keep heights below this any more. */
  forget(belowHeight: number): void;
}

export interface SimulatedGateway {
  readonly url: string;
  readonly gateway: Gateway;
  /** Validators that it reaches; all at first. */
  readonly reach: Set<number>;
  readonly counts: Map<string, number>;
  /** Ends it as a crash does: sockets are reset, nothing is said. */
  kill(): void;
  /** A rewriting of what it says to clients: a lying gateway. Null: says nothing. */
  tamper: ((frame: string) => string | null) | null;
}

export interface SocketFaults {
  /** Of each frame from a gateway. */
  readonly duplicate?: number;
  readonly reorder?: number;
  readonly breakConnection?: number;
  readonly latencyMsMax?: number;
}

interface Platform extends SimulatedPlatform {
  readonly scheduler: Scheduler;
  readonly mempool: Mempool;
  readonly executed: Map<number, Uint8Array>;
  readonly certificates: Map<number, ResultCertificate>;
  readonly receipts: ReceiptIndex;
  tip: ChainTip;
}

const VALIDATORS = [0, 1, 2, 3];
const BUSY_BLOCK_MS = 100;
const IDLE_BLOCK_MS = 1_000;

export function createSimulatedPlatform(seed: number): SimulatedPlatform {
  const scheduler = createScheduler();
  const world = newWorld(engineGenesis);
  const executed = new Map<number, Uint8Array>();
  const nowMs = (): number => START_MS + Math.floor(scheduler.nowMs);
  const platform: Platform = {
    trust: {
      keys: engineKeys,
      eventPartitions: engineGenesis.eventPartitions,
      verifier: keyedHashVerifier,
    },
    prng: createPrng(seed),
    gateways: new Map(),
    ordering: true,
    world,
    scheduler,
    executed,
    certificates: new Map(),
    receipts: openReceiptIndex(storeOf(executed)),
    mempool: createMempool(
      mempoolConfig({
        chainId: engineKeys.chainId,
        shard: 0,
        genesis: engineGenesis,
        view: () => admissionView(world.state),
      }),
      createVerifiedEnvelopes(),
    ),
    tip: genesisTip(engineGenesis, 0),
    get height() {
      return platform.tip.height;
    },
    nowMs,
    frame: (height) => executed.get(height) as Uint8Array,
    forget(belowHeight) {
      for (const height of [...executed.keys()]) {
        if (height < belowHeight) executed.delete(height);
      }
    },
    startGateway: (url, options) => startGateway(platform, url, options),
    clientWorld: (faults) => clientWorld(platform, faults),
    run: (durationMs) => run(platform, () => false, durationMs),
    async runUntil(condition, limitMs) {
      await run(platform, condition, limitMs);
      if (!condition()) throw new Error(`not within ${limitMs} ms of virtual time`);
    },
  };
  makeBlocks(platform);
  return platform;
}

function storeOf(executed: Map<number, Uint8Array>): ExecutedStore {
  return {
    first: () => 1,
    last: () => executed.size,
    append: () => undefined,
    read: (height) => executed.get(height) ?? null,
    sync: () => undefined,
    flush: async () => undefined,
    prune: () => undefined,
    close: () => undefined,
  };
}

/** Promises settle between any two actions, as they would between two events of a process. */
async function run(
  { scheduler }: Platform,
  until: () => boolean,
  durationMs: number,
): Promise<void> {
  const endMs = scheduler.nowMs + durationMs;
  await settle();
  while (!until() && scheduler.runNext(endMs)) await settle();
}

async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

function makeBlocks(platform: Platform): void {
  const { scheduler, mempool } = platform;
  let sinceMs = 0;
  const next = (): void => {
    scheduler.after(BUSY_BLOCK_MS, next);
    sinceMs += BUSY_BLOCK_MS;
    const isDue = sinceMs >= IDLE_BLOCK_MS || mempool.hasExecutable(platform.nowMs());
    if (!platform.ordering || !isDue) return;
    sinceMs = 0;
    makeBlock(platform);
  };
  scheduler.after(BUSY_BLOCK_MS, next);
}

function makeBlock(platform: Platform): void {
  const { world, mempool } = platform;
  const timestampMs = Math.max(platform.nowMs(), world.state.timestampMs + 1);
  const { maxBlockBytes: maxBytes, maxBlockCommands: maxCommands } = engineGenesis.limits;
  const items = mempool.take({ timestampMs, maxBytes, maxCommands, unexecuted: [] });
  const draft = blockOfItems(world, items, timestampMs - world.state.timestampMs);
  const { certified, leaves, events, tip, receipts } = certifyNext(world, platform.tip, draft);
  platform.tip = tip;
  const { certificate, block } = certified;
  platform.certificates.set(tip.height, certificate);
  const body = {
    ...{ kind: 'ExecutedHeight' as const, certificate, header: block.header, leaves },
    events: events.flat(),
  };
  platform.executed.set(tip.height, encode('PeerMessage', { body }));
  platform.receipts.add(tip.height, receipts);
  mempool.executed(receipts, timestampMs);
  for (const { gateway, reach } of platform.gateways.values()) {
    for (const validator of reach) toGateway(platform, gateway, validator, body);
  }
}

/** A link keeps its order: every message takes as long as any other. */
function toGateway(
  { scheduler }: Platform,
  gateway: Gateway,
  validator: number,
  body: PeerMessageBody,
): void {
  scheduler.after(1, () => gateway.onValidatorMessage(validator, body));
}

function onGatewayMessage(
  platform: Platform,
  { gateway, reach }: SimulatedGateway,
  validator: number,
  body: PeerMessageBody,
): void {
  if (!reach.has(validator)) return;
  const answer = (message: PeerMessageBody): void => {
    toGateway(platform, gateway, validator, message);
  };
  if (body.kind === 'SubmitEnvelope') {
    const verdict = admit(platform, body.envelope);
    answer({ kind: 'EnvelopeVerdict', ...verdict });
  } else if (body.kind === 'StateRequest') {
    answer(stateAnswer(platform, body));
  } else if (body.kind === 'ReceiptRequest') {
    const bytes = platform.executed.get(platform.receipts.heightOf(body) ?? 0);
    if (bytes !== undefined) answer(decodeTrusted('PeerMessage', bytes).body);
  } else if (body.kind === 'SubscribeResults') {
    // As validators do: one that has just started wants what comes, not the whole past.
    const from = body.fromHeight <= 1 ? Math.max(platform.height, 1) : body.fromHeight;
    for (let height = from; height <= platform.height; height++) {
      const bytes = platform.executed.get(height);
      if (bytes !== undefined) answer(decodeTrusted('PeerMessage', bytes).body);
    }
  }
}

function admit({ mempool, nowMs }: Platform, envelope: Uint8Array) {
  const checked = mempool.check(envelope, nowMs());
  if (checked.kind !== 'verify' || checked.envelope === null) {
    const { hash, verdicts } = checked;
    return { hash, durable: checked.kind === 'known', verdicts };
  }
  const { hash, verdicts, kind } = mempool.insert(checked.envelope, nowMs());
  return { hash, durable: kind === 'held' || kind === 'known', verdicts };
}

function stateAnswer(
  platform: Platform,
  request: PeerMessageBody & { readonly kind: 'StateRequest' },
): PeerMessageBody {
  const { id, key } = request;
  const height = request.height === 0 ? platform.height : request.height;
  const proven = proveState(platform.world.state, key, height);
  const certificate = platform.certificates.get(height) ?? null;
  if (proven === null || certificate === null) {
    const nothing = { value: null, proof: new Uint8Array(0), certificate: null };
    return { kind: 'StateAnswer', id, code: 5008, ...nothing };
  }
  const proof = encode('StateProof', proven.proof);
  return { kind: 'StateAnswer', id, code: 0, value: proven.value, proof, certificate };
}

function startGateway(
  platform: Platform,
  url: string,
  options: Partial<GatewayOptions> = {},
): SimulatedGateway {
  const { scheduler, prng } = platform;
  const reach = new Set(VALIDATORS);
  const counts = new Map<string, number>();
  let isAlive = true;
  const gateway = createGateway({
    name: url,
    keys: engineKeys,
    genesis: engineGenesis,
    verifier: keyedHashVerifier,
    links: {
      connected: () => [...reach],
      send: (validator, body) => {
        if (isAlive) scheduler.after(1, () => onGatewayMessage(platform, self, validator, body));
      },
    },
    clock: { nowMs: platform.nowMs, after: scheduler.after },
    telemetry: {
      count: (name, labels = {}, by = 1) => {
        const key = [name, ...Object.values(labels)].join(' ');
        counts.set(key, (counts.get(key) ?? 0) + by);
      },
      gauge: () => undefined,
      observe: () => undefined,
    },
    random: (bytes) => Uint8Array.from({ length: bytes }, () => prng.below(256)),
    ...options,
  });
  const self: SimulatedGateway = {
    ...{ url, gateway, reach, counts, tamper: null },
    kill() {
      isAlive = false;
      reach.clear();
      platform.gateways.delete(url);
      gateway.close();
    },
  };
  platform.gateways.set(url, self);
  for (const validator of VALIDATORS) gateway.onValidatorOpen(validator);
  return self;
}

function clientWorld(platform: Platform, faults: SocketFaults = {}): ClientWorld {
  const { scheduler } = platform;
  const prng = platform.prng.fork();
  return {
    connect: (url, events) => connect(platform, prng, faults, url, events),
    get: () => Promise.reject(new Error('a simulated world has no reader')),
    nowMs: platform.nowMs,
    after: scheduler.after,
    random: (bytes) => Uint8Array.from({ length: bytes }, () => prng.below(256)),
  };
}

/** A WebSocket between a client and a gateway, with the faults that are asked for. */
function connect(
  platform: Platform,
  prng: Prng,
  faults: SocketFaults,
  url: string,
  events: ConnectionEvents,
) {
  const { scheduler } = platform;
  const { latencyMsMax = 5, duplicate = 0, reorder = 0, breakConnection = 0 } = faults;
  const found = platform.gateways.get(url.replace(/^ws:\/\/|\/play$/g, ''));
  let isOpen = true;
  let isGone = false;
  let lastDueMs = 0;
  const close = (code: number, reason: string): void => {
    if (!isOpen) return;
    isOpen = false;
    // What was sent before a close arrives before it, unless the connection broke.
    const delayMs = code === 1006 ? 0 : Math.max(0, lastDueMs - scheduler.nowMs);
    scheduler.after(delayMs + 1, () => {
      isGone = true;
      handle?.onClosed(code);
      events.onClose(code, reason);
    });
  };
  const toClient = (frame: string): void => {
    if (!isOpen) return;
    if (prng.chance(breakConnection)) return close(1006, 'broken');
    const said = found?.tamper ? found.tamper(frame) : frame;
    if (said === null) return;
    const dueMs = scheduler.nowMs + prng.between(0, latencyMsMax);
    const inOrderMs = prng.chance(reorder) ? dueMs : Math.max(dueMs, lastDueMs);
    lastDueMs = Math.max(lastDueMs, inOrderMs);
    for (let copies = prng.chance(duplicate) ? 2 : 1; copies > 0; copies--) {
      scheduler.after(inOrderMs - scheduler.nowMs, () => {
        if (!isGone) events.onText(said);
      });
    }
  };
  const handle = found?.gateway.connect({
    address: '192.0.2.1',
    send: toClient,
    ping: () => undefined,
    bufferedBytes: () => 0,
    close,
  });
  if (found === undefined) close(1006, 'refused');
  return {
    send: (frame: string) => {
      if (!isOpen) return;
      if (prng.chance(breakConnection)) return close(1006, 'broken');
      scheduler.after(1, () => {
        if (isOpen) handle?.onFrame(frame);
      });
    },
    close: () => close(1000, ''),
  };
}
