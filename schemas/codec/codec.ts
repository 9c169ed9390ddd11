import { assert } from '../kernel/assert.js';
import { readUint32 } from '../kernel/bytes.js';
import { MAX_FRAME_BYTES } from '../limits.js';
import { type FramedTypes, SCHEMA_IDS } from '../types/definitions.js';
import { type AvroType, avroType } from './avroTypes.js';
import type { ByteArena } from './byteArena.js';
import { BytesTap, DecodeError } from './bytesTap.js';

/** Confluent's wire format: a zero byte, the schema id as big-endian uint32, the Avro body. */
export const FRAME_HEADER_BYTES = 5;

export type FramedName = keyof FramedTypes;

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

const scratch = new BytesTap();
const KEEP_SCRATCH_BYTES = 1 << 20;

const NAME_OF_ID: ReadonlyMap<number, FramedName> = new Map(
  Object.entries(SCHEMA_IDS).map(([name, id]) => [id, name as FramedName]),
);

function writeFrame(tap: BytesTap, id: number, type: AvroType, value: unknown): void {
  tap.writeHeader(id);
  type._write(tap, value);
}

/** The one sequence of bytes that stands for `value`: frame and body. */
export function encode<Name extends FramedName>(name: Name, value: FramedTypes[Name]): Uint8Array {
  scratch.pos = 0;
  writeFrame(scratch, SCHEMA_IDS[name], avroType(name), value);
  const bytes = scratch.buf.slice(0, scratch.pos);
  if (scratch.buf.length > KEEP_SCRATCH_BYTES) scratch.buf = new Uint8Array(KEEP_SCRATCH_BYTES);
  return bytes;
}

/**
 * The same bytes in a buffer that the next call of this module writes over: to be hashed at once.
 */
export function encodeBriefly<Name extends FramedName>(
  name: Name,
  value: FramedTypes[Name],
): Uint8Array {
  scratch.pos = 0;
  writeFrame(scratch, SCHEMA_IDS[name], avroType(name), value);
  return scratch.buf.subarray(0, scratch.pos);
}

/** The same bytes in an arena. */
export function encodeIn<Name extends FramedName>(
  arena: ByteArena,
  name: Name,
  value: FramedTypes[Name],
): Uint8Array {
  const { tap } = arena;
  tap.pos = tap.start;
  writeFrame(tap, SCHEMA_IDS[name], avroType(name), value);
  return tap.take();
}

/** Whether `encode` would write exactly these bytes, without making them. */
function encodesAs<Name extends FramedName>(
  name: Name,
  value: FramedTypes[Name],
  bytes: Uint8Array,
): boolean {
  scratch.pos = 0;
  writeFrame(scratch, SCHEMA_IDS[name], avroType(name), value);
  const same = scratch.holds(bytes);
  if (scratch.buf.length > KEEP_SCRATCH_BYTES) scratch.buf = new Uint8Array(KEEP_SCRATCH_BYTES);
  return same;
}

/** Which record a frame says it holds, or null for a foreign frame. */
export function framedName(bytes: Uint8Array): FramedName | null {
  if (bytes.length < FRAME_HEADER_BYTES || bytes[0] !== 0) return null;
  return NAME_OF_ID.get(readUint32(bytes, 1)) ?? null;
}

/**
 * The value, or why there is none. Total: any bytes are answered. Accepts only what `encode` would
 * have written, so that bytes and value stand for each other: Avro alone has several encodings.
 */
export function decode<Name extends FramedName>(
  name: Name,
  bytes: Uint8Array,
  maxBytes: number = MAX_FRAME_BYTES,
): Decoded<FramedTypes[Name]> {
  return decodeFrom(name, new BytesTap(bytes), bytes, maxBytes);
}

/**
 * The same, but values of the type `bytes` are views of the input instead of copies. For a caller
 * that is done with them soon or keeps the input anyway: each view keeps all of it in memory.
 */
export function decodeViews<Name extends FramedName>(
  name: Name,
  bytes: Uint8Array,
  maxBytes: number = MAX_FRAME_BYTES,
): Decoded<FramedTypes[Name]> {
  const tap = new BytesTap(bytes);
  tap.views = true;
  return decodeFrom(name, tap, bytes, maxBytes);
}

function decodeFrom<Name extends FramedName>(
  name: Name,
  tap: BytesTap,
  bytes: Uint8Array,
  maxBytes: number,
): Decoded<FramedTypes[Name]> {
  if (bytes.length > maxBytes) return { ok: false, reason: 'oversized' };
  const decoded = readFrame(name, tap, bytes);
  if (decoded.ok && !encodesAs(name, decoded.value, bytes)) {
    return { ok: false, reason: 'not canonical' };
  }
  return decoded;
}

function readFrame<Name extends FramedName>(
  name: Name,
  tap: BytesTap,
  bytes: Uint8Array,
): Decoded<FramedTypes[Name]> {
  if (framedName(bytes) !== name) return { ok: false, reason: `not a framed ${name}` };
  tap.pos = FRAME_HEADER_BYTES;
  let value: FramedTypes[Name];
  try {
    value = avroType(name)._read(tap) as FramedTypes[Name];
  } catch (error) {
    if (error instanceof DecodeError) return { ok: false, reason: error.message };
    // avsc reports a bad enum symbol or an impossible count with a plain Error.
    if (error instanceof Error) return { ok: false, reason: error.message };
    throw error;
  }
  if (tap.pos !== bytes.length) return { ok: false, reason: 'trailing bytes' };
  return { ok: true, value };
}

/** For bytes this program wrote or has checked before; anything undecodable is a bug. */
export function decodeTrusted<Name extends FramedName>(
  name: Name,
  bytes: Uint8Array,
): FramedTypes[Name] {
  const decoded = decode(name, bytes, Number.MAX_SAFE_INTEGER);
  assert(decoded.ok, `undecodable ${name}: ${decoded.ok ? '' : decoded.reason}`);
  return decoded.value;
}

/**
 * For bytes whose hash a quorum has certified: `encode` wrote them, so that is not tried again,
 * which is half of the work. All bytes are views, fixed ones too. Anything undecodable is a bug.
 */
export function decodeCertified<Name extends FramedName>(
  name: Name,
  bytes: Uint8Array,
): FramedTypes[Name] {
  const tap = new BytesTap(bytes);
  tap.views = true;
  tap.fixedViews = true;
  const decoded = readFrame(name, tap, bytes);
  assert(decoded.ok, `certified but undecodable ${name}: ${decoded.ok ? '' : decoded.reason}`);
  return decoded.value;
}
