import { byteKey } from '../../schemas/kernel/byteKey.js';
import type { Lane } from '../../schemas/lane.js';

/**
 * Names a nonce lane: (account, signer, authorization). Account and signer are keys of one length;
 * an account's own lane, the common one, has the shorter name of its own key alone.
 */
export function laneKey(accountKey: string, signerKey: string, authorization: number): string {
  if (authorization === 0 && accountKey === signerKey) return accountKey;
  return `${accountKey}${signerKey}${authorization}`;
}

/** The same of a lane whose keys are at hand as bytes. */
export function laneKeyOf({ account, signer, authorization }: Lane): string {
  return laneKey(byteKey(account), byteKey(signer), authorization);
}
