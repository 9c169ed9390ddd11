import { describe, expect, it } from 'vitest';
import { merkleRoot } from '../../schemas/crypto/merkle.js';
import { ascii } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import {
  balance,
  blockOfItems,
  CHIP,
  eventsOf,
  execute,
  given,
  kindsAt,
  newWorld,
  person,
  START_MS,
  seedOf,
  testGenesis,
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
import { exportEntries, stateRoot } from './snapshot.js';

const ann = person('ann');
const bob = person('bob');
const session = person('session');

describe('commands that are executed', () => {
  it('makes an account by a faucet claim, receipt first', () => {
    const world = newWorld();
    const executed = execute(world, [claim(ann)]);
    expect(executed.receipts).toMatchObject([{ outcome: 'executed', code: 0, executionIndex: 1 }]);
    expect(kindsAt(executed, 1)).toEqual(['CommandExecuted', 'AccountCreated', 'BalanceChanged']);
    expect(kindsAt(executed, 2)).toEqual(['SupplyReported']);
    expect(balance(world, ann)).toBe(10_000n);
    const supply = eventsOf(executed).find(({ body }) => body.kind === 'SupplyReported');
    expect(supply).toMatchObject({ key: ascii('house'), keySequence: 0 });
    expect(supply?.body).toMatchObject({ asset: CHIP, accounts: 10_000n, faucet: 99_990_000n });
  });

  it('moves money in two legs and makes the receiver', () => {
    const world = given(newWorld(), [claim(ann)]);
    const executed = execute(world, [pay(ann, bob, 300n)]);
    const kinds = ['CommandExecuted', 'BalanceChanged', 'AccountCreated', 'BalanceChanged'];
    expect(kindsAt(executed, 1)).toEqual(kinds);
    expect([balance(world, ann), balance(world, bob)]).toEqual([9_700n, 300n]);
    // Both legs are accounts: the books of the house say the same as before.
    expect(kindsAt(executed, 2)).toEqual([]);
  });

  it('lets a session stake within its limit, which winnings never refill', () => {
    const world = given(newWorld(), [claim(ann)], [authorize(ann, session, START_MS + 90_000)]);
    const everything = Array.from({ length: 3 }, (_, i) => bet('DOZEN', [i], 200n));
    given(world, [by(spin(ann, everything), session, 1)]);
    const { receipts } = execute(world, [by(spin(ann, everything), session, 1)]);
    expect(receipts).toMatchObject([{ outcome: 'refused', code: RejectCode.spendLimitExceeded }]);
    expect(balance(world, ann)).toBe(10_000n);
  });

  it('counts nonces a lane, and executes several commands of a lane in one block', () => {
    const world = given(newWorld(), [claim(ann)], [authorize(ann, session, START_MS + 90_000)]);
    const played = by(start(ann, 100n), session, 1);
    const executed = execute(world, [played, start(ann, 100n), played, cashOut(ann, 1)]);
    expect(executed.receipts.map(({ outcome, nonce }) => [outcome, nonce])).toEqual([
      ['executed', 0],
      ['executed', 2],
      ['executed', 1],
      ['executed', 3],
    ]);
    expect(balance(world, ann)).toBe(9_800n);
  });

  it('plays hi-lo to its end and forgets the game', () => {
    const world = given(newWorld(), [claim(ann)], [start(ann, 1_000n)]);
    const games = () => [...exportEntries(world.state)].length;
    const before = games();
    let ended = false;
    for (let i = 0; i < 200 && !ended; i++) {
      const game = [...world.state.accounts.values()][0]?.games?.get(0)?.value;
      const low = (game?.card ?? 0) % 13 < 6;
      const executed = execute(world, [guess(ann, 0, low ? 'HIGHER' : 'LOWER')]);
      const kinds = kindsAt(executed, 1);
      expect(kinds.slice(0, 2)).toEqual(['CommandExecuted', 'HiLoGuessed']);
      ended = kinds.includes('HiLoEnded');
    }
    expect(ended).toBe(true);
    expect(games()).toBe(before - 1);
    const { receipts } = execute(world, [cashOut(ann, 0)]);
    expect(receipts).toMatchObject([{ outcome: 'refused', code: RejectCode.gameNotFound }]);
  });

  it('ends a game by itself at the payout cap, and pays the cap', () => {
    const { hiLo } = testGenesis();
    const end = firstOf(200, (i) => {
      const world = newWorld(testGenesis({ hiLo: { ...hiLo, payoutMax: 1_050n } }));
      given(world, [claim(ann)], [start(ann, 1_000n)]);
      const executed = execute(world, [guess(ann, 0, 'SAME')], { seed: seedOf(i) });
      const ended = eventsOf(executed).find(({ body }) => body.kind === 'HiLoEnded');
      if (ended?.body.kind !== 'HiLoEnded' || ended.body.outcome === 'LOST') return null;
      expect(kindsAt(executed, 1).at(-1)).toBe('BalanceChanged');
      expect(balance(world, ann)).toBe(10_050n);
      return ended.body;
    });
    expect(end).toMatchObject({ outcome: 'CAPPED', stake: 1_000n, payout: 1_050n });
  });

  it('returns the stake exactly when a game is cashed out before a guess', () => {
    const world = given(newWorld(), [claim(ann)], [start(ann, 999n)], [cashOut(ann, 0)]);
    expect(balance(world, ann)).toBe(10_000n);
  });

  it('settles a spin in its own command', () => {
    const world = given(newWorld(), [claim(ann)]);
    const bets = [bet('RED', [], 100n), bet('STRAIGHT', [0], 10n), bet('RED', [], 50n)];
    const executed = execute(world, [spin(ann, bets)]);
    const spun = eventsOf(executed).find(({ body }) => body.kind === 'RouletteSpun')?.body;
    if (spun?.kind !== 'RouletteSpun') expect.unreachable('a spin without its event');
    expect(spun.stake).toBe(160n);
    expect(balance(world, ann)).toBe(10_000n - 160n + spun.payout);
  });
});

describe('blocks', () => {
  it('change nothing when nothing happens, and skip items that hold no command', () => {
    const world = given(newWorld(), [claim(ann)]);
    const root = stateRoot(world.state);
    const items = [ascii('junk'), new Uint8Array(0), Uint8Array.of(0, 0, 0, 0, 3, 255)];
    const executed = executeBlock(world.state, blockOfItems(world, items), seedOf(9));
    expect(executed.stateRoot).toEqual(root);
    expect(executed.receipts).toEqual([]);
    expect(executed.leaves).toHaveLength(16);
    const empty = { count: 0, eventsRoot: merkleRoot([]) };
    for (const leaf of executed.leaves) expect(leaf).toMatchObject(empty);
  });

  it('say in each leaf where the partition had its last event', () => {
    const world = newWorld();
    const first = execute(world, [claim(ann)]);
    execute(world, []);
    const third = execute(world, [pay(ann, bob, 1n)]);
    for (const event of eventsOf(first)) {
      expect(first.leaves[event.partition]?.previousHeight).toBe(0);
    }
    const partition = eventsOf(first)[0]?.partition ?? -1;
    expect(third.leaves[partition]?.previousHeight).toBe(1);
  });

  it('number the events of a key without gaps', () => {
    const world = newWorld();
    const commands = [[claim(ann)], [pay(ann, bob, 5n), start(ann, 50n)], [cashOut(ann, 0)]];
    const events = commands.flatMap((intents) => eventsOf(execute(world, intents)));
    const next = new Map<string, number>();
    for (const { key, keySequence } of events) {
      expect(keySequence).toBe(next.get(`${key}`) ?? 0);
      next.set(`${key}`, keySequence + 1);
    }
    expect(next.size).toBe(3);
  });

  it('forget lanes and requests when their time is over, in a block with events', () => {
    const until = START_MS + 60_000;
    const request = { id: new Uint8Array(16).fill(1), untilMs: until };
    const { hiLo } = testGenesis();
    const world = given(
      newWorld(testGenesis({ hiLo: { ...hiLo, lifetimeMs: 3_000_000 } })),
      [claim(ann)],
      [authorize(ann, session, until)],
      [by(start(ann, 10n), session, 1, request)],
    );
    const kinds = () => [...exportEntries(world.state)].length;
    const before = kinds();
    execute(world, [], { afterMs: 2_000_000 });
    expect(kinds()).toBe(before);
    given(world, [cashOut(ann, 0)]);
    // Game, lane and request.
    expect(kinds()).toBe(before - 3);
    expect(world.state.accounts.size).toBe(1);
    const [entry] = world.state.accounts.values();
    expect([entry?.lanes?.size, entry?.requests?.size, entry?.games?.size]).toEqual([0, 0, 0]);
  });

  it('keep a revoked lane for a command lifetime beyond its end', () => {
    const world = given(
      newWorld(),
      [claim(ann)],
      [authorize(ann, session, START_MS + 1e9)],
      [revoke(ann, 1)],
    );
    const lanes = () => [...world.state.accounts.values()][0]?.lanes?.size;
    execute(world, [start(ann, 10n)], { afterMs: 599_999 });
    expect(lanes()).toBe(1);
    execute(world, [cashOut(ann, 0)], { afterMs: 1 });
    expect(lanes()).toBe(0);
  });
});

/** The first answer that is not null. */
function firstOf<T>(count: number, attempt: (i: number) => T | null): T | null {
  for (let i = 0; i < count; i++) {
    const answer = attempt(i);
    if (answer !== null) return answer;
  }
  return null;
}
