import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import { eventHash, stateKeyHash, stateValueHash } from '../../schemas/crypto/digests.js';
import { partitionLeaf } from '../../schemas/crypto/eventsRoot.js';
import { verifyStateProof } from '../../schemas/crypto/stateProof.js';
import { present } from '../../schemas/kernel/assert.js';
import type { StateKey } from '../../schemas/types/state.js';
import {
  blockOf,
  CHIP,
  eventsOf,
  type Intent,
  newWorld,
  OTHER,
  person,
  START_MS,
  seedOf,
  testGenesis,
  type World,
} from '../../test/vectors/engine/engineWorld.js';
import {
  authorize,
  bet,
  by,
  cashOut,
  claim,
  guess,
  pay,
  revoke,
  spin,
  start,
} from '../../test/vectors/engine/intents.js';
import { executeBlock } from './executeBlock.js';
import type { ExecutedBlock } from './executedBlock.js';
import { proveState } from './proveState.js';
import { exportEntries, importState, stateRoot } from './snapshot.js';

const PEOPLE = ['ann', 'bob', 'cid'].map(person);
const SESSIONS = ['s1', 's2'].map(person);
const RUNS = 60;

const account = fc.constantFrom(...PEOPLE);
const session = fc.constantFrom(...SESSIONS);
const asset = fc.constantFrom(CHIP, CHIP, CHIP, OTHER, 99);
const amount = fc.oneof(
  fc.bigInt({ min: -5n, max: 3_000n }),
  fc.bigInt({ min: -(1n << 62n), max: 1n << 62n }),
);
const said = fc.constantFrom('HIGHER' as const, 'LOWER' as const, 'SAME' as const);
const oneBet = fc.oneof(
  amount.map((stake) => bet('RED', [], stake)),
  fc.tuple(fc.integer({ min: -1, max: 37 }), amount).map(([n, a]) => bet('STRAIGHT', [n], a)),
  fc.tuple(fc.nat(3), amount).map(([n, a]) => bet('DOZEN', [n], a)),
);
const bets = fc.array(oneBet, { maxLength: 4 });

const ownIntent: fc.Arbitrary<Intent> = fc.oneof(
  account.map((a) => claim(a)),
  fc.tuple(account, account, amount, asset).map(([a, b, n, c]) => pay(a, b, n, c)),
  fc.tuple(account, amount, asset).map(([a, n, c]) => start(a, n, c)),
  fc.tuple(account, fc.nat(4), said).map(([a, g, s]) => guess(a, g, s)),
  fc.tuple(account, fc.nat(4)).map(([a, g]) => cashOut(a, g)),
  fc.tuple(account, bets, asset).map(([a, b, c]) => spin(a, b, c)),
  fc.tuple(account, session, fc.nat(90_000)).map(([a, s, t]) => authorize(a, s, START_MS + t)),
  fc.tuple(account, fc.nat(3)).map(([a, n]) => revoke(a, n)),
);
const requestOf = fc.option(
  fc.record({
    id: fc.nat(2).map((fill) => new Uint8Array(16).fill(fill)),
    untilMs: fc.nat(700_000).map((ms) => START_MS + ms),
  }),
  { nil: undefined },
);
const intent: fc.Arbitrary<Intent> = fc.oneof(
  { weight: 3, arbitrary: ownIntent },
  {
    weight: 1,
    arbitrary: fc
      .tuple(ownIntent, session, fc.nat(3), requestOf)
      .map(([one, key, number, request]) => by(one, key, number, request)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(ownIntent, fc.nat(3)).map(([one, nonce]) => ({ ...one, nonce })),
  },
);

interface Step {
  readonly intents: readonly Intent[];
  readonly afterMs: number;
  readonly seed: number;
}
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    intents: fc.array(intent, { maxLength: 12 }),
    afterMs: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 900_000 })),
    seed: fc.nat(1_000_000),
  }),
  { minLength: 1, maxLength: 8 },
);

