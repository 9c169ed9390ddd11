import { expect, it } from 'vitest';
import { present } from '../../../schemas/kernel/assert.js';
import { uint32 } from '../../../schemas/kernel/bytes.js';
import { type Cell, emptyCell, type ValueOf } from './cell.js';
import { addDeadline, newGameDeadlines, takeOverdue } from './gameDeadlines.js';

function game(number: number, expiresAtMs: number): Cell {
  const account = new Uint8Array(32);
  account.set(uint32(number));
  const cell = emptyCell<'HiLoValue'>({ kind: 'GameKey', account, game: number });
  const amounts = { stake: 1n, worth: 1n, reserved: 0n };
  cell.value = { kind: 'HiLoValue', asset: 0, card: 0, guesses: 0, ...amounts, expiresAtMs };
  return cell as unknown as Cell;
}

function postpone(cell: Cell, expiresAtMs: number): void {
  cell.value = { ...present(cell.value as ValueOf<'HiLoValue'> | null, 'game'), expiresAtMs };
}

it('answers each overdue game once, at its present end, earliest first', () => {
  const deadlines = newGameDeadlines();
  const [first, second, third] = [game(1, 10), game(2, 20), game(3, 30)];
  for (const cell of [third, first, second]) addDeadline(deadlines, cell);
  postpone(first, 25);
  second.value = null;
  expect(takeOverdue(deadlines, 24)).toBeNull();
  expect([takeOverdue(deadlines, 30), takeOverdue(deadlines, 30)]).toEqual([first, third]);
  expect(takeOverdue(deadlines, 1_000)).toBeNull();
});

it('keeps no more than twice the open games, however many there were', () => {
  const deadlines = newGameDeadlines();
  const open = Array.from({ length: 600 }, (_, i) => game(i, 1_000_000));
  for (const cell of open) addDeadline(deadlines, cell);
  for (let i = 0; i < 20_000; i++) {
    const short = game(1_000 + i, 1_000_000);
    addDeadline(deadlines, short);
    short.value = null;
    expect(deadlines.heap.length).toBeLessThanOrEqual(2 * open.length + 1);
  }
  const taken = open.map(() => takeOverdue(deadlines, 1_000_000));
  expect(new Set(taken)).toEqual(new Set(open));
});
