import { describe, expect, it } from 'vitest';
import { RejectCode } from '../../../../schemas/rejectCode.js';
import type { RouletteBet, RouletteBetKind } from '../../../../schemas/types/command.js';
import { bet } from '../../../../test/vectors/engine/intents.js';
import { coveredNumbers } from './coveredNumbers.js';
import { PAYS_TO_ONE, POCKETS } from './payoutTable.js';
import { decideSpin, evolveSpin } from './roulette.js';

/** Every ascending list of up to six numbers that could be an inside bet, and some that cannot. */
function* candidates(): Generator<readonly number[]> {
  yield [];
  for (let first = -1; first <= POCKETS; first++) {
    yield [first];
    for (let second = first - 1; second <= first + 4; second++) {
      yield [first, second];
      for (let third = second; third <= second + 2; third++) {
        yield [first, second, third];
        for (let fourth = third; fourth <= third + 2; fourth++) {
          yield [first, second, third, fourth];
        }
      }
    }
    yield [0, 1, 2, 3, 4, 5].map((offset) => first + offset);
  }
}

function betsOf(kind: RouletteBetKind): RouletteBet[] {
  const seen = new Map<string, RouletteBet>();
  for (const numbers of candidates()) {
    const candidate = bet(kind, numbers, 1n);
    if (coveredNumbers(candidate) !== null) seen.set(numbers.join(), candidate);
  }
  return [...seen.values()];
}

/** Bets of each kind on a single-zero layout, and numbers each covers. */
const LAYOUT: Readonly<Record<RouletteBetKind, readonly [bets: number, covers: number]>> = {
  STRAIGHT: [37, 1],
  SPLIT: [60, 2],
  STREET: [12, 3],
  TRIO: [2, 3],
  CORNER: [22, 4],
  FIRST_FOUR: [1, 4],
  SIX_LINE: [11, 6],
  COLUMN: [3, 12],
  DOZEN: [3, 12],
  RED: [1, 18],
  BLACK: [1, 18],
  EVEN: [1, 18],
  ODD: [1, 18],
  LOW: [1, 18],
  HIGH: [1, 18],
};
const KINDS = Object.keys(LAYOUT) as RouletteBetKind[];
const rules = { betMin: 1n, stakeMax: 1_000n, payoutMax: 36_000n, betsMax: 20 };

describe('the European layout', () => {
  it.each(KINDS)('%s: as many bets as the table has, each on as many numbers', (kind) => {
    const [count, covers] = LAYOUT[kind];
    const bets = betsOf(kind);
    expect(bets).toHaveLength(count);
    for (const one of bets) {
      const numbers = coveredNumbers(one) ?? [];
      expect(new Set(numbers).size).toBe(covers);
      expect(numbers.every((number) => number >= 0 && number < POCKETS)).toBe(true);
    }
  });

  it('knows its trios, and a few bets that do not exist', () => {
    expect(betsOf('TRIO').map(({ numbers }) => numbers)).toEqual([
      [0, 1, 2],
      [0, 2, 3],
    ]);
    for (const [kind, numbers] of [
      ['SPLIT', [3, 4]],
      ['SPLIT', [2, 1]],
      ['SPLIT', [0, 4]],
      ['STREET', [0, 1, 2]],
      ['STREET', [2, 3, 4]],
      ['CORNER', [3, 4, 6, 7]],
      ['CORNER', [34, 35, 37, 38]],
      ['RED', [1]],
      ['DOZEN', [3]],
      ['COLUMN', []],
    ] as const) {
      expect(coveredNumbers(bet(kind, numbers, 1n))).toBeNull();
    }
  });
});

describe('return to player, by enumeration of the 37 numbers', () => {
  it.each(KINDS)('%s: 36/37', (kind) => {
    for (const one of betsOf(kind)) {
      const plan = decideSpin(rules, [{ ...one, amount: 100n }]);
      if (typeof plan === 'number') expect.unreachable(`refused: ${plan}`);
      let total = 0n;
      for (let number = 0; number < POCKETS; number++) {
        total += evolveSpin(plan, () => number).payout;
      }
      expect(total).toBe(36n * 100n);
      expect(plan.worst).toBe(100n * (PAYS_TO_ONE[kind] + 1n));
    }
  });

  it('adds bets up, equal ones too, and finds the worst number', () => {
    const bets = [bet('STRAIGHT', [7], 2n), bet('STRAIGHT', [7], 3n), bet('RED', [], 10n)];
    const plan = decideSpin(rules, bets);
    expect(plan).toMatchObject({ stake: 15n, worst: 5n * 36n + 20n });
    expect(decideSpin({ ...rules, betsMax: 2 }, bets)).toBe(RejectCode.badBet);
  });
});
