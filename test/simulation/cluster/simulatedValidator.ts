import type { EngineState } from '../../../command/engine/engineState.js';
import type { CommandTelemetry } from '../../../command/ports.js';
import {
  createThresholdSigner,
  type ThresholdSigner,
} from '../../../consensus/beacon/thresholdSigner.js';
import { SAME_REGION } from '../../../consensus/core/config.js';
import type { Timer, Transport } from '../../../consensus/ports.js';
import type { ValidatorStatus } from '../../../consensus/validator/options.js';
import type { ClientLink, ClientTransport } from '../../../infra/validator/clientLinks.js';
import { type JoinedValidator, joinValidator } from '../../../infra/validator/joinValidator.js';
import { restoreState } from '../../../infra/validator/restoreState.js';
import { decodeTrusted, encode } from '../../../schemas/codec/codec.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import type { BatchVerifier } from '../../../schemas/crypto/signatures.js';
import type { Log } from '../../../schemas/log.js';
import type { PeerMessageBody } from '../../../schemas/types/wire.js';
import { type BlockDisk, emptyBlockDisk, openMemoryBlockStore } from '../disk/memoryBlockStore.js';
import {
  crashExecutedDisk,
  type ExecutedDisk,
  emptyExecutedDisk,
  openMemoryExecutedStore,
} from '../disk/memoryExecutedStore.js';
import { emptyJournalDisk, type JournalDisk, openMemoryJournal } from '../disk/memoryJournal.js';
import {
  emptyMempoolDisk,
  type MempoolDisk,
  openMemoryMempoolJournal,
} from '../disk/memoryMempoolJournal.js';
import { openMemorySnapshotStore, type SnapshotDisk } from '../disk/memorySnapshotStore.js';
import {
  createSimulatedDisk,
  type DiskConditions,
  type SimulatedDisk,
} from '../disk/simulatedDisk.js';
import type { Crime } from './byzantine/crime.js';
import { addUpSupply, type Observer, observe } from './observers.js';
import { openSimulatedLog } from './simulatedLog.js';
import type { World } from './world.js';

/** What survives the process. */
export interface ValidatorDisk {
  readonly journal: JournalDisk;
  readonly blocks: BlockDisk;
  readonly executed: ExecutedDisk;
  readonly mempool: MempoolDisk;
  readonly snapshots: SnapshotDisk;
}

/** One machine that runs a validator, the real one, crashes and starts again. */
export interface SimulatedValidator {
  readonly node: number;
  readonly disk: ValidatorDisk;
  /** Wall clock ahead of virtual time. */
  clockAheadMs: number;
  start(): void;
  /** Kill -9 and power loss in one: memory and what the disk has not synced are gone. */
  crash(): void;
  /** Null while it is down or still recovering. */
  status(): ValidatorStatus | null;
  isPublishing(): boolean;
  /** A gateway's connection; false while the validator does not serve yet. */
  openClient(link: ClientLink): boolean;
  fromClient(link: ClientLink, body: PeerMessageBody): void;
  closeClient(link: ClientLink): void;
}

/** Every height a snapshot would be due at, in production far more. */
export const SNAPSHOT_EVERY = 16;

/** Of the mutant that accepts before its disk has. */
const LATE: DiskConditions = { syncMinMs: 1_000, syncMaxMs: 2_000, isLying: true };

interface Clients {
  onMessage: ((link: ClientLink, body: PeerMessageBody) => void) | null;
  onClose: ((link: ClientLink) => void) | null;
}

interface Machine {
  readonly world: World;
  readonly node: number;
  readonly disk: ValidatorDisk;
  readonly observer: Observer;
  readonly crime: Crime | null;
  clockAheadMs: number;
  /** Of the running life. */
  joined: JoinedValidator | null;
  files: readonly SimulatedDisk[];
  clients: Clients;
}

