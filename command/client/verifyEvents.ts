import { decode } from '../../schemas/codec/codec.js';
import { verifyResultCertificate } from '../../schemas/crypto/certifiedBlock.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { verifyMerklePath } from '../../schemas/crypto/merkle.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import type { ProvenEvent } from '../../schemas/gateway/protocol.js';
import { parseHex } from '../../schemas/kernel/bytes.js';
import type { ResultCertificate } from '../../schemas/types/block.js';
import type { EventEnvelope } from '../../schemas/types/event.js';

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

/** The certificate of a height if a quorum of genesis' validators signed it, else null. Total. */
export function openCertificate(hex: string, trust: Trust): ResultCertificate | null {
  const bytes = parseHex(hex);
  if (bytes === null) return null;
  const decoded = decode('ResultCertificate', bytes);
  if (!decoded.ok) return null;
  return verifyResultCertificate(decoded.value, trust.keys, trust.verifier) ? decoded.value : null;
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
  const value = parseHex(proven.value);
  const leaf = parseHex(proven.leaf);
  const path = hexList(proven.path);
  const leafPath = hexList(proven.leafPath);
  if (value === null || leaf === null || path === null || leafPath === null) return null;
  const partitionLeaf = decode('PartitionLeaf', leaf);
  const record = decode('EventsRecord', value);
  if (!partitionLeaf.ok || !record.ok || record.value.body.kind !== 'EventEnvelope') return null;
  const event = record.value.body;
  const { result } = certificate;
  if (event.partition !== proven.partition || event.height !== result.height) return null;
  const inPartition = verifyMerklePath({
    leaf: eventHash(value),
    index: proven.index,
    count: partitionLeaf.value.count,
    path,
    root: partitionLeaf.value.eventsRoot,
  });
  const inResult = verifyMerklePath({
    leaf,
    index: proven.partition,
    count: trust.eventPartitions,
    path: leafPath,
    root: result.eventsRoot,
  });
  return inPartition && inResult ? event : null;
}
