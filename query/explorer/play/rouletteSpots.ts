import type { RouletteBet } from '../../../schemas/types/command.js';

/** A place of the cloth that takes chips. */
export interface Spot {
  readonly id: string;
  readonly title: string;
  /** What is written on it. */
  readonly short: string;
  readonly bet: Pick<RouletteBet, 'kind' | 'numbers'>;
}

export const CHIPS: readonly bigint[] = [1n, 5n, 25n, 100n, 500n];

const RED = new Set([1, 3, 5, 7, 9, 12, 14, 16, 18, 19, 21, 23, 25, 27, 30, 32, 34, 36]);

function straight(number: number): Spot {
  const bet = { kind: 'STRAIGHT', numbers: [number] } as const;
  return { id: `n${number}`, title: `number ${number}`, short: String(number), bet };
}

export const ZERO: Spot = straight(0);

/** In the order of the cloth: a street after the other, its highest number first. */
export const STRAIGHTS: readonly Spot[] = Array.from({ length: 36 }, (_, place) =>
  straight(3 * Math.floor(place / 3) + 3 - (place % 3)),
);

function outside(kind: RouletteBet['kind'], short: string, title: string, index?: number): Spot {
  const numbers = index === undefined ? [] : [index];
  return { id: `${kind}${index ?? ''}`, title, short, bet: { kind, numbers } };
}

export const OUTSIDE: readonly Spot[] = [
  outside('DOZEN', '1–12', 'the first dozen, 1–12', 0),
  outside('DOZEN', '13–24', 'the second dozen, 13–24', 1),
  outside('DOZEN', '25–36', 'the third dozen, 25–36', 2),
  outside('COLUMN', '1, 4, 7…', 'the column 1, 4, 7…', 0),
  outside('COLUMN', '2, 5, 8…', 'the column 2, 5, 8…', 1),
  outside('COLUMN', '3, 6, 9…', 'the column 3, 6, 9…', 2),
  outside('RED', 'Red', 'red'),
  outside('BLACK', 'Black', 'black'),
  outside('EVEN', 'Even', 'even'),
  outside('ODD', 'Odd', 'odd'),
  outside('LOW', '1–18', 'low, 1–18'),
  outside('HIGH', '19–36', 'high, 19–36'),
];

export function spotColour({ bet, short }: Spot): 'red' | 'black' | 'green' | 'plain' {
  if (bet.kind === 'RED') return 'red';
  if (bet.kind === 'BLACK') return 'black';
  if (bet.kind !== 'STRAIGHT') return 'plain';
  if (short === '0') return 'green';
  return RED.has(Number(short)) ? 'red' : 'black';
}