export function createSimulatedValidator(
  world: World,
  node: number,
  crime: Crime | null,
): SimulatedValidator {
  const machine: Machine = {
    world,
    node,
    disk: {
      journal: emptyJournalDisk(),
      blocks: emptyBlockDisk(),
      executed: emptyExecutedDisk(),
      mempool: emptyMempoolDisk(),
      snapshots: { snapshots: [] },
    },
    observer: observe(world, node),
    crime,
    clockAheadMs: 0,
    joined: null,
    files: [],
    clients: { onMessage: null, onClose: null },
  };
  return {
    node,
    disk: machine.disk,
    get clockAheadMs() {
      return machine.clockAheadMs;
    },
    set clockAheadMs(aheadMs) {
      machine.clockAheadMs = aheadMs;
    },
    start: () => start(machine),
    crash: () => crash(machine),
    status: () => (world.isUp(node) ? (machine.joined?.status() ?? null) : null),
    isPublishing: () => world.isUp(node) && (machine.joined?.publisher?.isActive() ?? false),
    openClient: () => world.isUp(node) && machine.clients.onMessage !== null,
    fromClient: (link, body) => machine.clients.onMessage?.(link, body),
    closeClient: (link) => machine.clients.onClose?.(link),
  };
}

function crash(machine: Machine): void {
  const { world, node, disk } = machine;
  if (!world.isUp(node)) return;
  world.lives[node] = -world.lives[node]!;
  world.audit.note(world.scheduler.nowMs, `crash ${node}`);
  for (const files of new Set(machine.files)) files.crash();
  crashExecutedDisk(disk.executed, world.prng);
  machine.joined = null;
  machine.clients = { onMessage: null, onClose: null };
}

/** A new process on the machine's disk. Whatever belongs to an earlier one never acts again. */
function start(machine: Machine): void {
  const { world, node } = machine;
  if (world.isUp(node)) return;
  const life = 1 - world.lives[node]!;
  world.lives[node] = life;
  world.audit.note(world.scheduler.nowMs, `start ${node}`);
  const isAlive = (): boolean => world.lives[node] === life;
  const clients: Clients = { onMessage: null, onClose: null };
  machine.clients = clients;
  join(machine, isAlive, clients).then(
    (joined) => {
      if (isAlive()) machine.joined = joined;
    },
    (error: unknown) => {
      world.history.faults.push(`validator ${node} did not start: ${String(error)}`);
    },
  );
}

function join(
  machine: Machine,
  isAlive: () => boolean,
  clients: Clients,
): Promise<JoinedValidator> {
  const { world, node, disk, observer, crime } = machine;
  const { chain, history } = world;
  const timer = timerOf(machine, isAlive);
  const open = (conditions: DiskConditions): SimulatedDisk =>
    createSimulatedDisk({ after: timer.after, prng: world.prng.fork(), conditions });
  const files = open(world.diskConditions);
  const mempoolFiles = world.mutation.acceptsBeforeDisk === true ? open(LATE) : files;
  machine.files = [files, mempoolFiles];
  const snapshots = openMemorySnapshotStore(disk.snapshots, files.openFile());
  const state = restoreState(chain.genesis, 0, snapshots.newest());
  const log = openSimulatedLog(world, isAlive);
  crime?.onStart?.({ timer, log });
  return joinValidator({
    genesis: chain.genesis,
    keys: genesisEpoch(chain.genesis, 0),
    self: node,
    signer: chain.signers[node]!,
    firstStart: world.lives[node] === 1,
    onSigning: () => undefined,
    signatures: chain.signatures,
    beacon: chain.beacon,
    threshold: slowThreshold(world, node, timer),
    verifier: slowVerifier(world, timer),
    state,
    snapshots,
    onSnapshot: () => undefined,
    snapshotEveryHeights: SNAPSHOT_EVERY,
    executed: openMemoryExecutedStore(disk.executed, state.height + 1, files.openFile()),
    blocks: openMemoryBlockStore(disk.blocks, files.openFile(), observer.certified),
    journal: openMemoryJournal(disk.journal, files.openFile(), observer.journaled),
    mempoolJournal: openMemoryMempoolJournal(
      crime?.forgetsEnvelopes === true ? emptyMempoolDisk() : disk.mempool,
      mempoolFiles.openFile(),
    ),
    transport: transportOf(machine, isAlive, clients),
    log: crime?.neverPublishes === true ? null : publisherLog(world, log),
    timer,
    timing: SAME_REGION,
    metrics: metricsOf(world, node, state),
    consensusTelemetry: observer.telemetry(),
    commandTelemetry: SILENT,
    onHalt(halt) {
      world.audit.note(world.scheduler.nowMs, `halt ${node} ${halt.kind}`);
      if (!world.byzantine.has(node)) history.halts.push({ node, halt });
    },
  });
}

