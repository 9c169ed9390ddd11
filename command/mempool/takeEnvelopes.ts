import { MAX_ENVELOPE_COMMANDS, MEMPOOL_TURN_COMMANDS } from '../../schemas/limits.js';
import type { AdmissionView } from '../ports.js';
import type { MempoolConfig } from './mempoolConfig.js';
import type { HeldEnvelope, Lane, Pool, SignerQueue } from './pool.js';
import type { PreparedCommand, PreparedEnvelope } from './preparedEnvelope.js';
import type { OpenedItems } from './verifiedEnvelopes.js';

/** What a leader may put into a block. */
export interface TakeOptions {
  /** Time of the block that is built. */
  readonly timestampMs: number;
  /** Sum of the envelopes' bytes. */
  readonly maxBytes: number;
  readonly maxCommands: number;
}

/** Where envelopes come from. `unexecuted`: of each ancestor above the view, lowest first. */
export interface TakeSources {
  readonly pool: Pool;
  readonly config: MempoolConfig;
  readonly view: AdmissionView;
  readonly unexecuted: readonly OpenedItems[];
}

interface Taking extends TakeSources, TakeOptions {
  /** Next nonces where unexecuted ancestors or this block change them. */
  readonly nextNonces: Map<string, number>;
  readonly taken: HeldEnvelope[];
  sizeBytes: number;
  commands: number;
  faucetClaims: number;
}

/** A signer's place in this block. */
interface Turn {
  readonly signer: SignerQueue;
  readonly weight: number;
  readonly candidates: Iterator<HeldEnvelope>;
  candidate: HeldEnvelope | null;
}

/**
 * Envelopes for a block, fair among signers: turns go round, and a turn is worth
 * MEMPOOL_TURN_COMMANDS commands for each distinct funded account the signer acts for (deficit
 * round robin). Signers without a funded account share one turn of one account a round. Only
 * envelopes with a command that executes next are taken; `unexecuted` are those of ancestors whose
 * execution the view does not show yet, in order. Removes nothing from the pool.
 */
export function takeEnvelopes(options: TakeSources & TakeOptions): PreparedEnvelope[] {
  const taking = startTaking(options);
  goRound(taking);
  moveServedBack(taking);
  return taking.taken.map(({ prepared }) => prepared);
}

/** Whether `takeEnvelopes` with room for anything would find something. Changes nothing. */
export function hasTakeable(options: TakeSources & { readonly timestampMs: number }): boolean {
  const unbounded = { maxBytes: Number.MAX_SAFE_INTEGER, maxCommands: Number.MAX_SAFE_INTEGER };
  const taking = startTaking({ ...options, ...unbounded });
  const { fundedTurns, freeTurns } = options.pool;
  return holdsTakeable(taking, fundedTurns) || holdsTakeable(taking, freeTurns);
}

function holdsTakeable(taking: Taking, turns: ReadonlyMap<string, SignerQueue>): boolean {
  for (const { ready } of turns.values()) {
    for (const held of ready.values()) {
      if (isInTime(taking, held) && hasExecutable(taking, held)) return true;
    }
  }
  return false;
}

function startTaking(options: TakeSources & TakeOptions): Taking {
  return {
    pool: options.pool,
    config: options.config,
    view: options.view,
    unexecuted: options.unexecuted,
    timestampMs: options.timestampMs,
    maxBytes: options.maxBytes,
    maxCommands: options.maxCommands,
    nextNonces: new Map(),
    taken: [],
    sizeBytes: 0,
    commands: 0,
    faucetClaims: 0,
  };
}

/** The lane's next nonce after ancestors and what this block holds so far; null: may not act. */
function nextNonce(taking: Taking, envelope: PreparedEnvelope, command: PreparedCommand) {
  const known = taking.nextNonces.get(command.laneKey);
  if (known !== undefined) return known;
  const { view, unexecuted, pool } = taking;
  const lane = pool.lanes.get(command.laneKey);
  // The pool has heard of all that was executed: it knows what the view would say.
  if (lane?.isOwn) return nextOwnNonce(taking, lane);
  const { account, authorization } = command.command;
  let next = view.laneOf(account, envelope.opened.head.signer, authorization)?.nextNonce ?? null;
  const mayOpen = next === null && !view.accountExists(account);
  for (const { lanes } of unexecuted) {
    for (const before of lanes.get(command.laneKey) ?? []) {
      const expected = next ?? (mayOpen && opensLane(before) ? 0 : null);
      if (before.command.nonce === expected) next = expected + 1;
    }
  }
  if (next === null) return mayOpen && opensLane(command) ? 0 : null;
  taking.nextNonces.set(command.laneKey, next);
  return next;
}

function nextOwnNonce({ unexecuted, nextNonces }: Taking, { key, next: from }: Lane): number {
  let next = from;
  for (const { lanes } of unexecuted) {
    const before = lanes.get(key);
    if (before === undefined) continue;
    for (const { command } of before) if (command.nonce === next) next++;
  }
  nextNonces.set(key, next);
  return next;
}

