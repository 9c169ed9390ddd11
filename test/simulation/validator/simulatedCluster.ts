import { createThresholdSigner } from '../../../consensus/beacon/thresholdSigner.js';
import { SAME_REGION, type Timing } from '../../../consensus/core/config.js';
import type { Telemetry, Timer, Transport } from '../../../consensus/ports.js';
import { createValidator } from '../../../consensus/validator/createValidator.js';
import type { Halt, Validator, ValidatorStatus } from '../../../consensus/validator/options.js';
import { decodeTrusted, encode } from '../../../schemas/codec/codec.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { concatBytes, uint32 } from '../../../schemas/kernel/bytes.js';
import type { CertifiedBlock, Result } from '../../../schemas/types/block.js';
import type { GenesisLimits } from '../../../schemas/types/genesis.js';
import type { PeerMessageBody } from '../../../schemas/types/wire.js';
import { type BlockDisk, emptyBlockDisk, openMemoryBlockStore } from '../disk/memoryBlockStore.js';
import { emptyJournalDisk, type JournalDisk, openMemoryJournal } from '../disk/memoryJournal.js';
import { createSimulatedDisk } from '../disk/simulatedDisk.js';
import { keyedHashVerifier } from '../keyedHashCrypto.js';
import { createNetwork, type LinkConditions, type Network } from '../network.js';
import { createPrng, type Prng } from '../prng.js';
import { createScheduler, type Scheduler } from '../scheduler.js';
import { type CountingApplication, createCountingApplication } from './countingApplication.js';
import { type SimulatedGenesis, simulatedGenesis } from './simulatedGenesis.js';

/** What one validator is made of, as a test may want to change it before it starts. */
export interface SimulatedNode {
  readonly index: number;
  validator: Validator;
  application: CountingApplication;
  readonly disk: { journal: JournalDisk; blocks: BlockDisk };
  isUp: boolean;
  halts: Halt[];
  readonly counters: Map<string, number>;
  readonly observations: Map<string, number[]>;
  /** Drops or changes what this node sends; null drops it. A Byzantine node's crime. */
  tamper: (to: number, message: PeerMessageBody) => PeerMessageBody | null;
  /** Wall clock of this node ahead of virtual time. */
  clockAheadMs: number;
  /** Of the release that its next process runs: see `createCountingApplication`. */
  secondEngineFrom: number;
}

export interface SimulatedCluster {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly nodes: readonly SimulatedNode[];
  readonly network: Network<Uint8Array>;
  readonly chain: SimulatedGenesis;
  start(index: number): Promise<void>;
  /** Kill -9: memory and what the disk has not synced are gone. */
  crash(index: number): void;
  /** A new envelope to every running node. */
  submit(): Uint8Array;
  /** Virtual time passes, with all promises in between settled. */
  run(durationMs: number): Promise<void>;
  /** Runs until `done`, at most so long; the time it took. Throws when it is not done then. */
  runUntil(done: () => boolean, durationMaxMs: number): Promise<number>;
  status(index: number): ValidatorStatus;
  /** Certified blocks on the disk of a node. */
  certified(index: number): CertifiedBlock[];
}

const LINKS: LinkConditions = { delayMinMs: 0.5, delayMaxMs: 1.5, loss: 0, duplication: 0 };
const SYNC_MS = 0.5;

export function simulateCluster(options: {
  readonly validators: number;
  readonly seed: number;
  readonly links?: LinkConditions;
  readonly limits?: Partial<GenesisLimits>;
  readonly timing?: Timing;
  /** The longest that a disk takes to sync; default SYNC_MS always. */
  readonly syncMaxMs?: number;
}): SimulatedCluster {
  const { validators, seed, links = LINKS, timing = SAME_REGION, syncMaxMs = SYNC_MS } = options;
  const scheduler = createScheduler();
  const prng = createPrng(seed);
  const network = createNetwork<Uint8Array>(scheduler, prng.fork(), links);
  const chain = simulatedGenesis(validators, options.limits);
  let submitted = 0;
  const nodes = Array.from({ length: validators }, (_, index) => newNode(index));
  const context = { scheduler, prng, network, chain, timing, nodes, syncMaxMs };

  async function run(durationMs: number): Promise<void> {
    const untilMs = scheduler.nowMs + durationMs;
    await settled();
    while (scheduler.runNext(untilMs)) await settled();
  }

  return {
    scheduler,
    prng,
    nodes,
    network,
    chain,
    run,
    async start(index) {
      startNode(context, nodes[index]!);
      await settled();
    },
    crash(index) {
      const node = nodes[index]!;
      node.isUp = false;
      void node.validator.stop();
    },
    submit() {
      const envelope = concatBytes(Uint8Array.of(1), uint32(submitted++));
      for (const node of nodes) {
        if (node.isUp && node.application.submit(envelope)) node.validator.workChanged();
      }
      return envelope;
    },
    async runUntil(done, durationMaxMs) {
      const startMs = scheduler.nowMs;
      while (!done()) {
        if (scheduler.nowMs - startMs >= durationMaxMs) {
          const states = nodes.map((node) => JSON.stringify(node.validator.status()));
          throw new Error(`seed ${seed}: not done after ${durationMaxMs} ms\n${states.join('\n')}`);
        }
        await run(5);
      }
      return scheduler.nowMs - startMs;
    },
    status: (index) => nodes[index]!.validator.status(),
    certified: (index) =>
      nodes[index]!.disk.blocks.certified.map((bytes) => decodeTrusted('CertifiedBlock', bytes)),
  };
}

