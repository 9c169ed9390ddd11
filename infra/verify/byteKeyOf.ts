/** Bytes as a key of a Map: a string of one character a byte. */
export function byteKeyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