/** A claim for the own account creates it, and with it its first lane. */
function opensLane({ own, command }: PreparedCommand): boolean {
  return own && command.instruction.kind === 'ClaimFaucet';
}

/** Notes what the engine will consume of an envelope that is in the block. */
function passOver(taking: Taking, envelope: PreparedEnvelope): number {
  let claims = 0;
  for (const command of envelope.commands) {
    const { nonce, instruction } = command.command;
    if (nextNonce(taking, envelope, command) !== nonce) continue;
    taking.nextNonces.set(command.laneKey, nonce + 1);
    if (instruction.kind === 'ClaimFaucet') claims++;
  }
  return claims;
}

function hasExecutable(taking: Taking, { prepared }: HeldEnvelope): boolean {
  const { faucetClaims, config } = taking;
  const claimsLeft = faucetClaims < config.faucetClaimsPerBlockMax;
  for (const command of prepared.commands) {
    const { nonce, instruction } = command.command;
    if (instruction.kind === 'ClaimFaucet' && !claimsLeft) continue;
    if (nextNonce(taking, prepared, command) === nonce) return true;
  }
  return false;
}

function isInTime({ timestampMs, config }: Taking, { prepared }: HeldEnvelope): boolean {
  const { expiresAtMs } = prepared.opened.head;
  return expiresAtMs > timestampMs && expiresAtMs <= timestampMs + config.maxCommandLifetimeMs;
}

function nextCandidate(taking: Taking, turn: Turn): HeldEnvelope | null {
  if (turn.candidate !== null && hasExecutable(taking, turn.candidate)) return turn.candidate;
  turn.candidate = null;
  for (;;) {
    const next = turn.candidates.next();
    if (next.done) return null;
    if (!isInTime(taking, next.value) || !hasExecutable(taking, next.value)) continue;
    turn.candidate = next.value;
    return next.value;
  }
}

function newTurn(signer: SignerQueue): Turn {
  const weight = Math.max(1, signer.funded);
  return { signer, weight, candidates: signer.ready.values(), candidate: null };
}

function isFull({ commands, maxCommands, sizeBytes, maxBytes }: Taking): boolean {
  return commands >= maxCommands || sizeBytes >= maxBytes;
}

/** Rounds over all signers until the block is full or nothing is left. */
function goRound(taking: Taking): void {
  const { pool } = taking;
  const free = turnsOf(pool.freeTurns);
  let funded: Iterable<Turn> = turnsOf(pool.fundedTurns);
  const freeAgain: Turn[] = [];
  for (;;) {
    const again: Turn[] = [];
    for (const turn of funded) {
      if (isFull(taking)) return;
      if (takeTurn(taking, turn)) again.push(turn);
    }
    const turn = nextFreeTurn(free, freeAgain);
    if (isFull(taking) || (again.length === 0 && turn === null)) return;
    if (turn !== null && takeTurn(taking, turn)) freeAgain.push(turn);
    funded = again;
  }
}

/** Turns are made only when reached: a pool may hold far more signers than a block has room for. */
function* turnsOf(turns: ReadonlyMap<string, SignerQueue>): Generator<Turn, undefined> {
  for (const signer of turns.values()) yield newTurn(signer);
}

function nextFreeTurn(fresh: Generator<Turn, undefined>, again: Turn[]): Turn | null {
  const next = fresh.next();
  return next.value ?? again.shift() ?? null;
}

/** One turn; whether the signer may have more for this block. */
function takeTurn(taking: Taking, turn: Turn): boolean {
  const { signer } = turn;
  let candidate = nextCandidate(taking, turn);
  if (candidate === null) return false;
  const quantum = turn.weight * MEMPOOL_TURN_COMMANDS;
  // Saved-up turns are bounded: enough for the largest envelope, no more.
  signer.deficit = Math.min(signer.deficit + quantum, quantum + MAX_ENVELOPE_COMMANDS);
  while (candidate !== null) {
    const commands = candidate.prepared.commands.length;
    const sizeBytes = candidate.prepared.opened.bytes.length;
    if (commands > signer.deficit) return true;
    const isTooLarge =
      taking.commands + commands > taking.maxCommands ||
      taking.sizeBytes + sizeBytes > taking.maxBytes;
    if (isTooLarge) return false;
    signer.deficit -= commands;
    taking.commands += commands;
    taking.sizeBytes += sizeBytes;
    taking.taken.push(candidate);
    taking.faucetClaims += passOver(taking, candidate.prepared);
    turn.candidate = null;
    candidate = nextCandidate(taking, turn);
  }
  signer.deficit = 0;
  return false;
}

/** Who was served waits behind who was not. */
function moveServedBack({ pool, taken }: Taking): void {
  for (const signer of new Set(taken.map((envelope) => envelope.signer))) {
    for (const turns of [pool.fundedTurns, pool.freeTurns]) {
      if (turns.delete(signer.key)) turns.set(signer.key, signer);
    }
  }
}
