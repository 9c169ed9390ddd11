import type { VerifiedOutcome } from '../../../command/client/verifyOutcome.js';
import type { RejectName } from '../../../schemas/rejectCode.js';
import { inWords } from '../widgets/words.js';

/** Refusals that a player may meet here, in plain words. */
const TEXTS: Partial<Record<RejectName, string>> = {
  faucetTooSoon: 'You have had chips from the faucet already; it gives again after a day.',
  faucetBlockFull: 'Many are at the faucet just now. Try again in a moment.',
  faucetEmpty: 'The faucet is empty.',
  faucetPoolFull: 'Many are at the faucet just now. Try again in a moment.',
  insufficientBalance: 'You do not have that many chips.',
  stakeOutOfRange: 'The stake is outside the limits of the table.',
  badBet: 'The table does not take such a bet.',
  badAmount: 'That is not an amount to stake.',
  payoutAboveCap: 'That could win more than the table pays. Stake less.',
  houseExposed: 'The house cannot cover such a win just now. Stake less.',
  gameNotFound: 'That game has ended already.',
  badMove: 'That guess cannot win on this card.',
  tooManyGames: 'You have as many open games as one account may have. End one first.',
  unknownAccount: 'This key is no account yet. Get chips from the faucet first.',
  rateLimited: 'That was too fast. Try again in a moment.',
  accountPoolFull: 'Too many of your moves are still under way. Wait for them.',
  poolFull: 'The validators have more to do than they can hold. Try again in a moment.',
  unavailable: 'No validator is within the gateway’s reach. Try again in a moment.',
  expired: 'It came too late to be played. Nothing was staked.',
};

export function refusalText(name: string, detail: string): string {
  return TEXTS[name as RejectName] ?? `It was refused: ${detail === '' ? name : detail}.`;
}

/** Why validators do not hold a command yet, where a player can make something of it. */
const PENDING: Partial<Record<RejectName, string>> = {
  unknownAccount: 'This key is no account yet. Chips from the faucet make it one.',
  staleNonce: 'Another tab or device has played with this key.',
  nonceConflict: 'Another tab or device is playing with this key.',
  accountPoolFull: 'Too many of your moves are still under way.',
  poolFull: 'The validators have more to do than they can hold.',
  faucetPoolFull: 'Many are at the faucet just now.',
  unavailable: 'No validator is within the gateway’s reach.',
};

function pendingReason(name: string): string {
  return (
    PENDING[name as RejectName] ??
    `The validators do not take it yet (${inWords(name).toLowerCase()}).`
  );
}

/** Said while a command is sent again and again. */
export function pendingText(name: string): string {
  return `${pendingReason(name)} It is sent again for up to half a minute.`;
}

/** Why a command did nothing; null when it was executed. */
export function endText(outcome: VerifiedOutcome): string | null {
  if (outcome.kind === 'executed') return null;
  if (outcome.kind === 'refused') return refusalText(outcome.name, outcome.detail);
  if (outcome.supersededBy !== null) {
    return 'Another tab or device played with this key, so your move was not played. Look again.';
  }
  if (outcome.pending === null) return refusalText('expired', '');
  return `${pendingReason(outcome.pending.name)} It was not taken in time, and nothing was staked.`;
}

/** Whether the account stands otherwise than this page had shown. */
export function tellsOfOthers(outcome: VerifiedOutcome): boolean {
  if (outcome.kind === 'expired') return outcome.supersededBy !== null;
  return outcome.kind === 'refused' && outcome.name === 'gameNotFound';
}
