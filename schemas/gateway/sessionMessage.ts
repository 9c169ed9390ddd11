import { DOMAIN } from '../crypto/domain.js';
import { concatBytes, uint64 } from '../kernel/bytes.js';

/** What a client signs to open a session: worth nothing for another challenge, chain or lane. */
export function sessionMessage(options: {
  readonly chainId: Uint8Array;
  readonly challenge: Uint8Array;
  readonly account: Uint8Array;
  readonly signer: Uint8Array;
  readonly authorization: number;
}): Uint8Array {
  const { chainId, challenge, account, signer, authorization } = options;
  const lane = concatBytes(account, signer, uint64(authorization));
  return concatBytes(DOMAIN.gatewaySession, chainId, challenge, lane);
}
