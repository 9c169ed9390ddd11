import { installNativeCrypto } from '../../infra/crypto/nativeSha256.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { engineChain } from '../simulation/engineChain.js';

/** Roots and result digests of the log that a seed makes, height by height. */
export function chainRoots(seed: number): readonly string[] {
  installNativeCrypto();
  return engineChain({ heights: 40, commands: 60, seed }).map(({ certified, tip }) => {
    const { stateRoot, eventsRoot } = certified.certificate.result;
    return [stateRoot, eventsRoot, tip.resultDigest].map(toHex).join(' ');
  });
}
