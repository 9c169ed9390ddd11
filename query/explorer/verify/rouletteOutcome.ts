import type { RouletteBet } from '../../../schemas/types/command.js';
import { type DrawInputs, firstDraw } from './publicDraw.js';

const RED_NUMBERS = '1 3 5 7 9 12 14 16 18 19 21 23 25 27 30 32 34 36'.split(' ').map(Number);

/** Whether a bet of a European wheel wins on a number; inside bets name the numbers they cover. */
function wins({ kind, numbers }: RouletteBet, number: number): boolean {
  const isOutside = number !== 0;
  const red = RED_NUMBERS.includes(number);
  switch (kind) {
    case 'RED':
      return isOutside && red;
    case 'BLACK':
      return isOutside && !red;
    case 'EVEN':
      return isOutside && number % 2 === 0;
    case 'ODD':
      return number % 2 === 1;
    case 'LOW':
      return number >= 1 && number <= 18;
    case 'HIGH':
      return number >= 19;
    case 'DOZEN':
      return isOutside && Math.ceil(number / 12) - 1 === numbers[0];
    case 'COLUMN':
      return isOutside && (number + 2) % 3 === numbers[0];
    default:
      return numbers.includes(number);
  }
}

/** How many of the 37 pockets a bet covers: it pays 36 / that many, stake included. */
function pocketsCovered(bet: RouletteBet): number {
  let covered = 0;
  for (let number = 0; number <= 36; number++) if (wins(bet, number)) covered++;
  return covered;
}

/** The winning number and what the spin pays, stakes of winning bets included. */
export function rouletteOutcome(
  inputs: Omit<DrawInputs, 'purpose'>,
  bets: readonly RouletteBet[],
): { readonly number: number; readonly payout: bigint } {
  const number = firstDraw({ ...inputs, purpose: 'roulette/number' }, 37);
  let payout = 0n;
  for (const bet of bets) {
    if (wins(bet, number)) payout += (bet.amount * 36n) / BigInt(pocketsCovered(bet));
  }
  return { number, payout };
}
