import { ascii, concatBytes } from '../kernel/bytes.js';
import { joinBriefly } from '../kernel/joinBriefly.js';
import { sha256 } from './sha256.js';

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

/** SHA-256 over a tag and parts. Parts of variable length stand last, or are framed. */
export function taggedHash(domainTag: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(joinBriefly(domainTag, parts));
}
