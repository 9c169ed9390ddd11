import { byteKey } from '../../schemas/kernel/byteKey.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { RecentMap } from '../../schemas/kernel/recentMap.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { CommandVerdict } from '../../schemas/types/wire.js';
import type { CommandReceipt } from '../ports.js';
import { decideCommands } from './decideCommands.js';
import { laneKey } from './laneKey.js';
import type { MempoolConfig } from './mempoolConfig.js';
import { consumeNonce, createPool, expireEnvelopes, holdEnvelope, type Pool } from './pool.js';
import type { PreparedEnvelope } from './preparedEnvelope.js';
import { createSignerRates } from './signerRates.js';
import { hasTakeable, type TakeSources, takeEnvelopes } from './takeEnvelopes.js';
import type { VerifiedEnvelopes } from './verifiedEnvelopes.js';

/** What became of an envelope, command by command; code 0 is held, or executed already. */
export interface MempoolAnswer {
  /** `verify`: worth a signature check, then `insert`. `known`: nothing new in it. `held`: it is in
   * the pool now. */
  readonly kind: 'refused' | 'known' | 'verify' | 'held';
  readonly hash: Uint8Array;
  /** One a command in order; one for the whole, with the envelope's hash in place of a command's
   * id, when the bytes do not open. */
  readonly verdicts: readonly CommandVerdict[];
  /** Null when the bytes do not open. */
  readonly envelope: PreparedEnvelope | null;
}

/** Numbers for metrics. */
export interface MempoolSizes {
  readonly envelopes: number;
  readonly commands: number;
  readonly sizeBytes: number;
  readonly faucetCommands: number;
  readonly signers: number;
  /** Signers with a command that has every earlier nonce held or executed. */
  readonly readySigners: number;
}

/**
 * A bounded, fair pool of envelopes. Synchronous and pure: time comes in, signatures are checked
 * outside between `check` and `insert`. An envelope that was held leaves only when each of its held
 * commands was executed, refused in a block, superseded at its nonce, or expired.
 */
export interface Mempool {
  /** The cheap checks. `nowMs` estimates block time. Changes nothing; total. */
  check(bytes: Uint8Array, nowMs: number): MempoolAnswer;
  /** Adds an envelope whose signature was verified; decides again, as others came in between. */
  insert(envelope: PreparedEnvelope, nowMs: number): MempoolAnswer;
  /**
   * Whole envelopes for a block, within the bounds, fair among signers, each with a command that
   * executes next. `unexecuted`: items of each ancestor above the view's height, lowest first.
   */
  take(options: {
    readonly timestampMs: number;
    readonly maxBytes: number;
    readonly maxCommands: number;
    readonly unexecuted: readonly (readonly Uint8Array[])[];
  }): readonly Uint8Array[];
  /** Whether `take` would find anything for a block of that time. */
  hasExecutable(timestampMs: number, unexecuted?: readonly (readonly Uint8Array[])[]): boolean;
  /** After a height: its receipts, then everything that its block time ends. */
  executed(receipts: Iterable<CommandReceipt>, timestampMs: number): void;
  holds(hash: Uint8Array): boolean;
  /** Bytes of everything held, oldest first. */
  heldEnvelopes(): readonly Uint8Array[];
  readonly sizes: MempoolSizes;
}

interface MempoolState {
  readonly config: MempoolConfig;
  readonly pool: Pool;
  readonly rates: ReturnType<typeof createSignerRates>;
  /** Ids of commands that ended in a block, oldest first; bounded. */
  readonly ended: RecentMap<string, true>;
  readonly envelopes: VerifiedEnvelopes;
}

export function createMempool(config: MempoolConfig, envelopes: VerifiedEnvelopes): Mempool {
  const { signerRate, signerBurst, endedKept } = config.limits;
  const rates = createSignerRates(signerRate, signerBurst);
  const pool = createPool();
  const ended = new RecentMap<string, true>(endedKept);
  const state: MempoolState = { config, pool, rates, ended, envelopes };
  return {
    check: (bytes, nowMs) => checkBytes(state, bytes, nowMs),
    insert: (envelope, nowMs) => insertEnvelope(state, envelope, nowMs),
    take({ unexecuted, ...bounds }) {
      const taken = takeEnvelopes({ ...takeSources(state, unexecuted), ...bounds });
      const items = taken.map(({ opened }) => opened.bytes);
      envelopes.note(items, taken);
      return items;
    },
    hasExecutable(timestampMs, unexecuted = []) {
      if (pool.fundedTurns.size + pool.freeTurns.size === 0) return false;
      return hasTakeable({ ...takeSources(state, unexecuted), timestampMs });
    },
    executed: (receipts, timestampMs) => endExecuted(state, receipts, timestampMs),
    holds: (hash) => pool.envelopes.has(byteKey(hash)),
    heldEnvelopes: () =>
      Array.from(pool.envelopes.values(), ({ prepared }) => prepared.opened.bytes),
    get sizes() {
      return {
        envelopes: pool.envelopes.size,
        commands: pool.commands.size,
        sizeBytes: pool.sizeBytes,
        faucetCommands: pool.faucetCommands,
        signers: pool.signers.size,
        readySigners: pool.fundedTurns.size + pool.freeTurns.size,
      };
    },
  };
}

