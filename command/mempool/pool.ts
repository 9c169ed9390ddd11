import { assert, present } from '../../schemas/kernel/assert.js';
import type { CommandVerdict } from '../../schemas/types/wire.js';
import type { PreparedCommand, PreparedEnvelope } from './preparedEnvelope.js';

/**
 * The held envelopes and every index over them. No rule of admission and no order of taking is
 * here, only bookkeeping: what is added, ended and removed, and which commands are reachable, that
 * is, have every nonce from the lane's next up to theirs held or executed.
 */
export interface Pool {
  readonly envelopes: Map<string, HeldEnvelope>;
  readonly commands: Map<string, HeldCommand>;
  readonly lanes: Map<string, Lane>;
  readonly accounts: Map<string, AccountCount>;
  /** Signers with a reachable command, in the order of their turns; apart: those who act for a
   * funded account, and those who act for none. */
  readonly fundedTurns: Map<string, SignerQueue>;
  readonly freeTurns: Map<string, SignerQueue>;
  readonly signers: Map<string, SignerQueue>;
  /** Envelopes by the second they expire in. */
  readonly expiries: Map<number, Set<HeldEnvelope>>;
  sizeBytes: number;
  faucetCommands: number;
}

export interface HeldEnvelope {
  readonly prepared: PreparedEnvelope;
  readonly signer: SignerQueue;
  readonly verdicts: readonly CommandVerdict[];
  /** Its admitted commands. */
  readonly held: readonly HeldCommand[];
  /** How many of `held` have not ended. Invariant: above 0 while the envelope is held. */
  open: number;
  /** How many of those are reachable. */
  reachable: number;
}

export interface HeldCommand {
  readonly prepared: PreparedCommand;
  readonly envelope: HeldEnvelope;
  readonly lane: Lane;
  readonly account: AccountCount;
  /** Of an account that did not exist when it was admitted. */
  readonly faucet: boolean;
  reachable: boolean;
  ended: boolean;
}

export interface Lane {
  readonly key: string;
  readonly commands: Map<number, HeldCommand>;
  /** The lane's next nonce in the newest executed state that was reported. */
  next: number;
  /** First nonce at or above `next` that is not held. */
  reach: number;
}

export interface AccountCount {
  readonly key: string;
  own: number;
  session: number;
}

export interface SignerQueue {
  readonly key: string;
  /** Envelopes with a reachable command, in the order in which they became so. */
  readonly ready: Map<string, HeldEnvelope>;
  readonly accounts: Map<string, { commands: number; funded: boolean }>;
  funded: number;
  held: number;
  /** Commands the signer may still add to blocks in its turn. */
  deficit: number;
}

export function createPool(): Pool {
  return {
    envelopes: new Map(),
    commands: new Map(),
    lanes: new Map(),
    accounts: new Map(),
    fundedTurns: new Map(),
    freeTurns: new Map(),
    signers: new Map(),
    expiries: new Map(),
    sizeBytes: 0,
    faucetCommands: 0,
  };
}

