import { ascii, concatBytes } from '../kernel/bytes.js';
import { sha256, sha256Into } from './sha256.js';

/**
 * One tag for each thing that is hashed or signed, so that bytes made for one purpose never pass
 * for another. A tag is prefixed by its length in one byte.
 */
export const DOMAIN = {
  genesis: tag('nullspace/v1/genesis'),
  command: tag('nullspace/v1/command'),
  envelope: tag('nullspace/v1/envelope'),
  envelopeHash: tag('nullspace/v1/envelope-hash'),
  block: tag('nullspace/v1/block'),
  notarize: tag('nullspace/v1/notarize'),
  nullify: tag('nullspace/v1/nullify'),
  finalize: tag('nullspace/v1/finalize'),
  result: tag('nullspace/v1/result'),
  resultVote: tag('nullspace/v1/result-vote'),
  beacon: tag('nullspace/v1/beacon'),
  seed: tag('nullspace/v1/seed'),
  genesisSeed: tag('nullspace/v1/genesis-seed'),
  random: tag('nullspace/v1/random'),
  event: tag('nullspace/v1/event'),
  stateKey: tag('nullspace/v1/state-key'),
  stateValue: tag('nullspace/v1/state-value'),
  epochStart: tag('nullspace/v1/epoch-start'),
  peerLink: tag('nullspace/v1/peer-link'),
  gatewaySession: tag('nullspace/v1/gateway-session'),
} as const;

function tag(name: string): Uint8Array {
  return concatBytes(Uint8Array.of(name.length), ascii(name));
}

/**
 * Inputs are joined in one kept buffer: a new array of more than 64 bytes lies outside V8's heap
 * and costs more than the hash of a short message. Views are kept by length for the same reason.
 */
const KEPT_BYTES = 1_024;
const kept = new Uint8Array(KEPT_BYTES);
const keptOfLength: Uint8Array[] = [];

/** SHA-256 over a tag and parts. Parts of variable length stand last, or are framed. */
export function taggedHash(domainTag: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(joined(domainTag, parts));
}

/** The same over a tag and one part, at a place of a larger array. */
export function taggedHashInto(
  domainTag: Uint8Array,
  part: Uint8Array,
  into: Uint8Array,
  at: number,
): void {
  sha256Into(joined(domainTag, [part]), into, at);
}

/** To be hashed at once: the next call writes over it. */
function joined(domainTag: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  let length = domainTag.length;
  for (const part of parts) length += part.length;
  if (length > KEPT_BYTES) return concatBytes(domainTag, ...parts);
  kept.set(domainTag, 0);
  let offset = domainTag.length;
  for (const part of parts) {
    kept.set(part, offset);
    offset += part.length;
  }
  return (keptOfLength[length] ??= kept.subarray(0, length));
}
