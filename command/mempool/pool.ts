import { assert, present } from '../../schemas/kernel/assert.js';
import type { PreparedCommand, PreparedEnvelope } from './preparedEnvelope.js';

/**
 * The held envelopes and every index over them. No rule of admission and no order of taking is
 * here, only bookkeeping: what is added, ended and removed, and which commands are reachable, that
 * is, have every nonce from the lane's next up to theirs held or executed.
 */
export interface Pool {
  readonly envelopes: Map<string, HeldEnvelope>;
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
  /** How many are held; of which claims of accounts that do not exist. */
  commands: number;
  faucetCommands: number;
}

export interface HeldEnvelope {
  readonly prepared: PreparedEnvelope;
  readonly signer: SignerQueue;
  /** What was decided about each of its commands, in order: 0 or a RejectCode. */
  readonly codes: readonly number[];
  /** Its admitted commands. */
  readonly held: HeldCommand[];
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
  readonly share: SignerShare;
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
  /** Of an account's own key, and the account is there: such a lane is for ever. */
  readonly isOwn: boolean;
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
  readonly accounts: Map<string, SignerShare>;
  funded: number;
  held: number;
  /** Commands the signer may still add to blocks in its turn. */
  deficit: number;
}

/** What a signer holds for one account. */
export interface SignerShare {
  commands: number;
  funded: boolean;
}

export function createPool(): Pool {
  return {
    envelopes: new Map(),
    lanes: new Map(),
    accounts: new Map(),
    fundedTurns: new Map(),
    freeTurns: new Map(),
    signers: new Map(),
    expiries: new Map(),
    sizeBytes: 0,
    commands: 0,
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

/** Adds an envelope whose commands were all decided upon. */
export function holdEnvelope(
  pool: Pool,
  prepared: PreparedEnvelope,
  commands: readonly CommandToHold[],
  codes: readonly number[],
): void {
  assert(commands.length > 0, 'an envelope without a command to hold');
  assert(!pool.envelopes.has(prepared.hashKey), 'an envelope held twice');
  const signer = signerOf(pool, prepared.signerKey);
  const held = new Array<HeldCommand>(commands.length);
  const envelope: HeldEnvelope = { prepared, signer, codes, held, open: 0, reachable: 0 };
  pool.envelopes.set(prepared.hashKey, envelope);
  pool.sizeBytes += prepared.opened.bytes.length;
  signer.held++;
  const second = expirySecond(envelope);
  const expiring = pool.expiries.get(second);
  if (expiring === undefined) pool.expiries.set(second, new Set([envelope]));
  else expiring.add(envelope);
  for (let index = 0; index < commands.length; index++) {
    // The one before is of the same lane and account as a rule.
    const before = index === 0 ? null : held[index - 1]!;
    held[index] = holdCommand(pool, envelope, commands[index]!, before);
  }
}

function expirySecond(envelope: HeldEnvelope): number {
  return Math.floor(envelope.prepared.opened.head.expiresAtMs / 1000);
}

function holdCommand(
  pool: Pool,
  envelope: HeldEnvelope,
  toHold: CommandToHold,
  before: HeldCommand | null,
): HeldCommand {
  const { prepared, nextNonce, faucet, funded } = toHold;
  const { command, own } = prepared;
  const isSame = before !== null && before.lane.key === prepared.laneKey;
  const lane = isSame ? before.lane : laneOf(pool, toHold);
  const account = isSame ? before.account : accountOf(pool, prepared.accountKey);
  const share = isSame ? before.share : shareOf(envelope.signer, prepared.accountKey);
  assert(!lane.commands.has(command.nonce), 'two commands held at one nonce');
  const added: HeldCommand = {
    prepared,
    envelope,
    lane,
    account,
    share,
    faucet,
    reachable: false,
    ended: false,
  };
  lane.commands.set(command.nonce, added);
  pool.commands++;
  envelope.open++;
  if (own) account.own++;
  else account.session++;
  if (faucet) pool.faucetCommands++;
  share.commands++;
  if (share.funded !== funded) {
    share.funded = funded;
    envelope.signer.funded += funded ? 1 : -1;
    placeTurn(pool, envelope.signer);
  }
  advanceLane(pool, lane, nextNonce);
  return added;
}

function signerOf(pool: Pool, key: string): SignerQueue {
  const known = pool.signers.get(key);
  if (known !== undefined) return known;
  const signer = { key, ready: new Map(), accounts: new Map(), funded: 0, held: 0, deficit: 0 };
  pool.signers.set(key, signer);
  return signer;
}

function laneOf(pool: Pool, { prepared, nextNonce, faucet }: CommandToHold): Lane {
  const { laneKey: key, own } = prepared;
  const known = pool.lanes.get(key);
  if (known !== undefined) return known;
  const isOwn = own && !faucet;
  const lane: Lane = { key, commands: new Map(), next: nextNonce, reach: nextNonce, isOwn };
  pool.lanes.set(key, lane);
  return lane;
}

function accountOf(pool: Pool, key: string): AccountCount {
  const known = pool.accounts.get(key);
  if (known !== undefined) return known;
  const account = { key, own: 0, session: 0 };
  pool.accounts.set(key, account);
  return account;
}

function shareOf({ accounts }: SignerQueue, key: string): SignerShare {
  const known = accounts.get(key);
  if (known !== undefined) return known;
  const share = { commands: 0, funded: false };
  accounts.set(key, share);
  return share;
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
  const home = signer.funded > 0 ? pool.fundedTurns : pool.freeTurns;
  const other = signer.funded > 0 ? pool.freeTurns : pool.fundedTurns;
  other.delete(signer.key);
  if (!waits) home.delete(signer.key);
  else if (!home.has(signer.key)) home.set(signer.key, signer);
}

/** Ends one command; the envelope leaves with its last one. */
export function endCommand(pool: Pool, command: HeldCommand): void {
  const { prepared, envelope, lane, account, share, faucet } = command;
  assert(!command.ended, 'a command ended twice');
  command.ended = true;
  envelope.open--;
  pool.commands--;
  lane.commands.delete(prepared.command.nonce);
  if (lane.commands.size === 0) pool.lanes.delete(lane.key);
  if (prepared.own) account.own--;
  else account.session--;
  if (account.own + account.session === 0) pool.accounts.delete(account.key);
  if (faucet) pool.faucetCommands--;
  share.commands--;
  if (share.commands === 0) dropShare(pool, envelope.signer, prepared.accountKey, share);
  if (command.reachable) {
    envelope.reachable--;
    if (envelope.reachable === 0) {
      envelope.signer.ready.delete(envelope.prepared.hashKey);
      placeTurn(pool, envelope.signer);
    }
  }
  if (envelope.open === 0) releaseEnvelope(pool, envelope);
}

function dropShare(pool: Pool, signer: SignerQueue, key: string, share: SignerShare): void {
  signer.accounts.delete(key);
  if (!share.funded) return;
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

/** A block consumed `nonce` of a lane: what is held at or below it has ended. */
export function consumeNonce(pool: Pool, key: string, nonce: number): void {
  const lane = pool.lanes.get(key);
  if (lane === undefined) return;
  // Nothing is held below a lane's next nonce, and a block consumes that one as a rule.
  if (nonce === lane.next) {
    const held = lane.commands.get(nonce);
    if (held !== undefined) endCommand(pool, held);
  } else {
    for (const held of [...lane.commands.values()]) {
      if (held.prepared.command.nonce <= nonce) endCommand(pool, held);
    }
  }
  advanceLane(pool, lane, nonce + 1);
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
