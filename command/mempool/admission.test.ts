import { describe, expect, test } from 'vitest';
import type { OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { MEMPOOL_JOURNAL_PAUSE_MS } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import {
  createToyLedger,
  toyBatchVerifier,
  toyChainId,
  toyEnvelope,
  toySigner,
} from '../../test/simulation/toyLedger.js';
import type { MempoolJournal } from '../ports.js';
import { createAdmission } from './admission.js';
import { createMempool } from './mempool.js';
import { mempoolLimits } from './mempoolConfig.js';
import { prepareEnvelope } from './preparedEnvelope.js';
import { createVerifiedEnvelopes } from './verifiedEnvelopes.js';
import { verifyEnvelopes } from './verifyEnvelopes.js';

const alice = toySigner('alice');

/** A journal that remembers, and fails while `broken`. */
function memoryJournal(content: Uint8Array[] = []) {
  const journal = {
    broken: false,
    appends: [] as number[],
    content,
    async append(envelopes: readonly Uint8Array[]) {
      await Promise.resolve();
      if (journal.broken) throw new Error('no space left');
      journal.appends.push(envelopes.length);
      journal.content.push(...envelopes);
    },
    async *replay() {
      yield* [...journal.content];
    },
    async rewrite(envelopes: readonly Uint8Array[]) {
      journal.content = [...envelopes];
    },
    get sizeBytes() {
      return journal.content.reduce((sum, { length }) => sum + length, 0);
    },
    close: async () => {},
  };
  return journal satisfies MempoolJournal & { broken: boolean };
}

function setup(journal = memoryJournal(), pendingMax = 100, isBackedUp = () => false) {
  const ledger = createToyLedger();
  ledger.create(alice);
  const envelopes = createVerifiedEnvelopes();
  const mempool = createMempool(
    {
      chainId: toyChainId,
      shard: 0,
      maxCommandLifetimeMs: 600_000,
      faucetClaimsPerBlockMax: 2,
      limits: { ...mempoolLimits(), perAccountMax: 200, nonceWindow: 200 },
      view: () => ledger.view,
    },
    envelopes,
  );
  const verifier = toyBatchVerifier();
  const gossiped: Uint8Array[][] = [];
  const gossipedFor: number[] = [];
  const wakeUps: (() => void)[] = [];
  const admission = createAdmission({
    mempool,
    envelopes,
    verifier,
    journal,
    gossip: {
      send(batch, handedTo) {
        gossiped.push([...batch]);
        gossipedFor.push(handedTo);
      },
    },
    timer: {
      nowMs: () => 0,
      after: (delayMs, run) => {
        if (delayMs === MEMPOOL_JOURNAL_PAUSE_MS) void Promise.resolve().then(run);
        else wakeUps.push(run);
        return () => {};
      },
    },
    clock: { unixMs: () => 1000 },
    pendingMax,
    isBackedUp,
    telemetry: { count() {}, gauge() {}, observe() {}, log() {} },
  });
  const told = { gossiped, gossipedFor, wakeUps };
  return { ledger, envelopes, mempool, verifier, journal, ...told, admission };
}

const of = (nonce: number) => toyEnvelope(alice, [{ account: alice, nonce }]);
/** The same bytes but the last of the signature. */
function tampered({ bytes }: OpenedEnvelope): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 1]! ^= 1;
  return copy;
}