function takeSources(
  { pool, config, envelopes }: MempoolState,
  unexecuted: readonly (readonly Uint8Array[])[],
): TakeSources {
  const opened = unexecuted.map((items) => envelopes.openItems(items));
  return { pool, config, view: config.view(), unexecuted: opened };
}

function checkBytes(state: MempoolState, bytes: Uint8Array, nowMs: number): MempoolAnswer {
  const opened = state.envelopes.open(bytes);
  if (!opened.ok) {
    const { hash, code } = opened;
    return { kind: 'refused', hash, verdicts: [{ commandId: hash, code }], envelope: null };
  }
  return decide(state, opened.envelope, nowMs).answer;
}

function insertEnvelope(
  state: MempoolState,
  prepared: PreparedEnvelope,
  nowMs: number,
): MempoolAnswer {
  const { answer, toHold } = decide(state, prepared, nowMs);
  if (answer.kind !== 'verify') return answer;
  holdEnvelope(state.pool, prepared, toHold, answer.verdicts);
  state.rates.charge(prepared.signerKey, prepared.commands.length, nowMs);
  return { ...answer, kind: 'held' };
}

/** The answer to an envelope as things stand; `verify` when something in it would be held. */
function decide(state: MempoolState, prepared: PreparedEnvelope, nowMs: number) {
  const { pool, config, ended } = state;
  const { hash } = prepared.opened;
  const envelope = prepared;
  const answer = (kind: MempoolAnswer['kind'], verdicts: readonly CommandVerdict[]) => ({
    kind,
    hash,
    verdicts,
    envelope,
  });
  const held = pool.envelopes.get(prepared.hashKey);
  if (held !== undefined) return { answer: answer('known', held.verdicts), toHold: [] };
  const view = config.view();
  const blockTimeMs = Math.max(nowMs, view.timestampMs);
  const whole = envelopeCode(state, prepared, blockTimeMs, nowMs);
  if (whole !== null) {
    const codes = prepared.commands.map(({ idKey }) => (ended.has(idKey) ? 0 : whole));
    const kind = codes.includes(0) ? 'known' : 'refused';
    return { answer: answer(kind, verdictsOf(prepared, codes)), toHold: [] };
  }
  const isEnded = (idKey: string) => ended.has(idKey);
  const decided = decideCommands({ pool, config, view, envelope: prepared, blockTimeMs, isEnded });
  const verdicts = verdictsOf(prepared, decided.codes);
  const { toHold } = decided;
  if (toHold.length > 0) return { answer: answer('verify', verdicts), toHold };
  return { answer: answer(decided.codes.includes(0) ? 'known' : 'refused', verdicts), toHold };
}

function verdictsOf(prepared: PreparedEnvelope, codes: readonly number[]): CommandVerdict[] {
  return prepared.commands.map(({ id }, index) => ({ commandId: id, code: codes[index]! }));
}

/** What refuses every command of an envelope alike. */
function envelopeCode(
  { config, rates }: MempoolState,
  { opened, signerKey }: PreparedEnvelope,
  blockTimeMs: number,
  nowMs: number,
): RejectCode | null {
  const { chainId, shard, expiresAtMs } = opened.head;
  if (!equalBytes(chainId, config.chainId)) return RejectCode.wrongChain;
  if (shard !== config.shard) return RejectCode.wrongShard;
  if (expiresAtMs <= blockTimeMs) return RejectCode.expired;
  if (expiresAtMs > blockTimeMs + config.maxCommandLifetimeMs) return RejectCode.expiresTooLate;
  return rates.mayAdd(signerKey, nowMs) ? null : RejectCode.rateLimited;
}

function endExecuted(
  { pool, ended }: MempoolState,
  receipts: Iterable<CommandReceipt>,
  timestampMs: number,
): void {
  for (const receipt of receipts) {
    if (receipt.outcome === 'ignored') continue;
    const { account, signer, authorization, nonce } = receipt;
    const idKey = byteKey(receipt.commandId);
    ended.set(idKey, true);
    const held = pool.commands.get(idKey);
    const key = held?.lane.key ?? laneKey(byteKey(account), byteKey(signer), authorization);
    consumeNonce(pool, key, nonce);
  }
  expireEnvelopes(pool, timestampMs);
}
