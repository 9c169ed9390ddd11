import type { VoteForm } from '../../../consensus/validator/wireForms.js';
import { blockDigest } from '../../../schemas/crypto/digests.js';
import { quorum } from '../../../schemas/crypto/quorum.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { BlockHeader, Proposal } from '../../../schemas/types/block.js';
import { type Auditor, createAuditor } from '../auditor.js';
import type { DiskConditions } from '../disk/simulatedDisk.js';
import { createMemoryLog, type MemoryLogStore } from '../memoryLog.js';
import { createNetwork, type LinkConditions, type Network } from '../network.js';
import { createPrng, type Prng } from '../prng.js';
import { createScheduler, type Scheduler } from '../scheduler.js';
import type { ClusterChain } from './clusterChain.js';
import { emptyHistory, type History } from './history.js';
import type { ClusterMutation } from './mutation.js';

/** What travels: bytes for one life of the receiving process, on the link of one of its kind. */
export interface Parcel {
  /** Life of the receiver when it was sent: a broken connection carries nothing over. */
  readonly life: number;
  /** Null between validators; else the gateway's link. */
  readonly link: object | null;
  readonly bytes: Uint8Array;
}

/** How the log behaves; may change while the world runs. */
export interface LogConditions {
  delayMinMs: number;
  delayMaxMs: number;
  /** Nothing answers. */
  isDown: boolean;
  /** Probability that an append breaks, half of the times after the commit. */
  faults: number;
}

/** Everything that the actors of a run share. Nodes are validators from 0, then gateways. */
export interface World {
  readonly seed: number;
  readonly validators: number;
  readonly chain: ClusterChain;
  readonly scheduler: Scheduler;
  /** Between validators; what a broken link loses is lost. */
  readonly network: Network<Parcel>;
  /** Between gateways and validators; loses nothing but by breaking. */
  readonly clientNetwork: Network<Parcel>;
  readonly prng: Prng;
  readonly log: MemoryLogStore;
  readonly logConditions: LogConditions;
  readonly diskConditions: DiskConditions;
  readonly audit: Auditor;
  readonly history: History;
  readonly byzantine: ReadonlySet<number>;
  readonly mutation: ClusterMutation;
  /** Life of each node, raised at every start; 0 while it was never up. Negative: down. */
  readonly lives: number[];
  isUp(node: number): boolean;
  /** Whether the two can reach each other now. */
  isReachable(a: number, b: number): boolean;
  sawHeader(header: BlockHeader): void;
  sawFinalize(signer: number, proposal: Proposal): void;
}

export interface WorldOptions {
  readonly seed: number;
  readonly chain: ClusterChain;
  readonly gateways: number;
  readonly byzantine: readonly number[];
  readonly links: LinkConditions;
  readonly disk: DiskConditions;
  readonly mutation: ClusterMutation;
}

export function createWorld(options: WorldOptions): World {
  const { seed, chain, gateways, byzantine, links } = options;
  const prng = createPrng(seed);
  const scheduler = createScheduler();
  const network = createNetwork<Parcel>(scheduler, prng.fork(), links);
  const reliable = { ...links, loss: 0, duplication: 0 };
  const clientNetwork = createNetwork<Parcel>(scheduler, prng.fork(), reliable);
  const history = emptyHistory();
  const validators = chain.signers.length;
  const lives = Array.from({ length: validators + gateways }, () => 0);
  const logPrng = prng.fork();
  const logConditions: LogConditions = {
    delayMinMs: 0.5,
    delayMaxMs: 3,
    isDown: false,
    faults: 0,
  };
  const log = createMemoryLog({
    faultOf: () => {
      if (!logPrng.chance(logConditions.faults)) return null;
      return logPrng.chance(0.5) ? 'failBefore' : 'failAfter';
    },
  });
  return {
    seed,
    validators,
    chain,
    scheduler,
    network,
    clientNetwork,
    prng: prng.fork(),
    log,
    logConditions,
    diskConditions: options.disk,
    audit: createAuditor(),
    history,
    byzantine: new Set(byzantine),
    mutation: options.mutation,
    lives,
    isUp: (node) => lives[node]! > 0,
    isReachable: (a, b) => network.groups === null || network.groups[a] === network.groups[b],
    sawHeader: (header) => void history.headers.set(toHex(blockDigest(header)), header),
    sawFinalize: (signer, proposal) => sawFinalize(history, validators, signer, proposal),
  };
}

function sawFinalize(
  history: History,
  validators: number,
  signer: number,
  proposal: Proposal,
): void {
  const payload = toHex(proposal.payload);
  history.proposals.set(payload, proposal);
  const signers = history.finalizers.get(payload) ?? new Set();
  history.finalizers.set(payload, signers.add(signer));
  if (signers.size < quorum(validators)) return;
  const height = history.headers.get(payload)?.height ?? 0;
  history.finalHeight = Math.max(history.finalHeight, height);
}

/** What two votes of one kind, view and signer must share. */
export function voteKey(vote: VoteForm): string {
  if (vote.kind === 'Nullify') return `Nullify/${vote.round.epoch}/${vote.round.view}`;
  const { epoch, view, parentView, payload } = vote.proposal;
  return `${vote.kind}/${epoch}/${view}/${parentView}/${toHex(payload)}`;
}

/** Every promise that can settle without time passing has settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Virtual time passes, with all promises in between settled; stops early when `done`. */
export async function run(
  { scheduler }: World,
  durationMs: number,
  done: () => boolean = () => false,
): Promise<void> {
  const untilMs = scheduler.nowMs + durationMs;
  await settled();
  while (!done() && scheduler.runNext(untilMs)) await settled();
}
