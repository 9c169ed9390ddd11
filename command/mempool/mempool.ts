import { byteKey } from '../../schemas/kernel/byteKey.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { RecentSet } from '../../schemas/kernel/recentSet.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { CommandVerdict } from '../../schemas/types/wire.js';
import type { CommandReceipt } from '../ports.js';
import { decideCommands } from './decideCommands.js';
import { laneKeyOf } from './laneKey.js';
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
   * id, when the bytes do not open. None for `verify`: what `insert` says counts. */
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
  /**
   * After a height: its receipts, then everything that its block time ends. `laneKeys`: of the
   * receipts in order (PreparedCommand), where the caller has them.
   */
  executed(
    receipts: readonly CommandReceipt[],
    timestampMs: number,
    laneKeys?: readonly string[],
  ): void;
  holds(hash: Uint8Array): boolean;
  /** Bytes of everything held, oldest first. */
  heldEnvelopes(): readonly Uint8Array[];
  readonly sizes: MempoolSizes;
}

interface MempoolState {
  readonly config: MempoolConfig;
  readonly pool: Pool;
  readonly rates: ReturnType<typeof createSignerRates>;
  /** Ids of commands that ended in a block; bounded. */
  readonly ended: RecentSet<string>;
  readonly isEnded: (commandId: Uint8Array) => boolean;
  readonly envelopes: VerifiedEnvelopes;
}

export function createMempool(config: MempoolConfig, envelopes: VerifiedEnvelopes): Mempool {
  const { signerRate, signerBurst, endedKept } = config.limits;
  const rates = createSignerRates(signerRate, signerBurst);
  const pool = createPool();
  const ended = new RecentSet<string>(endedKept);
  const isEnded = (commandId: Uint8Array) => ended.has(byteKey(commandId));
  const state: MempoolState = { config, pool, rates, ended, isEnded, envelopes };
  return {
    check: (bytes, nowMs) => checkBytes(state, bytes, nowMs),
    insert: (envelope, nowMs) => decide(state, envelope, nowMs, true),
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
    executed: (receipts, timestampMs, laneKeys) =>
      endExecuted(state, receipts, timestampMs, laneKeys),
    holds: (hash) => pool.envelopes.has(byteKey(hash)),
    heldEnvelopes: () =>
      Array.from(pool.envelopes.values(), ({ prepared }) => prepared.opened.bytes),
    get sizes() {
      return {
        envelopes: pool.envelopes.size,
        commands: pool.commands,
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
  return decide(state, opened.envelope, nowMs, false);
}

/**
 * The answer to an envelope as things stand. What in it would be held is held if `isToHold`;
 * else it is enough to know that there is something.
 */
function decide(
  state: MempoolState,
  envelope: PreparedEnvelope,
  nowMs: number,
  isToHold: boolean,
): MempoolAnswer {
  const { pool, config, isEnded, rates } = state;
  const held = pool.envelopes.get(envelope.hashKey);
  if (held !== undefined) return answer('known', envelope, held.codes);
  const view = config.view();
  const blockTimeMs = Math.max(nowMs, view.timestampMs);
  const whole = envelopeCode(state, envelope, blockTimeMs, nowMs);
  if (whole !== null) {
    const codes = envelope.commands.map(({ id }) => (isEnded(id) ? 0 : whole));
    return answer(codes.includes(0) ? 'known' : 'refused', envelope, codes);
  }
  const isOneEnough = !isToHold;
  const sources = { pool, config, view, envelope, blockTimeMs, isEnded, isOneEnough };
  const { codes, toHold } = decideCommands(sources);
  if (toHold.length === 0) {
    return answer(codes.includes(0) ? 'known' : 'refused', envelope, codes);
  }
  if (!isToHold) return answer('verify', envelope, []);
  holdEnvelope(pool, envelope, toHold, codes);
  rates.charge(envelope.signerKey, envelope.commands.length, nowMs);
  return answer('held', envelope, codes);
}

/** `codes`: one a command in order, or none. */
function answer(
  kind: MempoolAnswer['kind'],
  envelope: PreparedEnvelope,
  codes: readonly number[],
): MempoolAnswer {
  const verdicts = codes.map(
    (code, index): CommandVerdict => ({ commandId: envelope.commands[index]!.id, code }),
  );
  return { kind, hash: envelope.opened.hash, verdicts, envelope };
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
  receipts: readonly CommandReceipt[],
  timestampMs: number,
  laneKeys: readonly string[] | undefined,
): void {
  for (let index = 0; index < receipts.length; index++) {
    const receipt = receipts[index]!;
    if (receipt.outcome === 'ignored') continue;
    ended.add(byteKey(receipt.commandId));
    consumeNonce(pool, laneKeys?.[index] ?? laneKeyOf(receipt), receipt.nonce);
  }
  expireEnvelopes(pool, timestampMs);
}
