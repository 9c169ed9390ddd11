import { describe, expect, it } from 'vitest';
import { endText, pendingText, tellsOfOthers } from './refusalText.js';
import { EMPTY_SEAT, type Seat } from './seat.js';
import { purseHindrance, stakeHindrance, stakeOf } from './stake.js';

const LIMITS = { stakeMin: 2n, stakeMax: 10_000n };
const seat = (balance: bigint | null, hasAccount = true): Seat => {
  return { ...EMPTY_SEAT, balance, hasAccount };
};

describe('a typed stake', () => {
  it.each([
    ['50', 50n],
    [' 50 ', 50n],
    ['1,500', 1_500n],
    ['1,234,567', 1_234_567n],
    ['0', 0n],
  ])('%j is a whole number of chips', (text, stake) => {
    expect(stakeOf(text)).toBe(stake);
  });

  it.each(['', ' ', '1.5', '1e3', '-5', '+5', '0x10', '1,5', '15,00', ',500', '1 500', '٥', 'x'])(
    '%j is none, rather than another number',
    (text) => {
      expect(stakeOf(text)).toBeNull();
    },
  );
});

describe('a bet', () => {
  it('is not for a key without an account, nor for an empty purse, whatever the stake', () => {
    for (const stake of [null, 0n, 50n]) {
      expect(stakeHindrance(seat(0n, false), stake, LIMITS)).toMatch(/no account yet.*faucet/);
      expect(stakeHindrance(seat(0n), stake, LIMITS)).toMatch(/no chips.*faucet/);
    }
    expect(purseHindrance(seat(0n, false))).toMatch(/no account yet/);
    expect(purseHindrance(seat(1n))).toBeNull();
  });

  it('is within the limits of the table and of the purse', () => {
    expect(stakeHindrance(seat(100n), null, LIMITS)).toMatch(/whole number/);
    expect(stakeHindrance(seat(100n), 1n, LIMITS)).toBe('Stake 2 to 10,000 chips.');
    expect(stakeHindrance(seat(90_000n), 10_001n, LIMITS)).toBe('Stake 2 to 10,000 chips.');
    expect(stakeHindrance(seat(100n), 101n, LIMITS)).toBe('You do not have that many chips.');
    expect(stakeHindrance(seat(100n), 100n, LIMITS)).toBeNull();
  });

  it('is not said to be hindered before the purse is known', () => {
    expect(stakeHindrance(seat(null, false), 50n, LIMITS)).toBeNull();
  });
});

describe('a command that did nothing', () => {
  const place = { commandId: 'aa', height: 9, nextNonce: 3 };
  const expired = { kind: 'expired', ...place, pending: null } as const;
  const pendingFor = (name: string) => ({ code: 1, name });

  it('is explained while it waits, and when its time is over', () => {
    expect(pendingText('unknownAccount')).toMatch(/no account yet.*sent again/);
    expect(pendingText('nonceGap')).toMatch(/\(nonce gap\)/);
    const late = { ...expired, supersededBy: null };
    expect(endText({ ...late, pending: pendingFor('unknownAccount') })).toMatch(
      /no account yet.*not taken in time/,
    );
    expect(endText(late)).toMatch(/too late/);
    expect(tellsOfOthers(late)).toBe(false);
  });

  it('whose nonce another command has used tells of another tab or device', () => {
    const superseded = { ...expired, supersededBy: 'bb' };
    expect(endText(superseded)).toMatch(/^Another tab or device played with this key/);
    const stale = { ...superseded, pending: pendingFor('staleNonce') };
    expect(endText(stale)).toMatch(/^Another tab or device played/);
    expect(tellsOfOthers(superseded)).toBe(true);
  });
});
