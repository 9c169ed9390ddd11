import { assert } from '../../../schemas/kernel/assert.js';
import type { HiLoOutcome } from '../../../schemas/types/event.js';
import type { HiLoValue } from '../../../schemas/types/state.js';
import { reserve } from '../account/house.js';
import { settleStake } from '../account/stake.js';
import { type Execution, emit } from '../execution.js';
import type { AccountEntry } from '../state/accountEntry.js';
import type { Cell, ValueOf } from '../state/cell.js';
import { write } from '../state/changes.js';

/** A game of an account that has not ended. */
export interface OpenGame {
  readonly game: number;
  readonly cell: Cell<'HiLoValue'>;
  readonly value: ValueOf<'HiLoValue'>;
}

export function findGame(account: AccountEntry, game: number): OpenGame | null {
  const cell = account.games?.get(game);
  if (cell === undefined || cell.value === null) return null;
  return { game, cell, value: cell.value };
}

/** How many games of an account have not ended. */
export function openGames({ games }: AccountEntry): number {
  let open = 0;
  for (const { value } of games?.values() ?? []) if (value !== null) open++;
  return open;
}

/** Pays what the game is worth, gives the reserve back and forgets the game. */
export function endHiLo(execution: Execution, open: OpenGame, outcome: HiLoOutcome): void {
  const { state } = execution.block;
  const { asset, stake, worth, reserved }: HiLoValue = open.value;
  const released = reserve(state, asset, -reserved);
  assert(released, 'a reserve can always be given back');
  write(state.changes, open.cell, null);
  const { game } = open;
  const payout = worth;
  emit(execution, execution.account, { kind: 'HiLoEnded', game, asset, outcome, stake, payout });
  settleStake(execution, asset, { stake, payout });
}