/** What admission decided about one command that is to be held. */
export interface CommandToHold {
  readonly prepared: PreparedCommand;
  readonly nextNonce: number;
  readonly faucet: boolean;
  readonly funded: boolean;
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** Adds an envelope whose commands were all decided upon. */
export function holdEnvelope(
  pool: Pool,
  prepared: PreparedEnvelope,
  commands: readonly CommandToHold[],
  verdicts: readonly CommandVerdict[],
): void {
  assert(commands.length > 0, 'an envelope without a command to hold');
  assert(!pool.envelopes.has(prepared.hashKey), 'an envelope held twice');
  const signer = entry(pool.signers, prepared.signerKey, () => newSigner(prepared.signerKey));
  const held: HeldCommand[] = [];
  const envelope: HeldEnvelope = { prepared, signer, verdicts, held, open: 0, reachable: 0 };
  pool.envelopes.set(prepared.hashKey, envelope);
  pool.sizeBytes += prepared.opened.bytes.length;
  signer.held++;
  const second = expirySecond(envelope);
  const expiring = pool.expiries.get(second) ?? new Set();
  pool.expiries.set(second, expiring.add(envelope));
  for (const command of commands) held.push(holdCommand(pool, envelope, command));
}

function newSigner(key: string): SignerQueue {
  return { key, ready: new Map(), accounts: new Map(), funded: 0, held: 0, deficit: 0 };
}

function expirySecond(envelope: HeldEnvelope): number {
  return Math.floor(envelope.prepared.opened.head.expiresAtMs / 1000);
}

function holdCommand(pool: Pool, envelope: HeldEnvelope, toHold: CommandToHold): HeldCommand {
  const { prepared, nextNonce, faucet, funded } = toHold;
  const lane = entry(pool.lanes, prepared.laneKey, () => ({
    key: prepared.laneKey,
    commands: new Map(),
    next: nextNonce,
    reach: nextNonce,
  }));
  const key = prepared.accountKey;
  const account = entry(pool.accounts, key, () => ({ key, own: 0, session: 0 }));
  const marks = { reachable: false, ended: false };
  const held: HeldCommand = { prepared, envelope, lane, account, faucet, ...marks };
  assert(!lane.commands.has(prepared.command.nonce), 'two commands held at one nonce');
  lane.commands.set(prepared.command.nonce, held);
  pool.commands.set(prepared.idKey, held);
  envelope.open++;
  if (prepared.own) account.own++;
  else account.session++;
  if (faucet) pool.faucetCommands++;
  countForSigner(pool, envelope.signer, key, funded);
  advanceLane(pool, lane, nextNonce);
  return held;
}

function countForSigner(pool: Pool, signer: SignerQueue, key: string, funded: boolean): void {
  const count = entry(signer.accounts, key, () => ({ commands: 0, funded: false }));
  count.commands++;
  if (count.funded === funded) return;
  count.funded = funded;
  signer.funded += funded ? 1 : -1;
  placeTurn(pool, signer);
}

/** Moves a lane up to `next`, dropping nothing, and marks what becomes reachable. */
function advanceLane(pool: Pool, lane: Lane, next: number): void {
  lane.next = Math.max(lane.next, next);
  lane.reach = Math.max(lane.reach, lane.next);
  for (;;) {
    const command = lane.commands.get(lane.reach);
    if (command === undefined) return;
    lane.reach++;
    markReachable(pool, command);
  }
}

function markReachable(pool: Pool, command: HeldCommand): void {
  if (command.reachable) return;
  command.reachable = true;
  const { envelope } = command;
  envelope.reachable++;
  if (envelope.reachable > 1) return;
  envelope.signer.ready.set(envelope.prepared.hashKey, envelope);
  placeTurn(pool, envelope.signer);
}

/** Keeps a signer in the one list of turns where it belongs; its place there stays. */
function placeTurn(pool: Pool, signer: SignerQueue): void {
  const waits = signer.ready.size > 0;
  if (!waits) signer.deficit = 0;
  const [home, other] =
    signer.funded > 0 ? [pool.fundedTurns, pool.freeTurns] : [pool.freeTurns, pool.fundedTurns];
  other.delete(signer.key);
  if (!waits) home.delete(signer.key);
  else if (!home.has(signer.key)) home.set(signer.key, signer);
}

/** Ends one command; the envelope leaves with its last one. */
export function endCommand(pool: Pool, command: HeldCommand): void {
  const { prepared, envelope, lane, account, faucet } = command;
  assert(!command.ended, 'a command ended twice');
  command.ended = true;
  envelope.open--;
  pool.commands.delete(prepared.idKey);
  lane.commands.delete(prepared.command.nonce);
  if (lane.commands.size === 0) pool.lanes.delete(lane.key);
  if (prepared.own) account.own--;
  else account.session--;
  if (account.own + account.session === 0) pool.accounts.delete(account.key);
  if (faucet) pool.faucetCommands--;
  uncountForSigner(pool, envelope.signer, prepared.accountKey);
  if (command.reachable) {
    envelope.reachable--;
    if (envelope.reachable === 0) {
      envelope.signer.ready.delete(envelope.prepared.hashKey);
      placeTurn(pool, envelope.signer);
    }
  }
  if (envelope.open === 0) releaseEnvelope(pool, envelope);
}

function uncountForSigner(pool: Pool, signer: SignerQueue, key: string): void {
  const count = present(signer.accounts.get(key), 'count of an account under its signer');
  count.commands--;
  if (count.commands > 0) return;
  signer.accounts.delete(key);
  if (!count.funded) return;
  signer.funded--;
  placeTurn(pool, signer);
}

function releaseEnvelope(pool: Pool, envelope: HeldEnvelope): void {
  const { prepared, signer } = envelope;
  pool.envelopes.delete(prepared.hashKey);
  pool.sizeBytes -= prepared.opened.bytes.length;
  signer.held--;
  if (signer.held === 0) pool.signers.delete(signer.key);
  const second = expirySecond(envelope);
  const expiring = present(pool.expiries.get(second), 'expiry of a held envelope');
  expiring.delete(envelope);
  if (expiring.size === 0) pool.expiries.delete(second);
}

/** A block consumed `nonce` of a lane: what is held at or below it has ended. Returns how many. */
export function consumeNonce(pool: Pool, key: string, nonce: number): number {
  const lane = pool.lanes.get(key);
  if (lane === undefined) return 0;
  const ended = heldUpTo(lane, nonce);
  for (const command of ended) endCommand(pool, command);
  advanceLane(pool, lane, nonce + 1);
  return ended.length;
}

/** Nothing is held below a lane's next nonce, and a block consumes that one as a rule. */
function heldUpTo({ commands, next }: Lane, nonce: number): readonly HeldCommand[] {
  const held = commands.get(nonce);
  if (nonce === next) return held === undefined ? [] : [held];
  return [...commands.values()].filter(({ prepared }) => prepared.command.nonce <= nonce);
}

/**
 * Drops every envelope whose `expiresAtMs` is at or below a block time. Returns how many commands.
 */
export function expireEnvelopes(pool: Pool, timestampMs: number): number {
  let commands = 0;
  for (const [second, expiring] of pool.expiries) {
    if (second * 1000 > timestampMs) continue;
    for (const envelope of [...expiring]) {
      if (envelope.prepared.opened.head.expiresAtMs > timestampMs) continue;
      commands += envelope.open;
      for (const command of envelope.held) if (!command.ended) dropExpired(pool, command);
    }
  }
  return commands;
}

/** An expired command leaves a gap: what was reachable above it is not any more. */
function dropExpired(pool: Pool, command: HeldCommand): void {
  const { lane } = command;
  const { nonce } = command.prepared.command;
  endCommand(pool, command);
  const { reach } = lane;
  if (nonce >= reach) return;
  for (let above = nonce + 1; above < reach; above++) {
    const held = lane.commands.get(above);
    if (held?.reachable) markUnreachable(pool, held);
  }
  lane.reach = nonce;
}

function markUnreachable(pool: Pool, command: HeldCommand): void {
  command.reachable = false;
  const { envelope } = command;
  envelope.reachable--;
  if (envelope.reachable > 0) return;
  envelope.signer.ready.delete(envelope.prepared.hashKey);
  placeTurn(pool, envelope.signer);
}
