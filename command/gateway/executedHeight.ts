import { decodeCertified, encode } from '../../schemas/codec/codec.js';
import { verifyResultCertificate } from '../../schemas/crypto/certifiedBlock.js';
import { blockDigest, eventHash } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { eventsRoot } from '../../schemas/crypto/eventsRoot.js';
import {
  type MerkleLevels,
  merkleLevels,
  merklePathIn,
  merkleRoot,
} from '../../schemas/crypto/merkle.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import type { ProvenEvent } from '../../schemas/gateway/protocol.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import type { BlockHeader, ResultCertificate } from '../../schemas/types/block.js';
import type { EventEnvelope } from '../../schemas/types/event.js';
import type { ExecutedHeight } from '../../schemas/types/wire.js';

export interface LocatedEvent {
  readonly value: Uint8Array;
  readonly event: EventEnvelope;
  /** Its place in the partition's list of this height. */
  readonly index: number;
}

/** A height whose certificate and every event have been checked. */
export interface VerifiedHeight {
  readonly height: number;
  readonly timestampMs: number;
  readonly blockDigest: Uint8Array;
  readonly header: BlockHeader;
  readonly certificate: ResultCertificate;
  /** Framed, as hex: it goes to everybody whose command ended here. */
  certificateHex(): string;
  /** By execution index, each in event order. */
  readonly eventsOf: ReadonlyMap<number, readonly LocatedEvent[]>;
  readonly events: readonly LocatedEvent[];
  /** The event with its way up to the certificate. */
  prove(located: LocatedEvent): ProvenEvent;
}

/** The events as the leaves count them, or null when there are others. */
function byPartition({ leaves, events }: ExecutedHeight): Uint8Array[][] | null {
  let at = 0;
  const lists: Uint8Array[][] = [];
  for (const { count } of leaves) {
    const list = events.slice(at, at + count);
    if (list.length !== count) return null;
    lists.push(list);
    at += count;
  }
  return at === events.length ? lists : null;
}

/** Of values that a quorum has certified. */
function locate(values: readonly Uint8Array[]): LocatedEvent[] {
  return values.map((value, index): LocatedEvent => {
    const { body } = decodeCertified('EventsRecord', value);
    assert(body.kind === 'EventEnvelope', 'certified as an event, and is none');
    return { value, event: body, index };
  });
}

/**
 * Checks what a validator says of a height against the keys alone: a quorum signed the result, the
 * header is that of its block (so the block time is proven too), the leaves hash to its events
 * root, and the events are exactly the leaves'. Null when anything is off: another validator is
 * asked then.
 */
export function verifyExecutedHeight(
  message: ExecutedHeight,
  keys: EpochKeys,
  partitions: number,
  verifier: SignatureVerifier,
): VerifiedHeight | null {
  const { certificate, leaves, header } = message;
  const { result } = certificate;
  if (leaves.length !== partitions || header.height !== result.height) return null;
  if (!equalBytes(blockDigest(header), result.blockDigest)) return null;
  if (!equalBytes(eventsRoot(leaves), result.eventsRoot)) return null;
  const values = byPartition(message);
  if (values === null) return null;
  const hashes = values.map((list) => list.map(eventHash));
  for (const [partition, leaf] of leaves.entries()) {
    const list = present(hashes[partition], 'partition');
    if (!equalBytes(leaf.eventsRoot, merkleRoot(list))) return null;
  }
  if (!verifyResultCertificate(certificate, keys, verifier)) return null;
  const events = values.flatMap(locate);
  let certificateHex: string | null = null;
  return {
    height: result.height,
    timestampMs: header.timestampMs,
    blockDigest: result.blockDigest,
    header,
    certificate,
    certificateHex: () => (certificateHex ??= toHex(encode('ResultCertificate', certificate))),
    events,
    eventsOf: groupByExecution(events),
    prove: prover(leaves, hashes),
  };
}

function groupByExecution(
  events: readonly LocatedEvent[],
): ReadonlyMap<number, readonly LocatedEvent[]> {
  const groups = new Map<number, LocatedEvent[]>();
  for (const located of events) {
    const { executionIndex } = located.event;
    const group = groups.get(executionIndex);
    if (group === undefined) groups.set(executionIndex, [located]);
    else group.push(located);
  }
  for (const group of groups.values()) {
    group.sort((a, b) => a.event.eventIndex - b.event.eventIndex);
  }
  return groups;
}

/**
 * Trees are built when the first proof of their partition is asked for; their nodes stand in many
 * proofs, and are written as hex once.
 */
function prover(
  leaves: ExecutedHeight['leaves'],
  hashes: readonly (readonly Uint8Array[])[],
): VerifiedHeight['prove'] {
  const leafBytes = leaves.map((leaf) => encode('PartitionLeaf', leaf));
  const trees = new Map<number, MerkleLevels>();
  const hexes = new Map<Uint8Array, string>();
  const hexOf = (node: Uint8Array): string => {
    let hex = hexes.get(node);
    if (hex === undefined) hexes.set(node, (hex = toHex(node)));
    return hex;
  };
  let top: MerkleLevels | null = null;
  return ({ value, event, index }) => {
    const { partition } = event;
    top ??= merkleLevels(leafBytes);
    let tree = trees.get(partition);
    if (tree === undefined) {
      tree = merkleLevels(present(hashes[partition], 'partition'));
      trees.set(partition, tree);
    }
    return {
      value: toHex(value),
      partition,
      index,
      path: merklePathIn(tree, index).map(hexOf),
      leaf: hexOf(present(leafBytes[partition], 'leaf')),
      leafPath: merklePathIn(top, partition).map(hexOf),
    };
  };
}
