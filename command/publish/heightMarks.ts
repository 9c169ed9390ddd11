import { decode, encode, FRAME_HEADER_BYTES } from '../../schemas/codec/codec.js';
import { verifyResultCertificate } from '../../schemas/crypto/certifiedBlock.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { type MerkleLevels, merkleLevels, merklePathIn } from '../../schemas/crypto/merkle.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import { concatBytes, equalBytes } from '../../schemas/kernel/bytes.js';
import type { PublishableHeight } from '../ports.js';

const known = new WeakMap<PublishableHeight, HeightMarks>();

/** The marks of a height that is held here; the same for the same object. */
export function marksOf(height: PublishableHeight): HeightMarks {
  let marks = known.get(height);
  if (marks === undefined) known.set(height, (marks = new HeightMarks(height)));
  return marks;
}

/**
 * The marks of a height by partition, each made when it is first asked for: whoever publishes
 * writes them, and whoever follows the log compares what stands there.
 */
export class HeightMarks {
  readonly #height: PublishableHeight;
  readonly #hashes: (readonly Uint8Array[])[] = [];
  readonly #values: Uint8Array[] = [];
  #tree: MerkleLevels | null = null;
  /** Framed; the last bytes of a mark are these without their frame. */
  #certificate: Uint8Array | null = null;
  /** Of the certificate, from its end: the signatures, in which certificates of a result differ. */
  #signatureBytes = 0;
  /** Certificates of others that were found good, without their frames: a height has few. */
  #proven: Uint8Array | null = null;

  constructor(height: PublishableHeight) {
    this.#height = height;
  }

  eventHashes(partition: number): readonly Uint8Array[] {
    const events = present(this.#height.events[partition], 'events');
    return (this.#hashes[partition] ??= events.map(eventHash));
  }

  /** Value of the mark's record. */
  value(partition: number): Uint8Array {
    return (this.#values[partition] ??= this.#newValue(partition));
  }

  #newValue(partition: number): Uint8Array {
    const { leaves, certified } = this.#height;
    const { certificate } = certified;
    const { result } = certificate;
    this.#tree ??= merkleLevels(leaves.map((leaf) => encode('PartitionLeaf', leaf)));
    return encode('EventsRecord', {
      body: {
        kind: 'HeightMark',
        shard: result.shard,
        partition,
        height: result.height,
        previousHeight: present(leaves[partition], 'leaf').previousHeight,
        eventHashes: this.eventHashes(partition),
        path: merklePathIn(this.#tree, partition),
        certificate,
      },
    });
  }

  /**
   * Whether this is the mark, under signatures of whichever quorum: what `decode` and
   * `verifyHeightMark` would say of it, without hashing what is known here. Total.
   */
  isProven(
    partition: number,
    value: Uint8Array,
    keys: EpochKeys,
    verifier: SignatureVerifier,
  ): boolean {
    const own = this.value(partition);
    const framed = this.#framedCertificate();
    const resultEnd = own.length - this.#signatureBytes;
    if (value.length < resultEnd) return false;
    if (!equalBytes(value.subarray(0, resultEnd), own.subarray(0, resultEnd))) return false;
    const certificate = value.subarray(own.length - (framed.length - FRAME_HEADER_BYTES));
    if (this.#proven !== null && equalBytes(certificate, this.#proven)) return true;
    const frame = framed.subarray(0, FRAME_HEADER_BYTES);
    const decoded = decode('ResultCertificate', concatBytes(frame, certificate));
    if (!decoded.ok || !verifyResultCertificate(decoded.value, keys, verifier)) return false;
    this.#proven = certificate.slice();
    return true;
  }

  #framedCertificate(): Uint8Array {
    if (this.#certificate !== null) return this.#certificate;
    const { certificate } = this.#height.certified;
    this.#certificate = encode('ResultCertificate', certificate);
    this.#signatureBytes = this.#certificate.length - encode('Result', certificate.result).length;
    return this.#certificate;
  }
}
