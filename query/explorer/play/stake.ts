import { grouped } from '../widgets/grouped.js';
import { refusalText } from './refusalText.js';
import type { Seat } from './seat.js';

/** Digits alone, or in groups of three as the page writes them. */
const WHOLE = /^(\d+|\d{1,3}(,\d{3})+)$/;

/** The whole number of chips that was typed; null when it is none. Never another number. */
export function stakeOf(text: string): bigint | null {
  const trimmed = text.trim();
  return WHOLE.test(trimmed) ? BigInt(trimmed.replaceAll(',', '')) : null;
}

/** Why no bet at all can be made from this account just now; null when one can. */
export function purseHindrance({ balance, hasAccount }: Seat): string | null {
  if (balance === null) return null;
  if (!hasAccount) return refusalText('unknownAccount', '');
  if (balance === 0n) return 'You have no chips. The faucet gives some once a day.';
  return null;
}

/** Why `stake` cannot be bet, as far as the page can tell; null when it can. */
export function stakeHindrance(
  seat: Seat,
  stake: bigint | null,
  limits: { readonly stakeMin: bigint; readonly stakeMax: bigint } | undefined,
): string | null {
  const empty = purseHindrance(seat);
  if (empty !== null) return empty;
  if (stake === null) return 'The stake must be a whole number of chips, in digits.';
  if (limits !== undefined && (stake < limits.stakeMin || stake > limits.stakeMax)) {
    return `Stake ${grouped(limits.stakeMin)} to ${grouped(limits.stakeMax)} chips.`;
  }
  if (seat.balance !== null && stake > seat.balance) return refusalText('insufficientBalance', '');
  return null;
}
