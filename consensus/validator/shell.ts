import { type ChainTip, type EpochKeys, genesisTip } from '../../schemas/crypto/epochKeys.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import {
  CERTIFIED_DIGESTS_KEPT,
  HEIGHTS_AHEAD_MAX,
  VERIFIED_SIGNATURES_KEPT,
} from '../../schemas/limits.js';
import type { FinalityProof, Result, ResultCertificate } from '../../schemas/types/block.js';
import { createShareCollector, type ShareCollector } from '../beacon/shareCollector.js';
import type { Input } from '../core/input.js';
import type { Finalization } from '../core/messages.js';
import type { CoreState } from '../core/state.js';
import { createResultCollector, type ResultCollector } from '../results/resultCollector.js';
import type { BlockFetcher } from '../sync/blockFetcher.js';
import type { CatchUp } from '../sync/catchUp.js';
import type { BlockContext } from './blockRules.js';
import { type CachingVerifier, createCachingVerifier } from './cachingVerifier.js';
import { type Chain, type ChainPoint, createChain, type KnownBlock } from './chain.js';
import type { Halt, ValidatorOptions, ValidatorStatus } from './options.js';
import { createValidatorCore } from './validatorCore.js';

/** A height that is final and not yet certified, and what is known of it so far. */
export interface FinalHeight {
  readonly height: number;
  readonly known: KnownBlock;
  readonly finality: FinalityProof;
  /** When it became final here, monotone. */
  readonly finalMs: number;
  /** When the later stages were reached; `finalMs` until then. */
  readonly reached: { beaconMs: number; executedMs: number; certifiedMs: number };
  isShareMade: boolean;
  /** Own share, once it is made. */
  share: Uint8Array | null;
  /** Shares are being combined, perhaps on another thread. */
  isCombining: boolean;
  /** Signature of the group over the height; from it follows the seed. */
  beacon: Uint8Array | null;
  /** Own result; its digest; own signature over it. */
  result: Result | null;
  digest: Uint8Array | null;
  signature: Uint8Array | null;
  /** Invariant: when `result` is there too, they are equal; else the validator has halted. */
  certificate: ResultCertificate | null;
}

export interface CarriedCertificate {
  readonly value: ResultCertificate;
  /** Digest of its result. */
  readonly digest: Uint8Array;
  /** Framed, as it stands in a block. */
  readonly bytes: Uint8Array;
}

/** An input that is made when its turn comes; null when nothing is left of it by then. */
export type Work = (nowMs: number) => Input | null;

/**
 * All that a validator holds besides its core. One file a rule works on it: see README.md.
 * Invariant: certified tip <= executed <= final tip, in height.
 */
export interface Shell {
  readonly options: ValidatorOptions;
  readonly context: BlockContext;
  readonly keys: EpochKeys;
  readonly verifier: CachingVerifier;
  readonly shares: ShareCollector;
  readonly results: ResultCollector;
  core: CoreState;
  chain: Chain;
  fetcher: BlockFetcher;
  catchUp: CatchUp;
  state: ValidatorStatus['state'];
  halt: Halt | null;
  signing: boolean;
  /** Newest certified height, durable here. */
  tip: ChainTip;
  /** What the next height executes on: the chain of seeds and results up to the newest executed. */
  executed: { height: number; seed: Uint8Array; resultDigest: Uint8Array };
  finalTip: ChainPoint;
  /** A finalization whose block or whose ancestors are not all here yet. */
  finalTarget: Finalization | null;
  /** By height, from tip + 1 to the final tip without gaps. */
  readonly heights: Map<number, FinalHeight>;
  /** Newest certificate, to be carried by our next block. */
  certificate: CarriedCertificate | null;
  /** Block with the highest view that is certified by the core's meaning: where to build. */
  head: ChainPoint;
  /** What the core was told last. */
  work: boolean;
  /** Hex digest of the newest certified blocks to height, and back. */
  readonly certifiedKeys: Map<string, number>;
  readonly certifiedDigests: Map<number, Uint8Array>;
  readonly mutedUntilMs: number[];
  /** Told when heights are certified; see whenCertified. */
  readonly certifiedWaiters: { readonly height: number; tell(): void }[];
  /** The write of certified heights under way. */
  certifying: Promise<void> | null;
  prunedView: number;
  /**
   * How long this validator could hear nobody, since it executed or was not run. The core's clock
   * stands still meanwhile: a leader is not late whose proposal waits in our own socket.
   */
  deafMs: number;
  /** Queues an input for the core. */
  push(work: Work): void;
}

