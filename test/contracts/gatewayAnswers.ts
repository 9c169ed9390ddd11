import { beforeAll, describe, expect, it } from 'vitest';
import type { Trust } from '../../command/client/verifyEvents.js';
import { verifyExpired, verifyRefused } from '../../command/client/verifyOutcome.js';
import { CloseCode, type ServerMessage } from '../../schemas/gateway/protocol.js';
import { retryAdvice } from '../../schemas/gateway/retryAdvice.js';
import {
  GATEWAY_COMMANDS_BURST,
  GATEWAY_OPEN_PER_SESSION_MAX,
  MAX_ENVELOPE_BYTES,
  MAX_ENVELOPE_COMMANDS_PER_ACCOUNT,
} from '../../schemas/limits.js';
import { RejectCode, type RejectName } from '../../schemas/rejectCode.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import {
  authMessage,
  type EnvelopeChange,
  end,
  enter,
  type GatewayWorld,
  greet,
  newPlayer,
  ownLane,
  play,
  type RawSession,
  say,
  seal,
} from './rawClient.js';

const CLAIM: CommandInstruction = { kind: 'ClaimFaucet', asset: 0 };
const START: CommandInstruction = { kind: 'StartHiLo', asset: 0, stake: 10n };
const envelope = (hex: string) => ({ type: 'submit', ref: 'a', envelope: hex });

/** Frames that say nothing usable, by any session. */
const MALFORMED: readonly [string, string, RejectName][] = [
  ['not JSON', '{', 'undecodable'],
  ['no object', '[]', 'undecodable'],
  ['null', 'null', 'undecodable'],
  ['a number', '7', 'undecodable'],
  ['no type', '{}', 'unknownMessage'],
  ['unknown type', '{"type":"fold"}', 'unknownMessage'],
  ['a type of every object', '{"type":"constructor"}', 'unknownMessage'],
  ['a type that is no text', '{"type":{"submit":1}}', 'unknownMessage'],
  ['submit without ref', '{"type":"submit","envelope":"00"}', 'badParameter'],
  ['submit of no hex', '{"type":"submit","ref":"a","envelope":"0g"}', 'badParameter'],
  ['submit of half a byte', '{"type":"submit","ref":"a","envelope":"000"}', 'badParameter'],
  ['unknown channel', '{"type":"subscribe","channel":"all"}', 'badParameter'],
  ['ping without time', '{"type":"ping"}', 'badParameter'],
  ['ping before 1970', '{"type":"ping","at":-1}', 'badParameter'],
];

/** Envelopes that the gateway refuses itself. */
const REFUSED: readonly [RejectName, (world: GatewayWorld, lane: RawSession['lane']) => string][] =
  [
    ['oversized', () => '00'.repeat(MAX_ENVELOPE_BYTES + 1)],
    ['undecodable', () => '00'],
    ['wrongChain', (world, lane) => changed(world, lane, { chainId: new Uint8Array(32) })],
    ['wrongShard', (world, lane) => changed(world, lane, { shard: 1 })],
    ['badSignature', (world, lane) => changed(world, lane, { breakSignature: true })],
    [
      'expiresTooLate',
      (world, lane) => changed(world, lane, { lifetimeMs: world.maxCommandLifetimeMs + 60_000 }),
    ],
  ];

function changed(world: GatewayWorld, lane: RawSession['lane'], change: EnvelopeChange): string {
  return seal(world, lane, 1, START, change).hex;
}

/** The session still answers, and nothing else has been said. */
async function isUsable(session: RawSession): Promise<void> {
  say(session, { type: 'ping', at: 77 });
  expect(await end(session, ['block', 'account'])).toMatchObject({ type: 'pong', at: 77 });
}

function expectCode(message: ServerMessage, type: ServerMessage['type'], name: RejectName): void {
  const code = RejectCode[name];
  expect(message).toMatchObject({ type, code, name, retry: retryAdvice(code) });
}

/** The account's leaf as a quorum certifies it now. */
async function leafOf(world: GatewayWorld, { lane }: RawSession): Promise<string | null> {
  const { welcome, connection } = await enter(world, lane);
  connection.close();
  return welcome.laneValue;
}

/**
 * The table of bad inputs in command/gateway/README.md, row by row: each answer has exactly its
 * code and advice, nothing else is said, nothing changes, and the session stays usable unless the
 * row says that it is closed.
 */
