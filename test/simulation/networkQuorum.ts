import { readKeyFile } from '../../infra/crypto/keyFile.js';
import { createNativeBeacon } from '../../infra/crypto/nativeBeacon.js';
import { createNativeSigner } from '../../infra/crypto/nativeSignatures.js';
import type { DevelopmentNetwork } from '../../infra/genesis/developmentNetwork.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import type { Quorum } from './engineChain.js';

/** The one validator of a network, as a quorum. */
export async function networkQuorum({ genesis, keyPaths }: DevelopmentNetwork): Promise<Quorum> {
  const scheme = await createNativeBeacon();
  const { seed, beaconShare } = readKeyFile(present(keyPaths[0], 'a key'));
  const signer = createNativeSigner(seed);
  const secret = present(beaconShare, 'a share of the beacon');
  return {
    keys: genesisEpoch(genesis, 0),
    sign: (message) => [{ signer: 0, signature: signer.sign(message) }],
    beacon: (message) => {
      const signature = scheme.signShare(secret, message);
      return present(scheme.combine([{ index: 0, signature }], 1), 'a beacon');
    },
  };
}