/** The log as publishers see it; a mutant's never sees anything in it. */
function publisherLog({ mutation }: World, log: Log): Log {
  if (mutation.readsNoTail !== true) return log;
  const offsets: Log['reader']['offsets'] = async () => ({ first: 0n, end: 0n });
  return { ...log, reader: { ...log.reader, offsets } };
}

const SILENT: CommandTelemetry = {
  count: () => undefined,
  gauge: () => undefined,
  observe: () => undefined,
  log: () => undefined,
};

/** The application says that a height is executed by how long it took. */
function metricsOf(world: World, node: number, state: EngineState) {
  return {
    count: () => undefined,
    gauge: () => undefined,
    observe(name: string) {
      if (name === 'execute_seconds' && !world.byzantine.has(node)) addUpSupply(world, state);
    },
  };
}

function timerOf(machine: Machine, isAlive: () => boolean): Timer {
  const { scheduler, chain } = machine.world;
  const { createdAtMs } = chain.genesis;
  return {
    nowMs: () => scheduler.nowMs,
    unixMs: () => Math.floor(createdAtMs + scheduler.nowMs + machine.clockAheadMs),
    after: (delayMs, run) =>
      scheduler.after(delayMs, () => {
        if (isAlive()) run();
      }),
  };
}

/** Signatures of envelopes take a moment, as in a worker. */
function slowVerifier({ chain, prng }: World, timer: Timer): BatchVerifier {
  return {
    verifyBatch: (messages) =>
      new Promise((resolve) => {
        const { signatures } = chain;
        timer.after(prng.between(0.1, 2), () =>
          resolve(
            messages.map(({ publicKey, message, signature }) =>
              signatures.verify(publicKey, message, signature),
            ),
          ),
        );
      }),
  };
}

/** Pairings take milliseconds and end one after the other, as in a thread. */
function slowThreshold({ chain, prng }: World, node: number, timer: Timer): ThresholdSigner {
  const { beaconKeys } = genesisEpoch(chain.genesis, 0);
  const signer = createThresholdSigner(beaconKeys, chain.beaconSecrets[node]!, chain.beacon);
  let turn: Promise<unknown> = Promise.resolve();
  const later = <T>(run: () => Promise<T>): Promise<T> => {
    const mine = turn.then(
      () => new Promise<void>((resolve) => void timer.after(prng.between(0.5, 6), resolve)),
    );
    const answer = mine.then(run);
    turn = answer;
    return answer;
  };
  return {
    sign: (message) => later(() => signer.sign(message)),
    combine: (message, shares) => later(() => signer.combine(message, shares)),
  };
}

function transportOf(
  { world, node, observer, crime }: Machine,
  isAlive: () => boolean,
  clients: Clients,
): Transport & ClientTransport {
  const { network } = world;
  const peers = Array.from({ length: world.validators }, (_, peer) => peer);
  const connected = (): number[] =>
    peers.filter((peer) => peer !== node && world.isUp(peer) && world.isReachable(node, peer));
  const dispatch = (to: number, bytes: Uint8Array): void =>
    network.send(node, to, { life: world.lives[to]!, link: null, bytes });
  const send = (to: number, body: PeerMessageBody): void => {
    if (!isAlive()) return;
    for (const said of crime?.tamper(to, body) ?? [body]) {
      observer.said(said);
      dispatch(to, encode('PeerMessage', { body: said }));
    }
  };
  return {
    send,
    connected,
    broadcast(body) {
      if (!isAlive()) return;
      if (crime !== null) {
        for (const peer of connected()) send(peer, body);
        return;
      }
      observer.said(body);
      const bytes = encode('PeerMessage', { body });
      for (const peer of connected()) dispatch(peer, bytes);
    },
    onMessage: (handler) =>
      network.onMessage(node, (from, { life, bytes }) => {
        if (!isAlive() || life !== world.lives[node]) return;
        world.audit.note(world.scheduler.nowMs, `${from}>${node}`, bytes);
        handler(from, decodeTrusted('PeerMessage', bytes).body);
      }),
    onClientMessage(handler) {
      clients.onMessage = handler;
    },
    onClientClose(handler) {
      clients.onClose = handler;
    },
  };
}
