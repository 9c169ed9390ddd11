import { encode, encodeBriefly } from '../codec/codec.js';
import { concatBytes, uint32, uint64 } from '../kernel/bytes.js';
import type { BlockHeader, EpochStart, Proposal, Result, Round } from '../types/block.js';
import type { EnvelopeHead } from '../types/command.js';
import type { Genesis } from '../types/genesis.js';
import type { StateKey } from '../types/state.js';
import { DOMAIN, taggedHash } from './domain.js';
import { merkleRootOfHashes } from './merkle.js';
import { SHA256_BYTES, sha256, sha256Prefixed } from './sha256.js';

/** Identity of a deployment: every signature and every seed hangs on it. */
export function chainIdOf(genesis: Genesis): Uint8Array {
  return taggedHash(DOMAIN.genesis, encode('Genesis', genesis));
}

/**
 * Ids of framed commands under a head, one behind the other. The head's length is fixed by its
 * schema but for the varints, so it is hashed first, once for all commands of an envelope.
 */
export function commandIds(head: EnvelopeHead, commands: readonly Uint8Array[]): Uint8Array {
  const prefix = concatBytes(DOMAIN.command, sha256(encodeBriefly('EnvelopeHead', head)));
  return sha256Prefixed(prefix, commands);
}

/** What the signer of an envelope signs: its head and the ids of its commands. */
export function envelopeMessage(head: EnvelopeHead, commandIds: Uint8Array): Uint8Array {
  const root = merkleRootOfHashes(commandIds, commandIds.length / SHA256_BYTES);
  return concatBytes(DOMAIN.envelope, root, encodeBriefly('EnvelopeHead', head));
}

/** Names whole envelope bytes, signature included. */
export function envelopeHash(envelopeBytes: Uint8Array): Uint8Array {
  return taggedHash(DOMAIN.envelopeHash, envelopeBytes);
}

export function blockDigest(header: BlockHeader): Uint8Array {
  return taggedHash(DOMAIN.block, encodeBriefly('BlockHeader', header));
}

/** Parent digest of the block at height 1, and of nothing else. */
export function genesisBlockDigest(chainId: Uint8Array, shard: number): Uint8Array {
  return taggedHash(DOMAIN.block, chainId, uint32(shard));
}

/** `previousResultDigest` of the result of height 1. */
export function genesisResultDigest(chainId: Uint8Array, shard: number): Uint8Array {
  return taggedHash(DOMAIN.result, chainId, uint32(shard));
}

/** What a validator signs to notarize or to finalize a proposal. */
export function proposalMessage(
  kind: 'notarize' | 'finalize',
  chainId: Uint8Array,
  shard: number,
  proposal: Proposal,
): Uint8Array {
  return concatBytes(DOMAIN[kind], chainId, uint32(shard), encodeBriefly('Proposal', proposal));
}

/** What a validator signs to nullify a view. */
export function roundMessage(chainId: Uint8Array, shard: number, round: Round): Uint8Array {
  return concatBytes(DOMAIN.nullify, chainId, uint32(shard), encodeBriefly('Round', round));
}

export function resultDigest(result: Result): Uint8Array {
  return taggedHash(DOMAIN.result, encodeBriefly('Result', result));
}

/** What a validator signs about a result; chain, epoch, shard and height are in the digest. */
export function resultMessage(digest: Uint8Array): Uint8Array {
  return concatBytes(DOMAIN.resultVote, digest);
}

/** What a beacon share signs: no block content, so that nothing can be ground. */
export function beaconMessage(
  chainId: Uint8Array,
  shard: number,
  epoch: number,
  height: number,
): Uint8Array {
  return concatBytes(DOMAIN.beacon, chainId, uint32(shard), uint64(epoch), uint64(height));
}

/** seed(0), known to all: no height draws from it. */
export function genesisSeed(chainId: Uint8Array, shard: number): Uint8Array {
  return taggedHash(DOMAIN.genesisSeed, chainId, uint32(shard));
}

/** seed(h) = SHA-256(tag ‖ seed(h-1) ‖ sigma(h) ‖ blockDigest(h)), sigma being the beacon. */
export function nextSeed(
  previousSeed: Uint8Array,
  beaconSignature: Uint8Array,
  digest: Uint8Array,
): Uint8Array {
  return taggedHash(DOMAIN.seed, previousSeed, beaconSignature, digest);
}

/** What recovery keys sign to have an epoch begin: all of it but its proof. */
export function epochStartMessage(start: EpochStart): Uint8Array {
  const proof = { kind: 'RecoverySignatures', signatures: [] } as const;
  return taggedHash(DOMAIN.epochStart, encodeBriefly('EpochStart', { ...start, proof }));
}

/** Hash of an event: over the whole value of its record in the events topic. */
export function eventHash(recordValue: Uint8Array): Uint8Array {
  return taggedHash(DOMAIN.event, recordValue);
}

/** The same of many, one behind the other. */
export function eventHashes(recordValues: readonly Uint8Array[]): Uint8Array {
  return sha256Prefixed(DOMAIN.event, recordValues);
}

/** Path of a leaf in the state tree. */
export function stateKeyHash(key: StateKey): Uint8Array {
  return taggedHash(DOMAIN.stateKey, encodeBriefly('StateKey', key));
}

/** `valueBytes` is a framed StateValue. */
export function stateValueHash(valueBytes: Uint8Array): Uint8Array {
  return taggedHash(DOMAIN.stateValue, valueBytes);
}
