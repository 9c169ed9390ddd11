import { sha256 } from '../../../../schemas/crypto/sha256.js';
import { concatBytes } from '../../../../schemas/kernel/bytes.js';
import type { CommitCrime } from './crime.js';

/** My beacon shares look like shares and are none: combined with any they spoil the beacon. */
export const falseShareSender: CommitCrime = (world) => ({
  tamper(_to, body) {
    if (body.kind === 'BeaconMessage') {
      const { beacon } = body;
      return [{ ...body, beacon: { ...beacon, signature: spoil(beacon.signature) } }];
    }
    if (body.kind !== 'BeaconShareMessage') return [body];
    // Now and then a share far ahead, which says nothing of any height that is final.
    const ahead = { ...body, height: body.height + 1 + world.prng.below(8) };
    return world.prng.chance(0.2)
      ? [
          { ...body, signature: spoil(body.signature) },
          { ...ahead, signature: spoil(body.signature) },
        ]
      : [{ ...body, signature: spoil(body.signature) }];
  },
});

function spoil(signature: Uint8Array): Uint8Array {
  const half = sha256(signature);
  return concatBytes(half, half, half).subarray(0, signature.length);
}
