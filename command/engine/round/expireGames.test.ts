import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RejectCode } from '../../../schemas/rejectCode.js';
import {
  balance,
  eventsOf,
  execute,
  given,
  newWorld,
  person,
  testGenesis,
} from '../../../test/vectors/engine/engineWorld.js';
import { cashOut, claim, guess, start } from '../../../test/vectors/engine/intents.js';
import { exportEntries, importState, stateRoot } from '../snapshot.js';

const ann = person('ann');
const bob = person('bob');
const { lifetimeMs } = testGenesis().hiLo;

function bodiesAtStart(executed: ReturnType<typeof execute>) {
  return eventsOf(executed)
    .filter(({ executionIndex }) => executionIndex === 0)
    .map(({ body }) => body);
}

describe('a game that nobody moves', () => {
  it('ends in the first block at its time, pays its worth and gives the reserve back', () => {
    const world = given(newWorld(), [claim(ann)], [start(ann, 1_000n)]);
    expect(bodiesAtStart(execute(world, [], { afterMs: lifetimeMs - 1 }))).toEqual([]);
    const bodies = bodiesAtStart(execute(world, [], { afterMs: 1 }));
    const paid = { kind: 'BalanceChanged', delta: 1_000n, reason: 'PAYOUT', commandId: null };
    expect(bodies).toMatchObject([
      { kind: 'HiLoEnded', game: 0, outcome: 'EXPIRED', stake: 1_000n, payout: 1_000n },
      { ...paid, balance: 10_000n },
    ]);
    const { inPlay, reserved } = world.state.houses[0]?.cell.value ?? {};
    expect({ inPlay, reserved }).toEqual({ inPlay: 0n, reserved: 0n });
    const { receipts } = execute(world, [cashOut(ann, 0)]);
    expect(receipts).toMatchObject([{ code: RejectCode.gameNotFound }]);
  });

  it('is put off by every move', () => {
    const world = given(newWorld(), [claim(ann)], [start(ann, 1_000n)]);
    const card = world.state.accounts.values().next().value?.games?.get(0)?.value?.card ?? 0;
    const half = { afterMs: lifetimeMs / 2 };
    const said = card % 13 < 6 ? 'HIGHER' : 'LOWER';
    const moved = execute(world, [guess(ann, 0, said)], half);
    const lost = eventsOf(moved).some(({ body }) => body.kind === 'HiLoEnded');
    expect(lost, 'the seed of this height keeps the game open').toBe(false);
    expect(bodiesAtStart(execute(world, [], half))).toEqual([]);
    expect(bodiesAtStart(execute(world, [], half))).toMatchObject([{ outcome: 'EXPIRED' }, {}]);
  });

  it('is over before a command of the block at its time can move it', () => {
    const world = given(newWorld(), [claim(ann)], [start(ann, 1_000n)]);
    const executed = execute(world, [guess(ann, 0, 'SAME')], { afterMs: lifetimeMs });
    expect(executed.receipts).toMatchObject([{ code: RejectCode.gameNotFound }]);
    expect(balance(world, ann)).toBe(10_000n);
  });

  it('ends at the same height whether the state was grown or imported', () => {
    const step = fc.record({
      who: fc.constantFrom(ann, bob),
      act: fc.constantFrom('start', 'guess', 'cashOut', 'wait'),
      game: fc.nat(5),
      afterMs: fc.integer({ min: 1, max: lifetimeMs }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.nat(24), (steps, importAt) => {
        const grown = given(newWorld(), [claim(ann), claim(bob)]);
        let other = { ...grown };
        steps.forEach(({ who, act, game, afterMs }, i) => {
          if (i === Math.min(importAt, steps.length - 1)) {
            const { genesis, height, timestampMs } = grown.state;
            const entries = exportEntries(grown.state);
            const state = importState(genesis, 0, height, entries, timestampMs);
            if (state === null) expect.unreachable('an exported state cannot be imported');
            other = { ...grown, state };
          }
          const acts = {
            start: [start(who, 10n)],
            guess: [guess(who, game, 'HIGHER')],
            cashOut: [cashOut(who, game)],
            wait: [],
          };
          execute(grown, acts[act], { afterMs });
          if (other.state !== grown.state) execute(other, acts[act], { afterMs });
          expect(stateRoot(other.state)).toEqual(stateRoot(grown.state));
        });
      }),
      { numRuns: 30 },
    );
  });
});
