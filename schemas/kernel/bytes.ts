import { assert, fail } from './assert.js';

const HEX = '0123456789abcdef';
/** Character codes of a half byte, and back: -1 for what is no digit. */
const CODE_OF_NIBBLE = Array.from(HEX, (digit) => digit.charCodeAt(0));
const NIBBLE_OF_CODE = Array.from({ length: 128 }, (_, code) =>
  HEX.indexOf(String.fromCharCode(code).toLowerCase()),
);
/** Bytes that are turned into text at once, in a kept array of codes for each number of them. */
const HEX_CHUNK_BYTES = 128;
const CODES_OF_LENGTH: number[][] = [];

/** Lower-case hex. Hashes and keys are shown, keyed and queried in this form everywhere. */
export function toHex(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length <= HEX_CHUNK_BYTES) return hexOf(bytes, 0, length);
  let text = '';
  for (let from = 0; from < length; from += HEX_CHUNK_BYTES) {
    text += hexOf(bytes, from, Math.min(HEX_CHUNK_BYTES, length - from));
  }
  return text;
}

/** All codes at once: text that grows by two characters is made of as many pieces. */
function hexOf(bytes: Uint8Array, from: number, count: number): string {
  const codes = (CODES_OF_LENGTH[count] ??= new Array<number>(2 * count).fill(0));
  for (let i = 0; i < count; i++) {
    const byte = bytes[from + i]!;
    codes[2 * i] = CODE_OF_NIBBLE[byte >> 4]!;
    codes[2 * i + 1] = CODE_OF_NIBBLE[byte & 15]!;
  }
  return String.fromCharCode.apply(null, codes);
}

function nibbleAt(text: string, index: number): number {
  return NIBBLE_OF_CODE[text.charCodeAt(index)] ?? -1;
}

/** Bytes of lower- or upper-case hex, or null when `text` is not hex of whole bytes. */
export function parseHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = nibbleAt(text, 2 * i);
    const low = nibbleAt(text, 2 * i + 1);
    if (high < 0 || low < 0) return null;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

/** Whether `parseHex` would find bytes. */
export function isHex(text: string): boolean {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text);
}

/** Bytes of hex that the program itself wrote; anything else is a bug. */
export function fromHex(text: string): Uint8Array {
  const bytes = parseHex(text);
  assert(bytes !== null, `not hex: ${text.slice(0, 80)}`);
  return bytes;
}

/** ASCII only: every tag and name of the protocol is ASCII, so no encoder is needed. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    assert(code < 128, `not ASCII: ${text.slice(0, 80)}`);
    bytes[i] = code;
  }
  return bytes;
}

/** One new array holding all parts in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Equality of contents. Not constant time: nothing compared with it is secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order of unsigned bytes; the order of every sorted list of keys. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Big-endian unsigned 32-bit integer. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeUint32(value, bytes, 0);
  return bytes;
}

/** The same, at a place of a larger array. */
export function writeUint32(value: number, into: Uint8Array, at: number): void {
  const fits = Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
  if (!fits) fail(`not a uint32: ${value}`);
  if (at < 0 || at + 4 > into.length) fail('writeUint32 past the end');
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

/** Big-endian unsigned 64-bit integer from a safe integer or a bigint. */
export function uint64(value: number | bigint): Uint8Array {
  let rest = BigInt(value);
  assert(rest >= 0n && rest < 1n << 64n, `not a uint64: ${rest}`);
  const bytes = new Uint8Array(8);
  for (let i = 7; i >= 0; i--) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  assert(offset >= 0 && offset + 4 <= bytes.length, 'readUint32 past the end');
  return (
    bytes[offset]! * 0x1000000 +
    ((bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!)
  );
}
