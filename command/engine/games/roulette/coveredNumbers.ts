import { unreachable } from '../../../../schemas/kernel/assert.js';
import type { RouletteBet } from '../../../../schemas/types/command.js';
import { POCKETS } from './payoutTable.js';

/**
 * The layout: 0 above three columns and twelve rows; row r holds 3r+1, 3r+2, 3r+3, so a number's
 * neighbour in its row is one away, and in its column three away. 0 touches 1, 2 and 3.
 */
const LAST_NUMBER = POCKETS - 1;
const COLUMNS = 3;

const NUMBERS: readonly number[] = Array.from({ length: LAST_NUMBER }, (_, i) => i + 1);
/** The red pockets of every single-zero wheel. */
const RED = [1, 3, 5, 7, 9, 12, 14, 16, 18, 19, 21, 23, 25, 27, 30, 32, 34, 36];
const BLACK = NUMBERS.filter((number) => !RED.includes(number));
const EVEN = NUMBERS.filter((number) => number % 2 === 0);
const ODD = NUMBERS.filter((number) => number % 2 === 1);
const LOW = NUMBERS.slice(0, 18);
const HIGH = NUMBERS.slice(18);
const THIRDS = [0, 1, 2];
/** Column 0 holds 1, 4, …, 34. */
const COLUMN = THIRDS.map((column) =>
  NUMBERS.filter((number) => (number - 1) % COLUMNS === column),
);
/** Dozen 0 holds 1 to 12. */
const DOZEN = THIRDS.map((dozen) => NUMBERS.slice(12 * dozen, 12 * dozen + 12));

/**
 * The numbers a bet covers, or null when there is no such bet. `numbers` must be exactly what the
 * kind says: for inside bets the numbers covered, ascending; the index for COLUMN and DOZEN; for
 * the others nothing.
 */
export function coveredNumbers(bet: RouletteBet): readonly number[] | null {
  const { kind, numbers } = bet;
  switch (kind) {
    case 'STRAIGHT':
    case 'SPLIT':
    case 'STREET':
    case 'CORNER':
    case 'SIX_LINE':
    case 'TRIO':
    case 'FIRST_FOUR':
      return isInsideBet(bet) ? numbers : null;
    case 'COLUMN':
      return numbers.length === 1 ? (COLUMN[numbers[0]!] ?? null) : null;
    case 'DOZEN':
      return numbers.length === 1 ? (DOZEN[numbers[0]!] ?? null) : null;
    case 'RED':
      return numbers.length === 0 ? RED : null;
    case 'BLACK':
      return numbers.length === 0 ? BLACK : null;
    case 'EVEN':
      return numbers.length === 0 ? EVEN : null;
    case 'ODD':
      return numbers.length === 0 ? ODD : null;
    case 'LOW':
      return numbers.length === 0 ? LOW : null;
    case 'HIGH':
      return numbers.length === 0 ? HIGH : null;
    default:
      return unreachable(kind);
  }
}

function isInsideBet({ kind, numbers }: RouletteBet): boolean {
  const first = numbers[0];
  if (first === undefined || first < 0 || first > LAST_NUMBER) return false;
  switch (kind) {
    case 'STRAIGHT':
      return numbers.length === 1;
    case 'SPLIT':
      return isSplit(numbers, first);
    case 'STREET':
      return startsRow(first) && covers(numbers, first, [0, 1, 2]);
    case 'CORNER':
      return isCornerStart(first) && covers(numbers, first, [0, 1, 3, 4]);
    case 'SIX_LINE':
      return startsRow(first) && first < 34 && covers(numbers, first, [0, 1, 2, 3, 4, 5]);
    case 'TRIO':
      return first === 0 && (covers(numbers, 0, [0, 1, 2]) || covers(numbers, 0, [0, 2, 3]));
    case 'FIRST_FOUR':
      return first === 0 && covers(numbers, 0, [0, 1, 2, 3]);
    default:
      return false;
  }
}

/** Side by side in a row, one above the other in a column, or 0 with 1, 2 or 3. */
function isSplit(numbers: readonly number[], first: number): boolean {
  const second = numbers[1];
  if (numbers.length !== 2 || second === undefined || second > LAST_NUMBER) return false;
  if (first === 0) return second >= 1 && second <= COLUMNS;
  return second === first + COLUMNS || (second === first + 1 && first % COLUMNS !== 0);
}

function startsRow(number: number): boolean {
  return number >= 1 && number % COLUMNS === 1;
}

/** Neither in the last column nor in the last row. */
function isCornerStart(number: number): boolean {
  return number >= 1 && number <= 32 && number % COLUMNS !== 0;
}

function covers(numbers: readonly number[], first: number, offsets: readonly number[]): boolean {
  if (numbers.length !== offsets.length) return false;
  return offsets.every((offset, i) => numbers[i] === first + offset);
}