export function describeGatewayAnswers(
  title: string,
  world: () => GatewayWorld,
  trust: () => Trust,
): void {
  beforeAll(async () => {
    // The chain has its first height.
    const { connection } = await enter(world(), ownLane(world().newSigner()));
    connection.close();
  });

  describe(`${title}: frames`, () => {
    it.each(MALFORMED)('%s', async (_, frame, name) => {
      const unproven = await greet(world(), ownLane(world().newSigner()));
      unproven.connection.send(frame);
      expectCode(await unproven.connection.next(), 'error', name);
      await isUsable(unproven);
      say(unproven, authMessage(unproven));
      expect(await unproven.connection.next()).toMatchObject({ type: 'welcome', nextNonce: 0 });
      unproven.connection.send(frame);
      expectCode(await unproven.connection.next(), 'error', name);
      await isUsable(unproven);
      unproven.connection.close();
    });

    it('auth with a field that is not of its form', async () => {
      const session = await greet(world(), ownLane(world().newSigner()));
      const good = authMessage(session);
      for (const wrong of [
        { account: 'xyz' },
        { signer: '00' },
        { authorization: 0.5 },
        { authorization: '0' },
        { signature: null },
      ]) {
        say(session, { ...good, ...wrong });
        expectCode(await session.connection.next(), 'error', 'badParameter');
      }
      await isUsable(session);
      session.connection.close();
    });

    it('anything before auth', async () => {
      const session = await greet(world(), ownLane(world().newSigner()));
      for (const message of [envelope('00'), { type: 'subscribe', channel: 'blocks' }]) {
        say(session, message);
        expectCode(await session.connection.next(), 'error', 'notAuthenticated');
      }
      await isUsable(session);
      session.connection.close();
    });

    it('too much before auth', async () => {
      const session = await greet(world(), ownLane(world().newSigner()));
      session.connection.send(`{"type":"ping","at":1${' '.repeat(4_096)}}`);
      expect(await session.connection.closed()).toBe(CloseCode.protocolError);
    });

    it('session signature of another challenge', async () => {
      const lane = ownLane(world().newSigner());
      const other = await greet(world(), lane);
      const session = await greet(world(), lane);
      say(session, authMessage(other));
      expectCode(await session.connection.next(), 'error', 'badSignature');
      expect(await session.connection.closed()).toBe(CloseCode.authenticationFailed);
      other.connection.close();
    });

    it('auth a second time', async () => {
      const session = await enter(world(), ownLane(world().newSigner()));
      say(session, authMessage(session));
      expectCode(await session.connection.next(), 'error', 'badParameter');
      await isUsable(session);
      session.connection.close();
    });

    it('no auth in time', { timeout: 20_000 }, async () => {
      const session = await greet(world(), ownLane(world().newSigner()));
      expect(await session.connection.closed()).toBe(CloseCode.authenticationTimeout);
    });
  });

  describe(`${title}: envelopes that no validator gets`, () => {
    it.each(REFUSED)('%s', async (name, make) => {
      const session = await newPlayer(world());
      const before = await leafOf(world(), session);
      say(session, envelope(make(world(), session.lane)));
      const answer = await session.connection.next();
      expectCode(answer, 'refused', name);
      expect(answer).toMatchObject({ stage: 'admission', commandId: null, ref: 'a' });
      await isUsable(session);
      expect(await leafOf(world(), session)).toBe(before);
      session.connection.close();
    });

    it('too many commands a second', async () => {
      const session = await enter(world(), ownLane(world().newSigner()));
      // More than the rate lets through even while a slow machine works them off.
      const frames = 5 * GATEWAY_COMMANDS_BURST;
      for (let i = 0; i < frames; i++) say(session, envelope('00'));
      const codes = new Map<number, number>();
      for (let i = 0; i < frames; i++) {
        const answer = await session.connection.next();
        const code = 'code' in answer ? answer.code : 0;
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (code !== RejectCode.rateLimited) continue;
        expectCode(answer, 'error', 'rateLimited');
        expect(answer).toMatchObject({ ref: 'a', afterMs: expect.any(Number) });
      }
      expect([...codes.keys()].sort()).toEqual([RejectCode.undecodable, RejectCode.rateLimited]);
      expect(codes.get(RejectCode.undecodable)).toBeGreaterThanOrEqual(GATEWAY_COMMANDS_BURST);
      await isUsable(session);
      session.connection.close();
    });

    it('too many commands open', async () => {
      const session = await newPlayer(world());
      const starts = Array<CommandInstruction>(MAX_ENVELOPE_COMMANDS_PER_ACCOUNT).fill(START);
      const open = GATEWAY_OPEN_PER_SESSION_MAX / MAX_ENVELOPE_COMMANDS_PER_ACCOUNT;
      for (let i = 0; i < open; i++) {
        // Far beyond the lane's window: held by nobody, open until they expire.
        const { hex } = seal(world(), session.lane, 1_000 + 64 * i, starts, { lifetimeMs: 5_000 });
        say(session, { type: 'submit', ref: `e${i}`, envelope: hex });
        await world().wait(100);
      }
      say(session, envelope(seal(world(), session.lane, 1, START).hex));
      const answer = await end(session);
      expectCode(answer, 'refused', 'accountPoolFull');
      expect(answer).toMatchObject({ stage: 'admission', commandId: null, ref: 'a' });
      session.connection.close();
    });

    it('no validator in reach', async () => {
      const session = await newPlayer(world());
      await world().setReach(false);
      say(session, envelope(seal(world(), session.lane, 1, START).hex));
      expectCode(await end(session), 'refused', 'unavailable');
      await world().setReach(true);
      await isUsable(session);
      expect(await play(world(), session, 1, START)).toMatchObject({ type: 'executed' });
      session.connection.close();
    });
  });

  describe(`${title}: refused in a block`, () => {
    const bet = (amount: bigint): CommandInstruction => {
      return { kind: 'SpinRoulette', asset: 0, bets: [{ kind: 'RED', numbers: [], amount }] };
    };
    const rows: readonly [RejectName, CommandInstruction][] = [
      ['badBet', { kind: 'SpinRoulette', asset: 0, bets: [] }],
      [
        'insufficientBalance',
        { kind: 'Transfer', asset: 0, to: new Uint8Array(32), amount: 10_001n },
      ],
      ['unknownAsset', { kind: 'StartHiLo', asset: 99, stake: 10n }],
      ['gameNotFound', { kind: 'CashOutHiLo', game: 7 }],
      ['badAmount', bet(-1n)],
    ];
    it.each(rows)('%s', async (name, instruction) => {
      const session = await newPlayer(world());
      const answer = await play(world(), session, 1, instruction);
      expectCode(answer, 'refused', name);
      expect(answer).toMatchObject({ stage: 'block' });
      if (answer.type === 'refused') expect(verifyRefused(answer, trust())).not.toBeNull();
      expect(await play(world(), session, 2, START)).toMatchObject({ type: 'executed' });
      session.connection.close();
    });

    it('spend limit, repeated request, request out of time', async () => {
      const owner = await newPlayer(world());
      const signer = world().newSigner();
      const authorized = await play(world(), owner, 1, {
        kind: 'AuthorizeSession',
        sessionKey: signer.publicKey,
        expiresAtMs: world().nowMs() + 300_000,
        spendLimits: [{ asset: 0, amount: 100n }],
      });
      expect(authorized).toMatchObject({ type: 'executed' });
      const lane = { account: owner.lane.account, signer, authorization: 1 };
      const session = await enter(world(), lane);
      const request = { id: new Uint8Array(16).fill(7), untilMs: world().nowMs() + 60_000 };
      const first = await play(world(), session, 0, START, { request });
      expect(first).toMatchObject({ type: 'executed' });
      const over = await play(world(), session, 1, { kind: 'StartHiLo', asset: 0, stake: 101n });
      expectCode(over, 'refused', 'spendLimitExceeded');
      // The validators see it coming and do not take it: it expires, or a block refuses it.
      const again = { request, lifetimeMs: 2_000 };
      const repeated = await play(world(), session, 2, START, again);
      expect(['refused', 'expired']).toContain(repeated.type);
      if (repeated.type === 'refused') expectCode(repeated, 'refused', 'repeatedRequest');
      session.connection.close();
      owner.connection.close();
    });
  });

  describe(`${title}: what can no longer execute ends expired, with a proof`, () => {
    /** Hints on the way, and the end, which a client must be able to verify. */
    const expectExpired = async (
      session: RawSession,
      nonce: number,
      instruction: CommandInstruction,
      hint: RejectName | 'held' | null,
      change: EnvelopeChange = { lifetimeMs: 1_500 },
    ): Promise<ServerMessage & { readonly type: 'expired' }> => {
      const { hex, ids, expiresAtMs } = seal(world(), session.lane, nonce, instruction, change);
      say(session, { type: 'submit', ref: 'x', envelope: hex });
      const hints = new Set<number>();
      let answer = await session.connection.next();
      while (answer.type === 'pending' || answer.type === 'accepted') {
        expect(answer).toMatchObject({ ref: 'x', commandId: ids[0] });
        hints.add(answer.type === 'pending' ? answer.code : 0);
        answer = await session.connection.next();
      }
      expect(answer).toMatchObject({ type: 'expired', commandId: ids[0] });
      if (answer.type !== 'expired') throw new Error('not expired');
      expect([...hints]).toEqual(hint === null ? [] : [hint === 'held' ? 0 : RejectCode[hint]]);
      const { account, signer, authorization } = session.lane;
      const lane = { account, signer: signer.publicKey, authorization };
      const command = { ...lane, commandId: ids[0] as string, nonce, expiresAtMs };
      expect(verifyExpired(answer, command, trust())).toMatchObject({ kind: 'expired' });
      await isUsable(session);
      return answer;
    };

    it('stale nonce: by the receipt of another command', async () => {
      const session = await newPlayer(world());
      // This gateway has seen the receipt: it needs no hint, and does not wait for the expiry.
      const answer = await expectExpired(session, 0, START, null, {});
      expect(answer.supersededBy).not.toBeNull();
      expect(answer.receipt).not.toBeNull();
      session.connection.close();
    });

    it('gapped nonce: by the lane', async () => {
      const session = await newPlayer(world());
      const held = await expectExpired(session, 2, START, 'held');
      expect(held.laneProof).not.toBeNull();
      const far = await expectExpired(session, 2_000, START, 'nonceGap');
      expect(far.laneProof).not.toBeNull();
      session.connection.close();
    });

    it('another command at a held nonce: by the lane', async () => {
      const session = await newPlayer(world());
      const held = seal(world(), session.lane, 2, START, { lifetimeMs: 1_500 });
      say(session, { type: 'submit', ref: 'held', envelope: held.hex });
      const second = seal(world(), session.lane, 2, CLAIM, { lifetimeMs: 1_500 });
      say(session, { type: 'submit', ref: 'second', envelope: second.hex });
      const ends: string[] = [];
      while (ends.length < 2) {
        const answer = await session.connection.next();
        if (answer.type === 'pending') {
          expect(answer).toMatchObject({ ref: 'second', code: RejectCode.nonceConflict });
        }
        if (answer.type === 'expired') ends.push(answer.commandId);
      }
      expect(ends.sort()).toEqual([held.ids[0], second.ids[0]].sort());
      session.connection.close();
    });

    it('unknown account: by its absence', async () => {
      const session = await enter(world(), ownLane(world().newSigner()));
      const answer = await expectExpired(session, 0, START, 'unknownAccount');
      expect(answer.laneValue).toBeNull();
      session.connection.close();
    });

    it('unauthorised signer: by the absence of the lane', async () => {
      const owner = await newPlayer(world());
      const signer = world().newSigner();
      const lane = { account: owner.lane.account, signer, authorization: 3 };
      const session = await enter(world(), lane);
      const answer = await expectExpired(session, 0, START, 'unauthorizedSigner');
      expect(answer.laneValue).toBeNull();
      session.connection.close();
      owner.connection.close();
    });

    it('expired before it came', async () => {
      const session = await newPlayer(world());
      const change = { expiresAtMs: world().nowMs() - 5_000 };
      await expectExpired(session, 1, START, null, change);
      session.connection.close();
    });

    it('the same bytes again: the same end', async () => {
      const session = await newPlayer(world());
      const { hex, ids } = seal(world(), session.lane, 1, START);
      say(session, envelope(hex));
      const first = await end(session);
      expect(first).toMatchObject({ type: 'executed', commandId: ids[0] });
      say(session, envelope(hex));
      expect(await end(session)).toEqual(first);
      session.connection.close();
    });
  });

  describe(`${title}: subscriptions`, () => {
    it('every height once, and the account in its own sequence', async () => {
      const session = await newPlayer(world());
      say(session, { type: 'subscribe', channel: 'blocks' });
      say(session, { type: 'subscribe', channel: 'account' });
      const subscribed = [await session.connection.next(), await session.connection.next()];
      expect(subscribed.map(({ type }) => type)).toEqual(['subscribed', 'subscribed']);
      const heights: number[] = [];
      const sequences: number[] = [];
      let nonce = 1;
      const spin: CommandInstruction = {
        ...{ kind: 'SpinRoulette', asset: 0 },
        bets: [{ kind: 'RED', numbers: [], amount: 10n }],
      };
      say(session, envelope(seal(world(), session.lane, nonce++, spin).hex));
      while (sequences.length < 20) {
        const message = await session.connection.next();
        if (message.type === 'block') heights.push(message.height);
        if (message.type === 'account') {
          sequences.push(...message.events.map((_, index) => message.sequence + index));
        }
        if (message.type === 'executed') {
          say(session, envelope(seal(world(), session.lane, nonce++, spin).hex));
        }
      }
      const dense = (list: readonly number[]) => list.map((_, index) => (list[0] ?? 0) + index);
      expect(heights).toEqual(dense(heights));
      expect(sequences).toEqual(dense(sequences));
      say(session, { type: 'unsubscribe', channel: 'blocks' });
      session.connection.close();
    });
  });
}
