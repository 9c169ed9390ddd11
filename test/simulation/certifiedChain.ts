import { encode } from '../../schemas/codec/codec.js';
import { tipAfter, type Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import {
  beaconMessage,
  blockDigest,
  epochStartMessage,
  eventHash,
  nextSeed,
  proposalMessage,
  resultDigest,
  resultMessage,
} from '../../schemas/crypto/digests.js';
import type { ChainTip, EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { eventsRoot, partitionLeaf } from '../../schemas/crypto/eventsRoot.js';
import { merkleRoot } from '../../schemas/crypto/merkle.js';
import { sha256 } from '../../schemas/crypto/sha256.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { ascii, concatBytes, equalBytes, uint32 } from '../../schemas/kernel/bytes.js';
import type {
  BeaconKeys,
  CertifiedBlock,
  EpochStart,
  Result,
  SignatureEntry,
} from '../../schemas/types/block.js';
import type { PartitionLeaf } from '../../schemas/types/event.js';

/** Stand-in for signatures in tests of readers and publishers: whoever knows a key can sign. */
function keyedSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = sha256(concatBytes(publicKey, message));
  return concatBytes(half, sha256(half));
}

const signatures: SignatureVerifier = {
  verify: (publicKey, message, signature) =>
    equalBytes(keyedSignature(publicKey, message), signature),
};

export const keyedVerifiers: Verifiers = {
  signatures,
  beacon: {
    verify: (groupKey, message, signature) => equalBytes(keyedBeacon(groupKey, message), signature),
  },
};

function keyedBeacon(groupKey: Uint8Array, message: Uint8Array): Uint8Array {
  const third = sha256(concatBytes(groupKey, message));
  return concatBytes(third, sha256(third), third);
}

const named = (name: string) => sha256(ascii(name));

export const chainStart: ChainTip = {
  height: 0,
  blockDigest: named('genesis block'),
  resultDigest: named('genesis result'),
  seed: named('genesis seed'),
  timestampMs: 1_000_000,
};

function beaconKeysOf(name: string): BeaconKeys {
  const groupKey = concatBytes(named(name), named(name).subarray(0, 16));
  return { threshold: 3, groupKey, shareKeys: [] };
}

/** Four validators of a made-up chain. */
export const chainKeys: EpochKeys = {
  ...{ chainId: named('chain'), shard: 0, epoch: 0, firstHeight: 1 },
  continues: chainStart,
  validators: ['a', 'b', 'c', 'd'].map(named),
  beaconKeys: beaconKeysOf('group'),
  recoveryKeys: { threshold: 2, keys: ['r', 's', 't'].map(named) },
  start: null,
  previous: null,
};

/** The start of an epoch of four others on top of `tip`, signed by recovery keys. */
export function startEpoch(
  epoch: number,
  tip: ChainTip,
  signers: readonly number[] = [0, 2],
): EpochStart {
  const { chainId, shard, recoveryKeys } = chainKeys;
  const start: EpochStart = {
    ...{ chainId, shard, epoch, firstHeight: tip.height + 1 },
    previousBlockDigest: tip.blockDigest,
    previousResultDigest: tip.resultDigest,
    previousSeed: tip.seed,
    validators: ['e', 'f', 'g', 'h'].map((name) => named(`${name} ${epoch}`)),
    beaconKeys: beaconKeysOf(`group ${epoch}`),
    proof: { kind: 'RecoverySignatures', signatures: [] },
  };
  const message = epochStartMessage(start);
  const signatures = signers.map((signer) => ({
    signer,
    signature: keyedSignature(recoveryKeys.keys[signer]!, message),
  }));
  return { ...start, proof: { kind: 'RecoverySignatures', signatures } };
}

/** A certified height with its events by partition, as the engine would have left it. */
export interface ChainedHeight {
  readonly certified: CertifiedBlock;
  readonly leaves: readonly PartitionLeaf[];
  readonly events: readonly (readonly Uint8Array[])[];
  readonly tip: ChainTip;
}

/** Which three of the four sign: certificates of one height may differ in their signers. */
function signedBy(
  { validators }: EpochKeys,
  signers: readonly number[],
  message: Uint8Array,
): SignatureEntry[] {
  return signers.map((signer) => ({
    signer,
    signature: keyedSignature(validators[signer]!, message),
  }));
}

/** An event of a key at a place; the body says nothing of interest. */
export function chainEvent(height: number, partition: number, eventIndex: number): Uint8Array {
  return encode('EventsRecord', {
    body: {
      kind: 'EventEnvelope',
      shard: chainKeys.shard,
      partition,
      height,
      executionIndex: 1,
      eventIndex,
      keySequence: height * 1000 + eventIndex,
      timestampMs: chainStart.timestampMs + height * 100,
      key: concatBytes(ascii('key'), uint32(partition)),
      body: { kind: 'AccountCreated', by: named(`${height}/${partition}/${eventIndex}`) },
    },
  });
}

/** The next height of a chain. `lastHeights[p]` is the last height with an event in partition p. */
export function nextHeight(options: {
  readonly tip: ChainTip;
  readonly lastHeights: readonly number[];
  /** How many events fall into each partition. */
  readonly eventCounts: readonly number[];
  readonly signers?: readonly number[];
  /** Makes another history: goes into the state root. */
  readonly twist?: string;
  readonly items?: readonly Uint8Array[];
  /** Whose quorum certifies it. */
  readonly keys?: EpochKeys;
}): ChainedHeight {
  const { tip, lastHeights, eventCounts, signers = [0, 1, 2], twist = '', items = [] } = options;
  const { keys = chainKeys } = options;
  const height = tip.height + 1;
  const events = eventCounts.map((count, partition) =>
    Array.from({ length: count }, (_, index) => chainEvent(height, partition, index)),
  );
  const leaves = events.map((values, partition) =>
    partitionLeaf(lastHeights[partition] ?? 0, values.map(eventHash)),
  );
  const certified = certify({ tip, leaves, items, signers, twist, keys });
  return { certified, leaves, events, tip: tipAfter(certified) };
}

function certify(options: {
  readonly tip: ChainTip;
  readonly leaves: readonly PartitionLeaf[];
  readonly items: readonly Uint8Array[];
  readonly signers: readonly number[];
  readonly twist: string;
  readonly keys: EpochKeys;
}): CertifiedBlock {
  const { tip, leaves, items, signers, twist, keys } = options;
  const { chainId, shard, epoch, beaconKeys } = keys;
  const height = tip.height + 1;
  const header = {
    chainId,
    shard,
    epoch,
    view: height,
    height,
    parent: tip.blockDigest,
    timestampMs: chainStart.timestampMs + height * 100,
    proposer: height % 4,
    sealsBeacon: true,
    itemsRoot: merkleRoot(items),
    executed: { height: tip.height, resultDigest: tip.resultDigest },
  };
  const digest = blockDigest(header);
  const message = beaconMessage(chainId, shard, epoch, height);
  const beacon = { height, signature: keyedBeacon(beaconKeys.groupKey, message) };
  const result: Result = {
    chainId,
    epoch,
    shard,
    height,
    blockDigest: digest,
    previousResultDigest: tip.resultDigest,
    seed: nextSeed(tip.seed, beacon.signature, digest),
    stateRoot: named(`state ${height} ${twist}`),
    eventsRoot: eventsRoot(leaves),
    outboxRoots: [],
    engineVersion: 1,
  };
  const proposal = { epoch, view: height, parentView: height - 1, payload: digest };
  const finalize = proposalMessage('finalize', chainId, shard, proposal);
  return {
    block: { header, items },
    finality: {
      finalization: { proposal, signatures: signedBy(keys, signers, finalize) },
      path: [],
    },
    beacon,
    certificate: {
      result,
      signatures: signedBy(keys, signers, resultMessage(resultDigest(result))),
    },
  };
}

/** A chain of heights, each with the given events by partition. */
export function buildChain(
  eventCounts: readonly (readonly number[])[],
  signers?: readonly number[],
): ChainedHeight[] {
  const chain: ChainedHeight[] = [];
  let tip = chainStart;
  const lastHeights: number[] = [];
  for (const counts of eventCounts) {
    const next = nextHeight({ tip, lastHeights, eventCounts: counts, ...(signers && { signers }) });
    for (const [partition, count] of counts.entries()) {
      if (count > 0) lastHeights[partition] = next.tip.height;
    }
    chain.push(next);
    tip = next.tip;
  }
  return chain;
}
