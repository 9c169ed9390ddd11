import { randomBytes } from 'node:crypto';
import { createStateQueries } from '../../command/gateway/stateQueries.js';
import type { StateReader } from '../../query/ports.js';
import { encode } from '../../schemas/codec/codec.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { createNativeSigner, nativeVerifier } from '../crypto/nativeSignatures.js';
import type { AdapterLog } from '../postgres/connection.js';
import { dialValidators } from '../websocket/validatorLinks.js';

export interface DialledStates extends StateReader {
  connected(): readonly number[];
  close(): void;
}

/** Leaves of the certified state, from whichever validator answers with a proof that holds. */
export function dialStates(options: {
  readonly keys: EpochKeys;
  /** By validator index. */
  readonly urls: readonly string[];
  readonly log: AdapterLog;
}): DialledStates {
  const { keys, urls, log } = options;
  const verifier = nativeVerifier();
  const links = dialValidators({
    urls,
    validators: keys.validators,
    identity: {
      chainId: keys.chainId,
      role: 'READER',
      signer: createNativeSigner(new Uint8Array(randomBytes(32))),
      verifier,
    },
    onOpen: (validator) => log.debug({ validator }, 'validator reached'),
    onMessage: (validator, body) => {
      if (body.kind === 'StateAnswer') queries.onAnswer(validator, body);
    },
    onRefused: (validator, error) => log.debug({ validator, code: error.code }, error.message),
  });
  const clock = {
    nowMs: () => Date.now(),
    after: (delayMs: number, run: () => void) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
  const queries = createStateQueries({ keys, verifier, links, clock });
  return {
    async read(key, height) {
      const state = await queries.ask(key, height);
      if (state === null) return null;
      return {
        value: state.valueBytes,
        proof: encode('StateProof', state.proof),
        certificate: encode('ResultCertificate', state.certificate),
        height: state.certificate.result.height,
      };
    },
    connected: () => links.connected(),
    close: () => links.close(),
  };
}