/** Where an epoch begins: its views count from 1, and what was executed before it is settled. */
export function startPoint(tip: ChainTip): ChainPoint {
  return {
    key: toHex(tip.blockDigest),
    digest: tip.blockDigest,
    height: tip.height,
    view: 0,
    timestampMs: tip.timestampMs,
    executed: { height: tip.height, resultDigest: tip.resultDigest },
  };
}

/** What does not depend on disk; the rest stands at genesis until `recover` has run. */
export function createShell(
  options: ValidatorOptions,
  parts: Pick<Shell, 'fetcher' | 'catchUp' | 'push'>,
): Shell {
  const { genesis, keys, signatures, beacon } = options;
  const verifier = createCachingVerifier(signatures, VERIFIED_SIGNATURES_KEPT);
  const tip = genesisTip(genesis, keys.shard);
  const point = startPoint(tip);
  return {
    ...parts,
    core: createValidatorCore({ keys, options, signing: false }, tip.blockDigest, null),
    options,
    context: { keys, limits: genesis.limits },
    keys,
    verifier,
    shares: createShareCollector(keys, beacon),
    results: createResultCollector(keys, verifier),
    chain: createChain(point),
    state: 'starting',
    halt: null,
    signing: false,
    tip,
    executed: tip,
    finalTip: point,
    finalTarget: null,
    heights: new Map(),
    certificate: null,
    head: point,
    work: false,
    certifiedKeys: new Map(),
    certifiedDigests: new Map(),
    mutedUntilMs: new Array<number>(keys.validators.length).fill(0),
    certifiedWaiters: [],
    certifying: null,
    prunedView: 0,
    deafMs: 0,
  };
}

/** False before start, after stop, and for good after a halt: nothing is said or signed then. */
export function isRunning(shell: Shell): boolean {
  return shell.state === 'running';
}

/** Above what is certified, and not further ahead than peers can honestly be. */
export function isHeightOpen(shell: Shell, height: number): boolean {
  return height > shell.tip.height && height <= shell.finalTip.height + HEIGHTS_AHEAD_MAX;
}

/** Stops by itself, for good: data is kept, nothing is signed or served any more. */
export function halt(shell: Shell, kind: Halt['kind'], height: number, reason: string): void {
  if (shell.halt !== null) return;
  shell.halt = { kind, height, reason };
  shell.state = kind;
  const { telemetry, onHalt } = shell.options;
  telemetry.log('error', `validator ${kind}`, { height, reason });
  telemetry.count(`validator_${kind}_total`, 1);
  for (const waiter of shell.certifiedWaiters.splice(0)) waiter.tell();
  onHalt?.(shell.halt);
}

/** Runs what may fail outside of any caller: its failure is the validator's end. */
export function guard(shell: Shell, running: Promise<unknown>): void {
  running.catch((error: unknown) => {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    halt(shell, 'failed', shell.tip.height, reason);
  });
}

/** Remembers a certified height for those who ask by digest and for the rules of blocks. */
export function rememberCertified(shell: Shell, height: number, digest: Uint8Array): void {
  shell.certifiedKeys.set(toHex(digest), height);
  shell.certifiedDigests.set(height, digest);
  const old = height - CERTIFIED_DIGESTS_KEPT;
  const forgotten = shell.certifiedDigests.get(old);
  if (forgotten === undefined) return;
  shell.certifiedDigests.delete(old);
  shell.certifiedKeys.delete(toHex(forgotten));
}
