import { assert } from '../../schemas/kernel/assert.js';
import { assertTiming, type CoreConfig } from './config.js';
import type {
  Finalization,
  FinalizeVote,
  Notarization,
  NotarizeVote,
  Nullification,
  NullifyVote,
  Proposal,
} from './messages.js';
import type { Output, TimeoutReason } from './output.js';
import { quorumOf } from './quorum.js';
import { ViewSet } from './viewSet.js';

/** Everything known of one view. */
export interface RoundState {
  readonly view: number;
  /** When we entered it; null: never, or before `started`. */
  enteredMs: number | null;
  /** The leader's proposal, replaced by the notarized one if that differs. */
  proposal: Proposal | null;
  /** When we first knew of a proposal; null: none, or from before a restart. */
  proposalSeenMs: number | null;
  verification: 'none' | 'requested' | 'valid' | 'invalid';
  /** The leader signed two proposals: no further notarize or finalize of ours here. */
  equivocated: boolean;
  /** Parent view of the block being built for us to propose; null: none asked for. */
  buildingOn: number | null;
  /** One slot a signer: its first vote of the kind. Invariant: only verified votes. */
  readonly notarizes: (NotarizeVote | null)[];
  readonly nullifies: (NullifyVote | null)[];
  readonly finalizes: (FinalizeVote | null)[];
  notarization: Notarization | null;
  nullification: Nullification | null;
  finalization: Finalization | null;
  /** Invariant: set in the step that outputs castVote, restored from the journal, never cleared. */
  sentNotarize: boolean;
  /** Invariant: not both sentNullify and sentFinalize. */
  sentNullify: boolean;
  sentFinalize: boolean;
  /** `yes` and `no` latch. */
  certification: 'none' | 'requested' | 'yes' | 'no';
  /** When a finalization made the timeouts smaller (R19): they count from here. */
  rearmedMs: number | null;
  /** Timeouts with their growth (R19). */
  leaderTimeoutMs: number;
  certificationTimeoutMs: number;
  /** First reason to give the view up. */
  timeoutReason: TimeoutReason | null;
  /** Next resend of our nullify. */
  retryMs: number | null;
  /** Signers already reported here, a bit each and kind: see evidence.ts. */
  reported: number;
}

/**
 * The core of one validator. Owned by whoever called `createCore`: `step` changes it in place and
 * returns it; nobody else writes to it. Messages kept in it are shared with inputs and outputs and
 * are never changed.
 */
export interface CoreState {
  readonly config: CoreConfig;
  /** q; a field so that a test can break it on purpose. */
  quorum: number;
  started: boolean;
  /** Latest `nowMs`. */
  nowMs: number;
  /** Current view. Invariant: view > lastFinalized.view. */
  view: number;
  lastFinalized: { view: number; payload: Uint8Array };
  /** Certificate of lastFinalized; null while that is genesis. */
  finalization: Finalization | null;
  lastFinalizedMs: number;
  /** Invariant: every key is in (lastFinalized - retentionViews, any view with a certificate]. */
  readonly rounds: Map<number, RoundState>;
  /** Lower bound of the keys of `rounds`. */
  roundsFrom: number;
  /** Views above lastFinalized with a nullification. */
  readonly nullified: ViewSet;
  /** Views above lastFinalized, notarized and certified `yes`. */
  readonly certified: ViewSet;
  /** Since when the application has had work; null: it has none. */
  workSinceMs: number | null;
  /** Per validator: when its last vote came. */
  readonly heardMs: number[];
  /** Missing view to the time when it is asked for again. At most CONSENSUS_FETCH_VIEWS_MAX. */
  readonly fetches: Map<number, { dueMs: number }>;
  standstillMs: number;
  standstillDueMs: number;
  /** What the last certified views took (R19), oldest first. At most CONSENSUS_VIEWS_MEASURED. */
  readonly viewsTookMs: number[];
  /** R17, R19. Their median: what views usually take here. 0 until enough were measured. */
  usualViewMs: number;
  /** Outputs of the step under way. */
  outputs: Output[];
}

/** A core at the floor, before replay and `started`. Throws on a configuration that cannot be. */
export function createCore(config: CoreConfig): CoreState {
  assertTiming(config.timing);
  assert(config.retentionViews > 0, 'retentionViews must be positive');
  assert(config.genesisPayload.length === 32, 'genesisPayload must be 32 bytes');
  if (config.self === null) assert(!config.voting, 'an observer does not vote');
  else assert(config.self >= 0 && config.self < config.validators, 'self is not a validator');
  if (config.floor !== null) {
    assert(config.floor.proposal.epoch === config.epoch, 'floor of another epoch');
  }
  const floor = config.floor?.proposal ?? { view: 0, payload: config.genesisPayload };
  return {
    config,
    quorum: quorumOf(config.validators),
    started: false,
    nowMs: 0,
    view: floor.view + 1,
    lastFinalized: { view: floor.view, payload: floor.payload },
    finalization: config.floor,
    lastFinalizedMs: 0,
    rounds: new Map(),
    roundsFrom: floor.view + 1,
    nullified: new ViewSet(),
    certified: new ViewSet(),
    workSinceMs: null,
    heardMs: new Array<number>(config.validators).fill(0),
    fetches: new Map(),
    standstillMs: config.timing.standstillMs,
    standstillDueMs: 0,
    viewsTookMs: [],
    usualViewMs: 0,
    outputs: [],
  };
}

/** The round of `view`, made when it is not there yet. */
export function roundAt(state: CoreState, view: number): RoundState {
  const known = state.rounds.get(view);
  if (known !== undefined) return known;
  const round = emptyRound(view, state.config.validators);
  state.rounds.set(view, round);
  return round;
}

function emptyRound(view: number, validators: number): RoundState {
  return {
    view,
    enteredMs: null,
    proposal: null,
    proposalSeenMs: null,
    verification: 'none',
    equivocated: false,
    buildingOn: null,
    notarizes: new Array<NotarizeVote | null>(validators).fill(null),
    nullifies: new Array<NullifyVote | null>(validators).fill(null),
    finalizes: new Array<FinalizeVote | null>(validators).fill(null),
    notarization: null,
    nullification: null,
    finalization: null,
    sentNotarize: false,
    sentNullify: false,
    sentFinalize: false,
    certification: 'none',
    rearmedMs: null,
    leaderTimeoutMs: 0,
    certificationTimeoutMs: 0,
    timeoutReason: null,
    retryMs: null,
    reported: 0,
  };
}

/** Whether this validator may sign now: not an observer, not in replay, journal whole. */
export function maySign(state: CoreState): boolean {
  return state.started && state.config.voting;
}

/** Adds an output of this step. Before `started` (replay) nothing leaves the core. */
export function emit(state: CoreState, output: Output): void {
  if (state.started) state.outputs.push(output);
}
