import { sha256 } from './sha256.js';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const SHORT_MESSAGE_BYTES = 192;

/** HMAC-SHA-256 under one key: message in, 32 bytes out. */
export type Hmac = (message: Uint8Array) => Uint8Array;

/**
 * HMAC-SHA-256 (RFC 2104, vectors of RFC 4231) over the installed `sha256`. The padded keys are
 * prepared once, so keep the returned function for as long as the key is in use: a short message
 * then costs two hashes and one allocation.
 */
export function hmacSha256(key: Uint8Array): Hmac {
  const blockKey = key.length > BLOCK_BYTES ? sha256(key) : key;
  const inner = new Uint8Array(BLOCK_BYTES + SHORT_MESSAGE_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + DIGEST_BYTES);
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const byte = blockKey[i] ?? 0;
    inner[i] = byte ^ 0x36; // ipad and opad of RFC 2104, section 2
    outer[i] = byte ^ 0x5c;
  }
  return (message) => {
    outer.set(sha256(innerBlock(inner, message)), BLOCK_BYTES);
    return sha256(outer);
  };
}

/** Padded key and message; short messages reuse the space after the pad. */
function innerBlock(inner: Uint8Array, message: Uint8Array): Uint8Array {
  const length = BLOCK_BYTES + message.length;
  const block = length <= inner.length ? inner.subarray(0, length) : new Uint8Array(length);
  if (block.buffer !== inner.buffer) block.set(inner.subarray(0, BLOCK_BYTES));
  block.set(message, BLOCK_BYTES);
  return block;
}
