/**
 * Names a nonce lane: (account, signer, authorization). Account and signer are keys of one length;
 * an account's own lane, the common one, has the shorter name of its own key alone.
 */
export function laneKey(accountKey: string, signerKey: string, authorization: number): string {
  if (authorization === 0 && accountKey === signerKey) return accountKey;
  return `${accountKey}${signerKey}${authorization}`;
}
