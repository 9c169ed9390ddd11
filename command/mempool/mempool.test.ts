import { describe, expect, test } from 'vitest';
import type { OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import type { Signer } from '../../schemas/crypto/signatures.js';
import { ascii, toHex } from '../../schemas/kernel/bytes.js';
import { RejectCode, type RejectName } from '../../schemas/rejectCode.js';
import {
  claim,
  createToyLedger,
  type ToyLedger,
  toyChainId,
  toyEnvelope,
  toySigner,
} from '../../test/simulation/toyLedger.js';
import { createMempool, type Mempool } from './mempool.js';
import { type MempoolLimits, mempoolLimits } from './mempoolConfig.js';
import { prepareEnvelope } from './preparedEnvelope.js';
import { createVerifiedEnvelopes } from './verifiedEnvelopes.js';

const NOW_MS = 1000;
const LIFETIME_MS = 600_000;

interface World {
  readonly ledger: ToyLedger;
  readonly pool: Mempool;
  hold(envelope: OpenedEnvelope): string;
}

function world(limits: Partial<MempoolLimits> = {}): World {
  const ledger = createToyLedger();
  const config = {
    chainId: toyChainId,
    shard: 0,
    maxCommandLifetimeMs: LIFETIME_MS,
    faucetClaimsPerBlockMax: 2,
    limits: { ...mempoolLimits(1000), ...limits },
    view: () => ledger.view,
  };
  const pool = createMempool(config, createVerifiedEnvelopes());
  const hold = (envelope: OpenedEnvelope) => {
    const checked = pool.check(envelope.bytes, NOW_MS);
    if (checked.kind !== 'verify') return checked.kind;
    return pool.insert(prepareEnvelope(envelope), NOW_MS).kind;
  };
  return { ledger, pool, hold };
}

const bounds = { timestampMs: 2000, maxBytes: 1 << 20, maxCommands: 4096, unexecuted: [] };
const hashes = (items: readonly Uint8Array[]) => items.map((item) => toHex(item).slice(0, 600));
const requestId = ascii('sixteen bytes id');

const alice = toySigner('alice');
const bob = toySigner('bob');
const phone = toySigner('phone');

function fill({ ledger, hold }: World, signer: Signer, count: number, from = 0): void {
  if (!ledger.view.accountExists(signer.publicKey)) ledger.create(signer);
  for (let nonce = from; nonce < from + count; nonce++) {
    expect(hold(toyEnvelope(signer, [{ account: signer, nonce }]))).toBe('held');
  }
}

describe('admission answers each command with a code', () => {
  const one = (account: Signer, nonce = 0) => [{ account, nonce }];
  const table: [RejectName, (at: World) => OpenedEnvelope, Partial<MempoolLimits>?][] = [
    ['wrongChain', () => toyEnvelope(alice, one(alice), { chain: 'other' })],
    ['wrongShard', () => toyEnvelope(alice, one(alice), { shard: 1 })],
    ['unknownAccount', () => toyEnvelope(bob, one(bob))],
    ['unauthorizedSigner', () => toyEnvelope(phone, [{ ...one(alice)[0]!, authorization: 1 }])],
    ['expired', () => toyEnvelope(alice, one(alice), { expiresAtMs: NOW_MS })],
    [
      'expiresTooLate',
      () => toyEnvelope(alice, one(alice), { expiresAtMs: NOW_MS + LIFETIME_MS + 1 }),
    ],
    [
      'staleNonce',
      ({ ledger }) => {
        ledger.execute([toyEnvelope(alice, one(alice)).bytes], NOW_MS);
        return toyEnvelope(alice, one(alice), { expiresAtMs: 50_000 });
      },
    ],
    ['nonceGap', () => toyEnvelope(alice, one(alice, 64))],
    [
      'nonceConflict',
      (at) => {
        fill(at, alice, 1);
        return toyEnvelope(alice, [{ account: alice, nonce: 0, instruction: claim }]);
      },
    ],
    [
      'requestExpired',
      () =>
        toyEnvelope(alice, [{ ...one(alice)[0]!, request: { id: requestId, untilMs: NOW_MS } }]),
    ],
    [
      'requestTooLate',
      () => {
        const untilMs = NOW_MS + LIFETIME_MS + 1;
        return toyEnvelope(alice, [{ ...one(alice)[0]!, request: { id: requestId, untilMs } }]);
      },
    ],
    [
      'repeatedRequest',
      ({ ledger }) => {
        ledger.remember(alice, requestId);
        const request = { id: requestId, untilMs: NOW_MS + 1 };
        return toyEnvelope(alice, [{ ...one(alice)[0]!, request }]);
      },
    ],
    [
      'accountPoolFull',
      (at) => {
        fill(at, alice, 4);
        return toyEnvelope(alice, one(alice, 4));
      },
      { perAccountMax: 4, ownKeyReserved: 1 },
    ],
    [
      'poolFull',
      (at) => {
        fill(at, bob, 10);
        return toyEnvelope(alice, one(alice));
      },
      { commandsMax: 10, fundedReserved: 0 },
    ],
    ['poolFull', () => toyEnvelope(alice, one(alice)), { bytesMax: 100 }],
    [
      'poolFull',
      (at) => {
        at.ledger.create(phone, { funded: false });
        fill(at, bob, 8);
        return toyEnvelope(phone, one(phone));
      },
      { commandsMax: 10, fundedReserved: 2 },
    ],
    [
      'faucetPoolFull',
      ({ hold }) => {
        expect(hold(toyEnvelope(bob, [{ account: bob, nonce: 0, instruction: claim }]))).toBe(
          'held',
        );
        return toyEnvelope(phone, [{ account: phone, nonce: 0, instruction: claim }]);
      },
      { faucetMax: 1 },
    ],
    [
      'rateLimited',
      (at) => {
        fill(at, alice, 2);
        return toyEnvelope(alice, one(alice, 2));
      },
      { signerBurst: 2, signerRate: 1 },
    ],
  ];

  test.each(table)('%s', (name, make, limits) => {
    const at = world(limits);
    at.ledger.create(alice);
    const envelope = make(at);
    const before = at.pool.sizes;
    const answer = at.pool.check(envelope.bytes, NOW_MS);
    const { id } = envelope.commands[0]!;
    expect(answer).toMatchObject({
      kind: 'refused',
      hash: envelope.hash,
      verdicts: [{ commandId: id, code: RejectCode[name] }],
    });
    expect(at.pool.insert(prepareEnvelope(envelope), NOW_MS).kind).toBe('refused');
    expect(at.pool.sizes).toEqual(before);
  });

  test.each([
    ['oversized', new Uint8Array(100_000)],
    ['undecodable', ascii('no envelope')],
  ] as const)('%s: one verdict, under the hash of the bytes', (name, bytes) => {
    const { kind, hash, verdicts, envelope } = world().pool.check(bytes, NOW_MS);
    expect({ kind, verdicts, envelope }).toEqual({
      kind: 'refused',
      verdicts: [{ commandId: hash, code: RejectCode[name] }],
      envelope: null,
    });
  });

  test('what is opened is a copy, and keeps no frame that it came in', () => {
    const { ledger, pool } = world();
    ledger.create(alice);
    const { bytes } = toyEnvelope(alice, [{ account: alice, nonce: 0 }]);
    const frame = new Uint8Array(10_000);
    frame.set(bytes, 500);
    const { envelope } = pool.check(frame.subarray(500, 500 + bytes.length), NOW_MS);
    frame.fill(0);
    expect(envelope?.opened.bytes).toEqual(bytes);
    expect(envelope?.opened.bytes.buffer.byteLength).toBe(bytes.length);
  });

  test('a nonce that the envelope has taken is a conflict, in whatever order they stand', () => {
    const { ledger, pool } = world();
    ledger.create(alice);
    const nonces = [5, 3, 4, 5, 3, 6];
    const commands = nonces.map((nonce) => ({ account: alice, nonce }));
    const envelope = toyEnvelope(alice, commands);
    const { verdicts } = pool.insert(prepareEnvelope(envelope), NOW_MS);
    const { nonceConflict } = RejectCode;
    const codes = verdicts.map(({ code }) => code);
    expect(codes).toEqual([0, 0, 0, nonceConflict, nonceConflict, 0]);
  });

  test('an envelope is held if any of its commands is, and answered one by one', () => {
    const { ledger, pool } = world();
    ledger.create(alice);
    const envelope = toyEnvelope(alice, [
      { account: alice, nonce: 0 },
      { account: bob, nonce: 0 },
      { account: alice, nonce: 64 },
      { account: alice, nonce: 1 },
    ]);
    const { kind, verdicts } = pool.insert(prepareEnvelope(envelope), NOW_MS);
    expect(kind).toBe('held');
    const { unknownAccount, nonceGap } = RejectCode;
    expect(verdicts.map(({ code }) => code)).toEqual([0, unknownAccount, nonceGap, 0]);
    expect(pool.sizes).toMatchObject({ envelopes: 1, commands: 2 });
  });

  test('sessions leave the reserved places to the own key', () => {
    const at = world({ perAccountMax: 4, ownKeyReserved: 2 });
    at.ledger.create(alice);
    at.ledger.authorize(alice, phone, 1);
    const session = (nonce: number) =>
      toyEnvelope(phone, [{ account: alice, nonce, authorization: 1 }]);
    expect([0, 1, 2].map((nonce) => at.hold(session(nonce)))).toEqual(['held', 'held', 'refused']);
    fill(at, alice, 2);
    expect(at.hold(toyEnvelope(alice, one(alice, 2)))).toBe('refused');
  });
});

describe('the same bytes again', () => {
  test('get the same answer while held and after execution', () => {
    const { ledger, pool, hold } = world();
    ledger.create(alice);
    const envelope = toyEnvelope(alice, [{ account: alice, nonce: 0 }]);
    expect(hold(envelope)).toBe('held');
    expect(hold(envelope)).toBe('known');
    expect(pool.insert(prepareEnvelope(envelope), NOW_MS).kind).toBe('known');
    expect(pool.sizes.commands).toBe(1);
    pool.executed(ledger.execute(pool.take(bounds), 2000), 2000);
    expect(pool.holds(envelope.hash)).toBe(false);
    const again = pool.check(envelope.bytes, NOW_MS);
    expect(again.kind).toBe('known');
    expect(again.verdicts.map(({ code }) => code)).toEqual([0]);
  });

  test('a command held in another envelope is not held twice', () => {
    const { ledger, pool, hold } = world();
    ledger.create(alice);
    const both = toyEnvelope(alice, [
      { account: alice, nonce: 0 },
      { account: alice, nonce: 1 },
    ]);
    expect(hold(both)).toBe('held');
    expect(hold(toyEnvelope(alice, [{ account: alice, nonce: 1 }]))).toBe('known');
    expect(pool.sizes).toMatchObject({ envelopes: 1, commands: 2 });
  });
});

describe('taking for a block', () => {
  test('gap-held commands wait for the nonces before them', () => {
    const { ledger, pool, hold } = world();
    ledger.create(alice);
    const envelopes = [0, 1, 2].map((nonce) => toyEnvelope(alice, [{ account: alice, nonce }]));
    expect([hold(envelopes[2]!), hold(envelopes[1]!)]).toEqual(['held', 'held']);
    expect(pool.take(bounds)).toEqual([]);
    expect(pool.hasExecutable(2000)).toBe(false);
    expect(hold(envelopes[0]!)).toBe('held');
    expect(pool.hasExecutable(2000)).toBe(true);
    expect(hashes(pool.take(bounds))).toEqual(hashes(envelopes.map(({ bytes }) => bytes)));
  });

  test('what unexecuted ancestors hold is left out, and counts as done', () => {
    const at = world();
    fill(at, alice, 4);
    const ancestors = at.pool.take({ ...bounds, maxCommands: 2 });
    expect(ancestors).toHaveLength(2);
    const next = at.pool.take({ ...bounds, unexecuted: [ancestors] });
    expect(next).toHaveLength(2);
    expect(hashes([...ancestors, ...next])).toEqual(hashes(at.pool.heldEnvelopes()));
    expect(at.pool.take({ ...bounds, unexecuted: [ancestors, next] })).toEqual([]);
    expect(at.pool.hasExecutable(2000, [ancestors, next])).toBe(false);
  });

  test('nothing that a block of that time may not hold', () => {
    const { ledger, pool, hold } = world();
    ledger.create(alice);
    hold(toyEnvelope(alice, [{ account: alice, nonce: 0 }], { expiresAtMs: 3000 }));
    expect(pool.take({ ...bounds, timestampMs: 3000 })).toEqual([]);
    expect(pool.hasExecutable(3000)).toBe(false);
    expect(pool.take({ ...bounds, timestampMs: 2999 })).toHaveLength(1);
    expect(pool.take({ ...bounds, timestampMs: 2999 - LIFETIME_MS })).toEqual([]);
  });

  test('a revoked session keeps no block busy', () => {
    const { ledger, pool, hold } = world();
    ledger.create(alice);
    ledger.authorize(alice, phone, 1);
    hold(toyEnvelope(phone, [{ account: alice, nonce: 0, authorization: 1 }]));
    expect(pool.hasExecutable(2000)).toBe(true);
    const { view } = ledger;
    const laneOf = view.laneOf;
    view.laneOf = (account, signer, authorization) =>
      authorization === 1 ? null : laneOf(account, signer, authorization);
    expect(pool.hasExecutable(2000)).toBe(false);
    expect(pool.take(bounds)).toEqual([]);
  });

  test('faucet claims stay within the cap of a block', () => {
    const { ledger, pool, hold } = world();
    const players = ['a', 'b', 'c'].map(toySigner);
    for (const player of players) {
      const envelope = toyEnvelope(player, [{ account: player, nonce: 0, instruction: claim }]);
      expect(hold(envelope)).toBe('held');
    }
    const first = pool.take(bounds);
    expect(first).toHaveLength(2);
    pool.executed(ledger.execute(first, 2000), 2000);
    expect(pool.sizes.faucetCommands).toBe(1);
    expect(pool.take(bounds)).toHaveLength(1);
  });

  test('bounds of bytes and commands hold', () => {
    const at = world();
    fill(at, alice, 20);
    const size = at.pool.heldEnvelopes()[0]!.length;
    expect(at.pool.take({ ...bounds, maxCommands: 7 })).toHaveLength(7);
    expect(at.pool.take({ ...bounds, maxBytes: 5 * size + 1 })).toHaveLength(5);
  });

  test('a signer with a thousand envelopes does not starve another', () => {
    const at = world({ perAccountMax: 2000, nonceWindow: 2000, commandsMax: 2000 });
    fill(at, alice, 1000);
    fill(at, bob, 20);
    const items = at.pool.take({ ...bounds, maxCommands: 40 });
    const bobs = items.filter((item) => toHex(item).includes(toHex(bob.publicKey)));
    expect(items).toHaveLength(40);
    expect(bobs.length).toBeGreaterThanOrEqual(16);
  });

  test('turns weigh as many funded accounts as the signer acts for; free keys buy nothing', () => {
    const at = world({ commandsMax: 5000, perAccountMax: 200, nonceWindow: 200 });
    const gateway = toySigner('gateway');
    for (const name of ['p', 'q', 'r']) {
      const player = toySigner(name);
      at.ledger.create(player);
      at.ledger.authorize(player, gateway, 1);
      for (let nonce = 0; nonce < 100; nonce++) {
        at.hold(toyEnvelope(gateway, [{ account: player, nonce, authorization: 1 }]));
      }
    }
    fill(at, alice, 100);
    for (let sybil = 0; sybil < 50; sybil++) {
      const free = toySigner(`free ${sybil}`);
      at.ledger.create(free, { funded: false });
      fill(at, free, 20);
    }
    const items = at.pool.take({ ...bounds, maxCommands: 160 });
    const by = (signer: Signer) =>
      items.filter((item) => toHex(item).includes(toHex(signer.publicKey))).length;
    expect(by(gateway)).toBe(96);
    expect(by(alice)).toBe(32);
    expect(items.length - by(gateway) - by(alice)).toBe(32);
  });
});

describe('an accepted envelope leaves only when each of its commands has ended', () => {
  test('executed, refused, superseded at its nonce, expired', () => {
    const { ledger, pool, hold } = world();
    ledger.create(alice);
    const envelope = toyEnvelope(
      alice,
      [0, 1, 2].map((nonce) => ({ account: alice, nonce })),
    );
    hold(envelope);
    const receipt = (
      nonce: number,
      id: Uint8Array,
      outcome: 'refused' | 'executed' | 'ignored',
    ) => ({
      commandId: id,
      account: alice.publicKey,
      signer: alice.publicKey,
      authorization: 0,
      nonce,
      outcome,
    });
    const ids = envelope.commands.map(({ id }) => id);
    pool.executed([receipt(0, ids[0]!, 'ignored')], 2000);
    expect(pool.sizes.commands).toBe(3);
    pool.executed([receipt(0, ids[0]!, 'executed')], 2000);
    pool.executed([receipt(1, toySigner('other id').publicKey, 'refused')], 2000);
    expect(pool.sizes).toMatchObject({ envelopes: 1, commands: 1 });
    pool.executed([], 59_999);
    expect(pool.holds(envelope.hash)).toBe(true);
    pool.executed([], 60_000);
    expect(pool.sizes).toEqual({
      envelopes: 0,
      commands: 0,
      sizeBytes: 0,
      faucetCommands: 0,
      signers: 0,
      readySigners: 0,
    });
  });

  test('an expired command leaves a gap above which nothing executes', () => {
    const { ledger, pool, hold } = world();
    ledger.create(alice);
    hold(toyEnvelope(alice, [{ account: alice, nonce: 0 }], { expiresAtMs: 3000 }));
    hold(toyEnvelope(alice, [{ account: alice, nonce: 1 }]));
    pool.executed([], 3000);
    expect(pool.sizes).toMatchObject({ commands: 1, readySigners: 0 });
    hold(toyEnvelope(alice, [{ account: alice, nonce: 0 }]));
    expect(pool.take({ ...bounds, timestampMs: 4000 })).toHaveLength(2);
  });
});
