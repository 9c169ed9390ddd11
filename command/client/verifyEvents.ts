import { decode } from '../../schemas/codec/codec.js';
import { verifyResultCertificate } from '../../schemas/crypto/certifiedBlock.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { verifyMerklePath } from '../../schemas/crypto/merkle.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import type { ProvenEvent } from '../../schemas/gateway/protocol.js';
import { parseHex } from '../../schemas/kernel/bytes.js';
import type { ResultCertificate } from '../../schemas/types/block.js';
import type { EventEnvelope, PartitionLeaf } from '../../schemas/types/event.js';

/** What a client trusts: genesis, and a verifier with the one rule. */
export interface Trust {
  readonly keys: EpochKeys;
  readonly eventPartitions: number;
  readonly verifier: SignatureVerifier;
}

function hexList(list: readonly string[]): Uint8Array[] | null {
  const bytes = list.map(parseHex);
  return bytes.every((item) => item !== null) ? (bytes as Uint8Array[]) : null;
}

/** The last one that was good: all commands that end at a height come with the same. */
const opened = new WeakMap<Trust, { readonly hex: string; readonly value: ResultCertificate }>();

/** The certificate of a height if a quorum of genesis' validators signed it, else null. Total. */
export function openCertificate(hex: string, trust: Trust): ResultCertificate | null {
  const last = opened.get(trust);
  if (last?.hex === hex) return last.value;
  const bytes = parseHex(hex);
  if (bytes === null) return null;
  const decoded = decode('ResultCertificate', bytes);
  if (!decoded.ok) return null;
  const { value } = decoded;
  if (!verifyResultCertificate(value, trust.keys, trust.verifier)) return null;
  opened.set(trust, { hex, value });
  return value;
}

/**
 * The event, if it is one of those that the certified result of this height commits to; else null.
 * Total: any message is answered.
 */
export function openProvenEvent(
  proven: ProvenEvent,
  certificate: ResultCertificate,
  trust: Trust,
): EventEnvelope | null {
  const leaf = openLeaf(proven, certificate, trust);
  const value = parseHex(proven.value);
  const path = hexList(proven.path);
  if (leaf === null || value === null || path === null) return null;
  const record = decode('EventsRecord', value);
  if (!record.ok || record.value.body.kind !== 'EventEnvelope') return null;
  const event = record.value.body;
  if (event.partition !== proven.partition) return null;
  if (event.height !== certificate.result.height) return null;
  const inPartition = verifyMerklePath({
    leaf: eventHash(value),
    index: proven.index,
    count: leaf.count,
    path,
    root: leaf.eventsRoot,
  });
  return inPartition ? event : null;
}

interface ProvenLeaf {
  readonly leaf: string;
  readonly leafPath: readonly string[];
  readonly value: PartitionLeaf;
}

/** By certificate and partition: events of one height share few leaves. */
const provenLeaves = new WeakMap<ResultCertificate, Map<number, ProvenLeaf>>();

/** The partition's leaf, if the certified result commits to it; else null. */
function openLeaf(
  { leaf, leafPath, partition }: ProvenEvent,
  certificate: ResultCertificate,
  trust: Trust,
): PartitionLeaf | null {
  let leaves = provenLeaves.get(certificate);
  if (leaves === undefined) provenLeaves.set(certificate, (leaves = new Map()));
  const known = leaves.get(partition);
  if (known?.leaf === leaf && isSameList(known.leafPath, leafPath)) return known.value;
  const bytes = parseHex(leaf);
  const path = hexList(leafPath);
  if (bytes === null || path === null) return null;
  const decoded = decode('PartitionLeaf', bytes);
  if (!decoded.ok) return null;
  const inResult = verifyMerklePath({
    leaf: bytes,
    index: partition,
    count: trust.eventPartitions,
    path,
    root: certificate.result.eventsRoot,
  });
  if (!inResult) return null;
  leaves.set(partition, { leaf, leafPath, value: decoded.value });
  return decoded.value;
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
