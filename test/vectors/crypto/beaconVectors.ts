import { dealBeaconKeys } from '../../../infra/crypto/beaconDealer.js';
import { portableBeacon } from '../../../schemas/crypto/bls.js';
import { present } from '../../../schemas/kernel/assert.js';
import { ascii, toHex } from '../../../schemas/kernel/bytes.js';

/** A dealt key of threshold 3 of 4 and one message signed with it; bytes in hex. */
export interface BeaconVectors {
  readonly dealerSeed: string;
  readonly threshold: number;
  readonly groupPublicKey: string;
  readonly message: string;
  readonly shares: readonly {
    readonly index: number;
    readonly secretShare: string;
    readonly sharePublicKey: string;
    readonly signature: string;
  }[];
  readonly signature: string;
}

const VALIDATORS = 4;
const THRESHOLD = 3;

/** Made with noble; the same on every run. */
export function beaconVectors(): BeaconVectors {
  const seed = new Uint8Array(32).map((_, i) => i);
  const message = ascii('nullspace beacon vector');
  const dealing = dealBeaconKeys({ validators: VALIDATORS, threshold: THRESHOLD, seed });
  const shares = dealing.shares.map(({ secretShare }, index) => ({
    index,
    signature: portableBeacon.signShare(secretShare, message),
  }));
  return {
    dealerSeed: toHex(seed),
    threshold: THRESHOLD,
    groupPublicKey: toHex(dealing.groupPublicKey),
    message: toHex(message),
    shares: dealing.shares.map(({ secretShare, sharePublicKey }, index) => ({
      index,
      secretShare: toHex(secretShare),
      sharePublicKey: toHex(sharePublicKey),
      signature: toHex(present(shares[index], 'share').signature),
    })),
    signature: toHex(
      present(portableBeacon.combine(shares.slice(0, THRESHOLD), VALIDATORS), 'combined'),
    ),
  };
}
