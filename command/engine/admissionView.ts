import { toHex } from '../../schemas/kernel/bytes.js';
import { openLane } from './authorization/openLane.js';
import { type EngineState, findAccount } from './engineState.js';

/**
 * What the mempool and the gateway may know of the state before a command is in a block. Answers
 * are as of the last executed height and its block time.
 */
export interface AdmissionView {
  readonly height: number;
  readonly timestampMs: number;
  accountExists(account: Uint8Array): boolean;
  /** null: the signer may not act for the account now (unknown, revoked, expired, no account). */
  laneOf(
    account: Uint8Array,
    signer: Uint8Array,
    authorization: number,
  ): { readonly nextNonce: number } | null;
  /** A command with this request was executed, and is still remembered. */
  requestSeen(account: Uint8Array, id: Uint8Array): boolean;
  /** The account has a balance in any asset. */
  funded(account: Uint8Array): boolean;
}

/** A live view: it answers from `state` as it is at each call. */
export function admissionView(state: EngineState): AdmissionView {
  return {
    get height() {
      return state.height;
    },
    get timestampMs() {
      return state.timestampMs;
    },
    accountExists: (account) => findAccount(state, account) !== null,
    laneOf(account, signer, authorization) {
      const entry = findAccount(state, account);
      if (entry === null) return null;
      return openLane(entry, signer, authorization, state.timestampMs);
    },
    requestSeen(account, id) {
      const seen = findAccount(state, account)?.requests?.get(toHex(id))?.value ?? null;
      return seen !== null && seen.untilMs > state.timestampMs;
    },
    funded: (account) => (findAccount(state, account)?.cell.value?.balances.length ?? 0) > 0,
  };
}