/** Every promise that can settle without time passing has settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function newNode(index: number): SimulatedNode {
  return {
    index,
    validator: unstarted(index),
    application: createCountingApplication(Number.POSITIVE_INFINITY),
    disk: { journal: emptyJournalDisk(), blocks: emptyBlockDisk() },
    isUp: false,
    halts: [],
    counters: new Map(),
    observations: new Map(),
    tamper: (_to, message) => message,
    clockAheadMs: 0,
    secondEngineFrom: Number.POSITIVE_INFINITY,
  };
}

function unstarted(index: number): Validator {
  const fail = (): never => {
    throw new Error(`node ${index} was never started`);
  };
  return { start: fail, stop: fail, workChanged: fail, supersede: fail, status: fail };
}

interface World {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly network: Network<Uint8Array>;
  readonly chain: SimulatedGenesis;
  readonly timing: Timing;
  readonly syncMaxMs: number;
  readonly nodes: readonly SimulatedNode[];
}

/** A new process on the node's disk. Whatever belongs to an earlier one never acts again. */
function startNode(world: World, node: SimulatedNode): void {
  const { chain, nodes } = world;
  const { index } = node;
  const life = createCountingApplication(node.secondEngineFrom);
  node.application = life;
  node.isUp = true;
  const isAlive = (): boolean => node.isUp && node.application === life;
  const timer = timerOf(world, node, isAlive);
  const disk = createSimulatedDisk({
    after: timer.after,
    prng: world.prng.fork(),
    conditions: { syncMinMs: SYNC_MS, syncMaxMs: world.syncMaxMs },
  });
  node.validator = createValidator({
    genesis: chain.genesis,
    keys: genesisEpoch(chain.genesis, 0),
    self: index,
    signer: chain.signers[index]!,
    signatures: keyedHashVerifier,
    beacon: chain.beacon.scheme,
    threshold: createThresholdSigner(
      chain.beacon.keys,
      chain.beacon.secrets[index]!,
      chain.beacon.scheme,
    ),
    transport: transportOf(world, node, nodes, isAlive),
    journal: openMemoryJournal(node.disk.journal, disk.openFile()),
    store: openMemoryBlockStore(node.disk.blocks, disk.openFile()),
    timer,
    application: life,
    telemetry: telemetryOf(node),
    timing: world.timing,
    firstStart: true,
    onHalt: (halt) => void node.halts.push(halt),
  });
  node.validator.start().catch((error: unknown) => {
    throw new Error(`node ${index} did not start`, { cause: error });
  });
}

function timerOf({ scheduler }: World, node: SimulatedNode, isAlive: () => boolean): Timer {
  return {
    nowMs: () => scheduler.nowMs,
    unixMs: () => Math.floor(2_000_000 + scheduler.nowMs + node.clockAheadMs),
    after: (delayMs, run) =>
      scheduler.after(delayMs, () => {
        if (isAlive()) run();
      }),
  };
}

function transportOf(
  { network }: World,
  node: SimulatedNode,
  nodes: readonly SimulatedNode[],
  isAlive: () => boolean,
): Transport {
  const connected = (): number[] =>
    nodes.filter((peer) => peer !== node && peer.isUp).map(({ index }) => index);
  const send = (to: number, message: PeerMessageBody): void => {
    if (!isAlive()) return;
    const sent = node.tamper(to, message);
    if (sent !== null) network.send(node.index, to, encode('PeerMessage', { body: sent }));
  };
  return {
    send,
    connected,
    broadcast: (message) => {
      for (const peer of connected()) send(peer, message);
    },
    onMessage: (handler) =>
      network.onMessage(node.index, (from, bytes) => {
        if (isAlive()) handler(from, decodeTrusted('PeerMessage', bytes).body);
      }),
  };
}

function telemetryOf(node: SimulatedNode): Telemetry {
  return {
    count: (name, by) => void node.counters.set(name, (node.counters.get(name) ?? 0) + by),
    gauge: () => {},
    observe: (name, value) => {
      const values = node.observations.get(name) ?? [];
      values.push(value);
      node.observations.set(name, values);
    },
    height: () => {},
    log: () => {},
  };
}

/** Results of all heights that at least two nodes have: equal ones, else a violation is thrown. */
export function assertAgreement(cluster: SimulatedCluster): void {
  const byHeight = new Map<number, { node: number; result: Result }>();
  for (const node of cluster.nodes) {
    for (const { certificate } of cluster.certified(node.index)) {
      const { result } = certificate;
      const first = byHeight.get(result.height);
      if (first === undefined) {
        byHeight.set(result.height, { node: node.index, result });
        continue;
      }
      const same = Buffer.from(encode('Result', first.result)).equals(encode('Result', result));
      if (!same) {
        throw new Error(`nodes ${first.node} and ${node.index} disagree at ${result.height}`);
      }
    }
  }
}
