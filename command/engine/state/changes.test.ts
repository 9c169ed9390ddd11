import { describe, expect, it } from 'vitest';
import { accountToChange, newAccountEntry } from './accountEntry.js';
import { keep, newChanges, ownValue, rollBack, write } from './changes.js';

const noAccount = {
  kind: 'AccountValue' as const,
  balances: [],
  nextNonce: 0,
  nextAuthorization: 1,
  nextGame: 0,
  nextKeySequence: 0,
  faucetClaimedAtMs: 0,
};

function filled() {
  const changes = newChanges();
  const entry = newAccountEntry(new Uint8Array(32), 0);
  write(changes, entry.cell, noAccount);
  keep(changes);
  return { changes, entry };
}

describe('writes of a block', () => {
  it('copy a value once a command, and change the copy after that', () => {
    const { changes, entry } = filled();
    const { cell } = entry;
    const before = cell.value;
    expect(ownValue(changes, cell)).toBeNull();
    accountToChange(changes, entry).nextNonce = 7;
    accountToChange(changes, entry).nextGame = 1;
    expect(cell.value).toEqual({ ...noAccount, nextNonce: 7, nextGame: 1 });
    expect(before).toEqual(noAccount);
    expect(changes.undoLength).toBe(1);
    expect(changes.touched).toEqual([cell]);
  });

  it('leave what was kept alone when a later command is taken back', () => {
    const { changes, entry } = filled();
    accountToChange(changes, entry).nextNonce = 1;
    keep(changes);
    accountToChange(changes, entry).nextGame = 9;
    rollBack(changes);
    expect(entry.cell.value).toEqual({ ...noAccount, nextNonce: 1 });
    // What came back is an older command's: the next one changes a copy.
    const restored = entry.cell.value;
    expect(ownValue(changes, entry.cell)).toBeNull();
    accountToChange(changes, entry).nextGame = 2;
    expect(restored).toEqual({ ...noAccount, nextNonce: 1 });
    rollBack(changes);
    expect(entry.cell.value).toBe(restored);
  });
});