describe('the way of an envelope', () => {
  test('verdicts say what is on disk; arrivals of one tick share batch, write and gossip', async () => {
    const { admission, verifier, journal, gossiped, wakeUps, mempool } = setup();
    const envelopes = [0, 1, 2].map(of);
    const verdicts = await Promise.all(
      envelopes.map(({ bytes }) => admission.submit(bytes, 'gateway')),
    );
    expect(verdicts.map(({ durable }) => durable)).toEqual([true, true, true]);
    expect(verdicts.map(({ hash }) => toHex(hash))).toEqual(
      envelopes.map(({ hash }) => toHex(hash)),
    );
    expect(verifier.batches).toEqual([3]);
    expect(journal.appends).toEqual([3]);
    expect(wakeUps).toHaveLength(1);
    wakeUps[0]!();
    expect(gossiped).toEqual([envelopes.map(({ bytes }) => bytes)]);
    expect(mempool.sizes.envelopes).toBe(3);
  });

  test('is passed on to whom the gateway did not hand it', async () => {
    const { admission, gossiped, gossipedFor, wakeUps } = setup();
    const [first, second, third] = [0, 1, 2].map((nonce) => of(nonce).bytes);
    await admission.submit(first!, 'gateway', 0b1011);
    await admission.submit(second!, 'gateway', 0b1011);
    await admission.submit(third!, 'gateway', 0b0001);
    for (const wake of wakeUps) wake();
    expect(gossiped).toEqual([[first, second], [third]]);
    expect(gossipedFor).toEqual([0b1011, 0b0001]);
  });

  test('a bad signature is refused, and spoils no other envelope', async () => {
    const { admission, mempool, envelopes } = setup();
    const good = of(0);
    const [bad, fine] = await Promise.all([
      admission.submit(tampered(good), 'gateway'),
      admission.submit(good.bytes, 'gateway'),
    ]);
    expect(bad!.verdicts).toEqual([
      { commandId: good.commands[0]!.id, code: RejectCode.badSignature },
    ]);
    expect(fine).toMatchObject({ durable: true, verdicts: [{ code: 0 }] });
    expect(mempool.sizes.envelopes).toBe(1);
    expect(envelopes.has(byteKey(good.hash))).toBe(true);
  });

  test('the same bytes at once are verified and stored once', async () => {
    const { admission, verifier, journal } = setup();
    const { bytes } = of(0);
    const both = [admission.submit(bytes, 'gateway'), admission.submit(bytes, 'validator')];
    const [first, second] = await Promise.all(both);
    expect(second).toEqual(first);
    expect(verifier.batches).toEqual([1]);
    expect(await admission.submit(bytes, 'gateway')).toEqual(first);
    expect(journal.appends).toEqual([1]);
  });

  test('gossip is admitted, and not passed on', async () => {
    const { admission, wakeUps } = setup();
    expect((await admission.submit(of(0).bytes, 'validator')).durable).toBe(true);
    expect(wakeUps).toHaveLength(0);
  });

  test('a failing disk is said, and the same bytes are stored when it works again', async () => {
    const { admission, journal, mempool } = setup();
    journal.broken = true;
    const { bytes, hash } = of(0);
    expect(await admission.submit(bytes, 'gateway')).toMatchObject({
      durable: false,
      verdicts: [{ code: 0 }],
    });
    expect(mempool.holds(hash)).toBe(true);
    journal.broken = false;
    expect((await admission.submit(bytes, 'gateway')).durable).toBe(true);
    expect(journal.content).toHaveLength(1);
  });

  test('what waits between check and journal is bounded', async () => {
    const { admission } = setup(memoryJournal(), 20);
    const all = Array.from({ length: 21 }, (_, nonce) =>
      admission.submit(of(nonce).bytes, 'gateway'),
    );
    const last = await all.at(-1)!;
    expect(last.verdicts[0]!.code).toBe(RejectCode.backpressure);
    expect((await all[0]!).durable).toBe(true);
    await Promise.all(all);
  });

  test('while the log is too far behind, players are refused and validators are not', async () => {
    let isBackedUp = true;
    const { admission, mempool } = setup(memoryJournal(), 100, () => isBackedUp);
    const refused = await admission.submit(of(0).bytes, 'gateway');
    expect(refused).toMatchObject({
      durable: false,
      verdicts: [{ code: RejectCode.backpressure }],
    });
    expect((await admission.submit(of(1).bytes, 'validator')).durable).toBe(true);
    // What is held already was promised, and is answered as ever.
    expect((await admission.submit(of(1).bytes, 'gateway')).durable).toBe(true);
    isBackedUp = false;
    expect((await admission.submit(of(0).bytes, 'gateway')).durable).toBe(true);
    expect(mempool.sizes.envelopes).toBe(2);
  });

  test('after a restart the journal is held again, without what has ended or is forged', async () => {
    const before = setup();
    for (const nonce of [0, 1, 2]) await before.admission.submit(of(nonce).bytes, 'gateway');
    before.journal.content.push(tampered(of(3)), new Uint8Array(7));
    const after = setup(memoryJournal(before.journal.content));
    after.ledger.execute([of(0).bytes], 2000);
    expect(await after.admission.recover()).toBe(2);
    expect(after.mempool.heldEnvelopes()).toEqual([of(1).bytes, of(2).bytes]);
  });
});

describe('validity of the envelopes of a block', () => {
  const rules = {
    chainId: toyChainId,
    shard: 0,
    limits: { maxBlockBytes: 10_000, maxBlockCommands: 3, maxCommandLifetimeMs: 100_000 },
  };
  const good = of(0);
  const table: [string, boolean, readonly Uint8Array[], number?][] = [
    ['none', true, []],
    ['good ones', true, [good.bytes, of(7).bytes]],
    ['a bad signature', false, [of(1).bytes, tampered(good)]],
    ['no envelope', false, [new Uint8Array(9)]],
    [
      'another chain',
      false,
      [toyEnvelope(alice, [{ account: alice, nonce: 0 }], { chain: 'x' }).bytes],
    ],
    [
      'another shard',
      false,
      [toyEnvelope(alice, [{ account: alice, nonce: 0 }], { shard: 1 }).bytes],
    ],
    ['expired at the block time', false, [good.bytes], 60_000],
    ['a millisecond before that', true, [good.bytes], 59_999],
    ['more than a lifetime ahead', false, [good.bytes], 60_000 - 100_001],
    ['too many commands', false, [0, 1, 2, 3].map((nonce) => of(nonce).bytes)],
    ['too many bytes', false, Array.from({ length: 50 }, () => good.bytes)],
  ];

  test.each(table)('%s: %s', async (_, expected, items, timestampMs = 1000) => {
    const options = { items, header: { timestampMs }, rules, verifier: toyBatchVerifier() };
    expect(await verifyEnvelopes({ ...options, envelopes: createVerifiedEnvelopes() })).toBe(
      expected,
    );
  });

  test('only whole bytes that were verified before are not verified again', async () => {
    const envelopes = createVerifiedEnvelopes();
    const verifier = toyBatchVerifier();
    const check = (items: readonly Uint8Array[]) =>
      verifyEnvelopes({ items, header: { timestampMs: 1000 }, rules, verifier, envelopes });
    expect(await check([good.bytes])).toBe(true);
    expect(await check([Uint8Array.from(good.bytes)])).toBe(true);
    expect(verifier.batches).toEqual([1]);
    expect(await check([tampered(good)])).toBe(false);
    expect(verifier.batches).toEqual([1, 1]);
  });

  test('what is kept of verified envelopes is bounded in bytes', () => {
    const envelopes = createVerifiedEnvelopes(3 * good.bytes.length);
    const many = [0, 1, 2, 3, 4].map(of);
    for (const envelope of many) envelopes.add(prepareEnvelope(envelope));
    expect(many.map(({ hash }) => envelopes.has(byteKey(hash)))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
    expect(envelopes.sizeBytes).toBe(3 * good.bytes.length);
  });
});