/** Little of everything, so that caps, an exposed house and an empty faucet are met. */
function smallWorld(): World {
  const base = testGenesis();
  const [chip, other] = base.assets;
  const small = { issued: 130_000n, houseBankroll: 60_000n, faucetPool: 70_000n };
  return newWorld({
    ...base,
    eventPartitions: 4,
    assets: [{ ...present(chip, 'chip'), ...small }, present(other, 'other')],
    hiLo: { ...base.hiLo, payoutMax: 20_000n },
  });
}

function play(world: World, { intents, afterMs, seed }: Step): ExecutedBlock {
  return executeBlock(world.state, blockOf(world, intents, afterMs), seedOf(seed));
}

/** Summed from the leaves, without a look at the books. */
function heldByPlayers(world: World, of: number): { accounts: bigint; inPlay: bigint } {
  let accounts = 0n;
  let inPlay = 0n;
  for (const { cell, games } of world.state.accounts.values()) {
    for (const held of cell.value?.balances ?? []) if (held.asset === of) accounts += held.amount;
    for (const game of games?.values() ?? []) {
      if (game.value?.asset === of) inPlay += game.value.stake;
    }
  }
  return { accounts, inPlay };
}

describe('whatever commands come in whatever order', () => {
  it('money is conserved, and balances are the sums of their events', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const world = smallWorld();
        const sums = new Map<string, bigint>();
        for (const step of history) {
          for (const { key, body } of eventsOf(play(world, step))) {
            if (body.kind !== 'BalanceChanged') continue;
            const name = `${key} ${body.asset}`;
            const sum = (sums.get(name) ?? 0n) + body.delta;
            expect(body.balance).toBe(sum);
            sums.set(name, sum);
          }
          for (const { asset: of, cell } of world.state.houses) {
            const books = present(cell.value, 'books');
            const { accounts, inPlay } = heldByPlayers(world, of);
            expect([books.accounts, books.inPlay]).toEqual([accounts, inPlay]);
            expect(accounts + inPlay + books.bankroll + books.faucet).toBe(books.issued);
            expect(books.reserved >= 0n && books.reserved <= books.bankroll).toBe(true);
          }
        }
        for (const { publicKey, cell } of world.state.accounts.values()) {
          for (const { asset: of, amount: held } of cell.value?.balances ?? []) {
            expect(sums.get(`${publicKey} ${of}`)).toBe(held);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('a refused command leaves its receipt only, an ignored one nothing', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const world = smallWorld();
        for (const step of history) {
          const executed = play(world, step);
          const events = eventsOf(executed);
          for (const { outcome, executionIndex, commandId } of executed.receipts) {
            const own = events.filter((event) => event.executionIndex === executionIndex);
            const [first] = own;
            if (outcome === 'ignored') expect(own).toEqual([]);
            if (outcome === 'refused') expect(own).toHaveLength(1);
            if (outcome === 'ignored') continue;
            const kind = outcome === 'refused' ? 'CommandRefused' : 'CommandExecuted';
            expect(first?.body).toMatchObject({ kind, commandId });
            expect(own.map(({ eventIndex }) => eventIndex)).toEqual(own.map((_, i) => i));
          }
          if (events.length === 0) {
            const before = proveState(world.state, new Uint8Array(0), executed.height - 1);
            const after = proveState(world.state, new Uint8Array(0), executed.height);
            expect(after).toEqual(before);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('equal histories give equal results, through a snapshot too', () => {
    fc.assert(
      fc.property(steps, fc.nat(7), (history, cut) => {
        const first = smallWorld();
        let second = smallWorld();
        history.forEach((step, i) => {
          const executed = play(first, step);
          expect(play(second, step)).toEqual(executed);
          if (i !== cut) return;
          const { genesis, shard, height, timestampMs } = second.state;
          const entries = [...exportEntries(second.state)];
          const state = importState(genesis, shard, height, entries, timestampMs);
          second = { ...second, state: present(state, 'imported state') };
          expect(stateRoot(second.state)).toEqual(executed.stateRoot);
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('leaves are those of the events', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const world = smallWorld();
        const last = new Map<number, number>();
        for (const step of history) {
          const { leaves, events, height } = play(world, step);
          events.forEach((values, partition) => {
            const hashes = values.map(eventHash);
            expect(leaves[partition]).toEqual(partitionLeaf(last.get(partition) ?? 0, hashes));
            if (values.length > 0) last.set(partition, height);
          });
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('proofs of state', () => {
  const key = (one: StateKey['key']): StateKey => ({ key: one });
  const held = key({ kind: 'AccountKey', account: present(PEOPLE[0], 'ann') });
  const absent = key({ kind: 'AccountKey', account: person('nobody') });

  function grown(): World {
    const world = smallWorld();
    for (let seed = 0; seed < 70; seed++) {
      const intents = seed < 3 ? [claim(present(PEOPLE[seed], 'person'))] : [];
      play(world, { intents, afterMs: 1_000, seed });
    }
    return world;
  }

  it.each([
    ['of a value', held, true],
    ['of absence', absent, false],
  ] as const)('%s verify against the root, and not with one bit flipped', (_, asked, exists) => {
    const { state } = grown();
    const proven = present(proveState(state, encode('StateKey', asked), 70), 'proof');
    expect(proven.value !== null).toBe(exists);
    const valueHash = proven.value === null ? null : stateValueHash(proven.value);
    const keyHash = stateKeyHash(asked);
    const { proof } = proven;
    const ask = { stateRoot: stateRoot(state), keyHash, valueHash, proof };
    expect(verifyStateProof(ask)).toBe(true);
    const flip = (bytes: Uint8Array, at: number) =>
      bytes.map((byte, i) => (i === at >> 3 ? byte ^ (1 << (at & 7)) : byte));
    proof.siblings.forEach((sibling, i) => {
      const siblings = proof.siblings.with(i, flip(sibling, (37 * i) % 256));
      expect(verifyStateProof({ ...ask, proof: { ...proof, siblings } })).toBe(false);
    });
    if (proven.value === null) return;
    for (let bit = 0; bit < 8 * proven.value.length; bit++) {
      const forged = stateValueHash(flip(proven.value, bit));
      expect(verifyStateProof({ ...ask, valueHash: forged })).toBe(false);
    }
  });

  it('exist for the last 64 heights, each as it was', () => {
    const { state } = grown();
    const keyBytes = encode('StateKey', held);
    expect(proveState(state, keyBytes, 70 - 64)).toBeNull();
    expect(proveState(state, keyBytes, 70 - 63)).not.toBeNull();
    expect(proveState(state, keyBytes, 71)).toBeNull();
  });
});

describe('a snapshot', () => {
  it('that is none is answered with null', () => {
    const world = smallWorld();
    play(world, { intents: PEOPLE.map((one) => claim(one)), afterMs: 1, seed: 1 });
    const { genesis } = world.state;
    const entries = [...exportEntries(world.state)];
    const load = (forged: Iterable<readonly [Uint8Array, Uint8Array]>) =>
      importState(genesis, 0, 1, forged);
    expect(load(entries)).not.toBeNull();
    const [first, second] = entries;
    if (first === undefined || second === undefined) expect.unreachable('no entries');
    expect(load([...entries, first])).toBeNull();
    expect(load(entries.slice(1).concat([[first[0], first[1].subarray(1)]]))).toBeNull();
    const ofOtherKind = entries.find(([, value]) => value[5] !== first[1][5]);
    expect(load([[first[0], present(ofOtherKind, 'entry')[1]]])).toBeNull();
    expect(load([])).toBeNull();
    // Books without their balances, or balances without their books.
    const moneyKinds = ['AccountKey', 'HouseKey'];
    const isMoney = (keyBytes: Uint8Array) =>
      moneyKinds.includes(decodeTrusted('StateKey', keyBytes).key.kind);
    for (const left of entries.filter(([key]) => isMoney(key))) {
      expect(load(entries.filter((entry) => entry !== left))).toBeNull();
    }
  });
});
