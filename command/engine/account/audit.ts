import { assert } from '../../../schemas/kernel/assert.js';
import type { HouseValue } from '../../../schemas/types/state.js';
import type { EngineState } from '../engineState.js';
import type { Cell } from '../state/cell.js';

/** What the leaves of one asset gained in a block. */
interface Tally {
  accounts: bigint;
  inPlay: bigint;
  reserved: bigint;
}

/** Double entry, checked at every height; a difference is a bug and stops the process before a
 * result is signed. Costs a few additions a touched leaf. */
export function audit(state: EngineState): void {
  const fault = booksFault(state);
  assert(fault === null, `audit at height ${state.height + 1}: ${fault}`);
}

/**
 * Whether the writes since the last commit keep the books, found independently of the postings:
 * what the touched leaves gained must be what the house's books say they gained, and the books must
 * add to the supply. Null when all is well.
 */
export function booksFault(state: EngineState): string | null {
  const tallies = new Map<number, Tally>();
  for (const { asset } of state.houses) {
    tallies.set(asset, { accounts: 0n, inPlay: 0n, reserved: 0n });
  }
  for (const { value, committed } of state.changes.touched) {
    if (!addToTally(tallies, value, 1n)) return 'a leaf of an unknown asset';
    if (!addToTally(tallies, committed, -1n)) return 'a leaf of an unknown asset';
  }
  for (const { asset, cell } of state.houses) {
    const tally = tallies.get(asset);
    const fault = tally === undefined ? null : houseFault(cell.value, cell.committed, tally);
    if (fault !== null) return `asset ${asset}: ${fault}`;
  }
  return null;
}

function houseFault(
  now: HouseValue | null,
  before: HouseValue | null,
  tally: Tally,
): string | null {
  if (now === null) return 'no books';
  if (now.accounts - (before?.accounts ?? 0n) !== tally.accounts) return 'balances differ';
  if (now.inPlay - (before?.inPlay ?? 0n) !== tally.inPlay) return 'stakes in play differ';
  if (now.reserved - (before?.reserved ?? 0n) !== tally.reserved) return 'reserves differ';
  const sum = now.accounts + now.inPlay + now.bankroll + now.faucet;
  if (sum !== now.issued) return 'the books do not add to the supply';
  if (before !== null && now.issued !== before.issued) return 'the supply changed';
  const sides = [now.accounts, now.inPlay, now.bankroll, now.reserved, now.faucet];
  if (sides.some((side) => side < 0n)) return 'a side of the books is below zero';
  return now.reserved > now.bankroll ? 'more is reserved than there is' : null;
}

/** False: the value names an asset that genesis does not. */
function addToTally(tallies: Map<number, Tally>, value: Cell['value'], sign: 1n | -1n): boolean {
  if (value === null) return true;
  if (value.kind === 'AccountValue') {
    for (const { asset, amount } of value.balances) {
      const tally = tallies.get(asset);
      if (tally === undefined) return false;
      tally.accounts += sign * amount;
    }
  }
  if (value.kind !== 'HiLoValue') return true;
  const tally = tallies.get(value.asset);
  if (tally === undefined) return false;
  tally.inPlay += sign * value.stake;
  tally.reserved += sign * value.reserved;
  return true;
}
