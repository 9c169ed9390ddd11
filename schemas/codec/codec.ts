import { MAX_FRAME_BYTES } from '../limits.js';
import { DEFINITIONS, type FramedTypes, OLDER_VERSIONS, SCHEMA_IDS } from '../types/definitions.js';
import type { ByteArena } from './byteArena.js';
import { HEADER_BYTES } from './bytesTap.js';
import { type Decoded, VersionedCodec } from './versionedCodec.js';

/** Confluent's wire format: a zero byte, the schema id as big-endian uint32, the Avro body. */
export const FRAME_HEADER_BYTES = HEADER_BYTES;

export type FramedName = keyof FramedTypes;

/** The schemas of this release, and all before them. */
const codec = new VersionedCodec<FramedTypes>({
  definitions: DEFINITIONS,
  ids: SCHEMA_IDS,
  olderVersions: OLDER_VERSIONS,
});

/** The one sequence of bytes that stands for `value`: frame and body. */
export function encode<Name extends FramedName>(name: Name, value: FramedTypes[Name]): Uint8Array {
  return codec.encode(name, value);
}

/**
 * The same bytes in a buffer that the next call of this module writes over: to be hashed at once.
 */
export function encodeBriefly<Name extends FramedName>(
  name: Name,
  value: FramedTypes[Name],
): Uint8Array {
  return codec.encodeBriefly(name, value);
}

/** The same bytes in an arena. */
export function encodeIn<Name extends FramedName>(
  arena: ByteArena,
  name: Name,
  value: FramedTypes[Name],
): Uint8Array {
  return codec.encodeIn(arena, name, value);
}

/** Which record a frame says it holds, or null for a foreign frame or an unknown schema id. */
export function framedName(bytes: Uint8Array): FramedName | null {
  return codec.framedName(bytes);
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
  return codec.decode(name, bytes, maxBytes);
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
  return codec.decodeViews(name, bytes, maxBytes);
}

/** For bytes this program wrote or has checked before; anything undecodable is a bug. */
export function decodeTrusted<Name extends FramedName>(
  name: Name,
  bytes: Uint8Array,
): FramedTypes[Name] {
  return codec.decodeTrusted(name, bytes);
}

/**
 * For bytes whose hash a quorum has certified: `encode` wrote them, so that is not tried again,
 * which is half of the work. All bytes are views, fixed ones too. Anything undecodable is a bug.
 */
export function decodeCertified<Name extends FramedName>(
  name: Name,
  bytes: Uint8Array,
): FramedTypes[Name] {
  return codec.decodeCertified(name, bytes);
}

/**
 * The body of a frame in the newest version of its schema, for files that name one schema for all
 * their records. Undecodable bytes are a bug.
 */
export function newestBody<Name extends FramedName>(name: Name, bytes: Uint8Array): Uint8Array {
  return codec.newestBody(name, bytes);
}
