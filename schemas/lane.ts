import { equalBytes } from './kernel/bytes.js';
import { EXPIRY_PROOF_WINDOW_MS } from './limits.js';
import type { StateKey, StateValue } from './types/state.js';

/** Nonces are dense per account, signer and authorization. */
export interface Lane {
  readonly account: Uint8Array;
  readonly signer: Uint8Array;
  readonly authorization: number;
}

/** The account's own key acts under authorization 0. */
function isOwnLane({ account, signer, authorization }: Lane): boolean {
  return authorization === 0 && equalBytes(account, signer);
}

/** The leaf of the state that holds a lane's next nonce: the account's own for its own key. */
export function laneStateKey(lane: Lane): StateKey['key'] {
  const { account, signer, authorization } = lane;
  if (isOwnLane(lane)) return { kind: 'AccountKey', account };
  return { kind: 'LaneKey', account, signer, authorization };
}

/** Next nonce of the lane whose leaf this is; 0 where nothing has been executed yet. */
export function nextNonceOf(value: StateValue['value'] | null): number {
  if (value?.kind === 'AccountValue' || value?.kind === 'LaneValue') return value.nextNonce;
  return 0;
}

/**
 * Whether the leaf of a command's lane, at a block time, shows that the command never executed and
 * never can. Lanes of session keys leave the state `maxCommandLifetimeMs` after their
 * authorization, so their absence says so only soon after the expiry.
 */
export function showsUnused(
  command: Lane & { readonly nonce: number; readonly expiresAtMs: number },
  value: StateValue['value'] | null,
  blockTimeMs: number,
): boolean {
  if (blockTimeMs < command.expiresAtMs) return false;
  const isGone = value === null && !isOwnLane(command);
  if (isGone && blockTimeMs > command.expiresAtMs + EXPIRY_PROOF_WINDOW_MS) return false;
  return nextNonceOf(value) <= command.nonce;
}
