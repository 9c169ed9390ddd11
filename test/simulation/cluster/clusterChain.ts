import { dealBeaconKeys } from '../../../infra/crypto/beaconDealer.js';
import { createNativeBeacon } from '../../../infra/crypto/nativeBeacon.js';
import { createNativeSigner, nativeVerifier } from '../../../infra/crypto/nativeSignatures.js';
import { quorum } from '../../../schemas/crypto/quorum.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import type {
  BeaconScheme,
  SignatureVerifier,
  Signer,
} from '../../../schemas/crypto/signatures.js';
import { ascii } from '../../../schemas/kernel/bytes.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import { testGenesis } from '../../vectors/engine/engineWorld.js';
import { createKeyedHashBeacon, keyedHashSigner, keyedHashVerifier } from '../keyedHashCrypto.js';

/** A chain with money on it, and every key of it. */
export interface ClusterChain {
  readonly genesis: Genesis;
  /** By validator. */
  readonly signers: readonly Signer[];
  readonly beaconSecrets: readonly Uint8Array[];
  readonly beacon: BeaconScheme;
  readonly signatures: SignatureVerifier;
  /** The key of a player. */
  signerOf(name: string): Signer;
}

const EVENT_PARTITIONS = 4;

/** Signatures and beacon out of hashes: a hundred times cheaper, and of the same forms. */
export function keyedHashChain(validators: number): ClusterChain {
  const beacon = createKeyedHashBeacon(validators, quorum(validators));
  const signers = Array.from({ length: validators }, (_, i) => keyedHashSigner(`validator ${i}`));
  const genesis = clusterGenesis(signers, beacon.keys);
  return {
    genesis,
    signers,
    beaconSecrets: beacon.secrets,
    beacon: beacon.scheme,
    signatures: keyedHashVerifier,
    signerOf: keyedHashSigner,
  };
}

/** Ed25519 and threshold BLS as in production; keys from names, so that a seed repeats. */
export async function realCryptoChain(validators: number): Promise<ClusterChain> {
  const signerOf = (name: string): Signer => createNativeSigner(sha256(ascii(`key of ${name}`)));
  const dealing = dealBeaconKeys({
    validators,
    threshold: quorum(validators),
    seed: sha256(ascii('simulated dealer')),
  });
  const signers = Array.from({ length: validators }, (_, i) => signerOf(`validator ${i}`));
  const genesis = clusterGenesis(signers, {
    threshold: dealing.threshold,
    groupKey: dealing.groupPublicKey,
    shareKeys: dealing.shares.map(({ sharePublicKey }) => sharePublicKey),
  });
  return {
    genesis,
    signers,
    beaconSecrets: dealing.shares.map(({ secretShare }) => secretShare),
    beacon: await createNativeBeacon(),
    signatures: nativeVerifier(),
    signerOf,
  };
}

function clusterGenesis(signers: readonly Signer[], beaconKeys: Genesis['beaconKeys']): Genesis {
  return testGenesis({
    name: 'simulated cluster',
    eventPartitions: EVENT_PARTITIONS,
    validators: signers.map(({ publicKey }) => publicKey),
    beaconKeys,
    beaconKeySource: 'TRUSTED_DEALER',
  });
}
