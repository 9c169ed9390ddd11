/**
 * A Map key for bytes, never shown: two bytes a character, which is made about three times as fast
 * as one a character and ten times as fast as hex. For hashes and keys (tens of bytes), not for
 * payloads. Bytes of equal length have equal keys only if they are equal.
 */
export function byteKey(b: Uint8Array): string {
  if (b.length !== HASH_BYTES) return String.fromCharCode(...b);
  return String.fromCharCode(
    (b[0]! << 8) | b[1]!,
    (b[2]! << 8) | b[3]!,
    (b[4]! << 8) | b[5]!,
    (b[6]! << 8) | b[7]!,
    (b[8]! << 8) | b[9]!,
    (b[10]! << 8) | b[11]!,
    (b[12]! << 8) | b[13]!,
    (b[14]! << 8) | b[15]!,
    (b[16]! << 8) | b[17]!,
    (b[18]! << 8) | b[19]!,
    (b[20]! << 8) | b[21]!,
    (b[22]! << 8) | b[23]!,
    (b[24]! << 8) | b[25]!,
    (b[26]! << 8) | b[27]!,
    (b[28]! << 8) | b[29]!,
    (b[30]! << 8) | b[31]!,
  );
}

const HASH_BYTES = 32;
