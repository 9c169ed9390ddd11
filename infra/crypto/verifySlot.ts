import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../../schemas/crypto/ed25519.js';
import type { SignatureVerifier, SignedMessage } from '../../schemas/crypto/signatures.js';
import { assert } from '../../schemas/kernel/assert.js';
import {
  VERIFY_CHUNK_SIGNATURES_MAX,
  VERIFY_SLOT_BYTES,
  VERIFY_SLOTS_PER_WORKER,
} from '../../schemas/limits.js';

/*
 * A slot of shared memory: count (4 bytes, little-endian), answers (one bit each), then records
 * (message length, key, signature, message). The caller's thread writes a slot and posts its
 * number; the worker writes the answers and posts the number back: one side touches it at a time.
 */
const COUNT_BYTES = 4;
const ANSWERS_BYTES = VERIFY_CHUNK_SIGNATURES_MAX / 8;
const RECORDS_OFFSET = COUNT_BYTES + ANSWERS_BYTES;
const LENGTH_BYTES = 4;
const KEY_OFFSET = LENGTH_BYTES;
const SIGNATURE_OFFSET = KEY_OFFSET + PUBLIC_KEY_BYTES;
const MESSAGE_OFFSET = SIGNATURE_OFFSET + SIGNATURE_BYTES;

/** Bytes of records that a slot holds. */
export const SLOT_CAPACITY_BYTES = VERIFY_SLOT_BYTES - RECORDS_OFFSET;
/** What a worker posts, in place of a slot's number, once it can take slots. */
export const WORKER_READY = -1;

export interface VerifySlot {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** What a pool passes to each of its workers at start. */
export interface VerifyWorkerData {
  readonly memory: SharedArrayBuffer;
}

export function createSlotMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(VERIFY_SLOTS_PER_WORKER * VERIFY_SLOT_BYTES);
}

export function slotsOf(memory: SharedArrayBuffer): readonly VerifySlot[] {
  return Array.from({ length: VERIFY_SLOTS_PER_WORKER }, (_, index) => {
    const bytes = new Uint8Array(memory, index * VERIFY_SLOT_BYTES, VERIFY_SLOT_BYTES);
    return { bytes, view: new DataView(memory, bytes.byteOffset, VERIFY_SLOT_BYTES) };
  });
}

/** Room that a signed message takes in a slot. */
export function recordBytes(signed: SignedMessage): number {
  return MESSAGE_OFFSET + signed.message.length;
}

/** Whether key and signature have the only lengths that can be valid. */
export function hasExactLengths(signed: SignedMessage): boolean {
  return (
    signed.publicKey.length === PUBLIC_KEY_BYTES && signed.signature.length === SIGNATURE_BYTES
  );
}

/** Fills a slot. The messages have exact lengths and fit: the caller cut the batch so. */
export function writeSlot(slot: VerifySlot, messages: readonly SignedMessage[]): void {
  assert(messages.length <= VERIFY_CHUNK_SIGNATURES_MAX, 'too many signatures for a slot');
  const { bytes, view } = slot;
  view.setUint32(0, messages.length, true);
  let offset = RECORDS_OFFSET;
  for (const signed of messages) {
    const end = offset + recordBytes(signed);
    assert(end <= VERIFY_SLOT_BYTES, 'too many bytes for a slot');
    view.setUint32(offset, signed.message.length, true);
    bytes.set(signed.publicKey, offset + KEY_OFFSET);
    bytes.set(signed.signature, offset + SIGNATURE_OFFSET);
    bytes.set(signed.message, offset + MESSAGE_OFFSET);
    offset = end;
  }
}

/**
 * Verifies what is in a slot and writes the answers into it. `copy` is memory of this thread alone,
 * VERIFY_SLOT_BYTES long: libsodium's binding cannot read shared memory. Record by record: a slot
 * is seldom full.
 */
export function verifySlot(slot: VerifySlot, copy: Uint8Array, verifier: SignatureVerifier): void {
  const count = slot.view.getUint32(0, true);
  slot.bytes.fill(0, COUNT_BYTES, RECORDS_OFFSET);
  let offset = RECORDS_OFFSET;
  for (let i = 0; i < count; i++) {
    const end = offset + MESSAGE_OFFSET + slot.view.getUint32(offset, true);
    copy.set(slot.bytes.subarray(offset, end), offset);
    const publicKey = copy.subarray(offset + KEY_OFFSET, offset + SIGNATURE_OFFSET);
    const signature = copy.subarray(offset + SIGNATURE_OFFSET, offset + MESSAGE_OFFSET);
    if (verifier.verify(publicKey, copy.subarray(offset + MESSAGE_OFFSET, end), signature)) {
      const byte = COUNT_BYTES + (i >> 3);
      slot.bytes[byte] = slot.bytes[byte]! | (1 << (i & 7));
    }
    offset = end;
  }
}

/** The answer to the record at `index`, once the worker has posted the slot back. */
export function readAnswer(slot: VerifySlot, index: number): boolean {
  return ((slot.bytes[COUNT_BYTES + (index >> 3)]! >> (index & 7)) & 1) === 1;
}
