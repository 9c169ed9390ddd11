import { signatureContract } from '../../test/contracts/signature.js';
import { createSigner, portableVerifier } from './ed25519.js';

signatureContract('noble points', portableVerifier, createSigner);
