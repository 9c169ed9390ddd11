import { equalBytes } from '../../../schemas/kernel/bytes.js';
import type { AccountEntry, LaneEntry } from '../state/accountEntry.js';

/** Who acts: the account's own key, or a session. */
export type OpenLane =
  | { readonly kind: 'own'; readonly nextNonce: number }
  | { readonly kind: 'session'; readonly nextNonce: number; readonly lane: LaneEntry };

/**
 * The lane in which a signer may act for an account at a time, or null: unknown account,
 * authorization or signer, revoked, or expired. Authorization 0 is the own key and nobody else's.
 */
export function openLane(
  entry: AccountEntry,
  signer: Uint8Array,
  authorization: number,
  nowMs: number,
): OpenLane | null {
  const account = entry.cell.value;
  if (account === null) return null;
  if (authorization === 0) {
    if (!equalBytes(signer, entry.publicKey)) return null;
    return { kind: 'own', nextNonce: account.nextNonce };
  }
  const lane = entry.lanes?.get(authorization);
  const value = lane?.cell.value ?? null;
  if (lane === undefined || value === null || !equalBytes(lane.signer, signer)) return null;
  if (value.revoked || value.expiresAtMs <= nowMs) return null;
  return { kind: 'session', nextNonce: value.nextNonce, lane };
}
