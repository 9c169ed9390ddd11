import { SHA256_BYTES, sha256, sha256Prefixed } from './sha256.js';

const BLOCK_BYTES = 64;
const SHORT_MESSAGE_BYTES = 192;

/** HMAC-SHA-256 under one key: message in, 32 bytes out. */
export type Hmac = (message: Uint8Array) => Uint8Array;

/**
 * HMAC-SHA-256 (RFC 2104, vectors of RFC 4231) over the installed `sha256`. The padded keys are
 * prepared once, so keep the returned function for as long as the key is in use: a short message
 * then costs two hashes and one allocation.
 */
export function hmacSha256(key: Uint8Array): Hmac {
  const pads = padsOf(key);
  const inner = new Uint8Array(BLOCK_BYTES + SHORT_MESSAGE_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + SHA256_BYTES);
  inner.set(pads.inner);
  outer.set(pads.outer);
  return (message) => {
    outer.set(sha256(innerBlock(inner, message)), BLOCK_BYTES);
    return sha256(outer);
  };
}

/** The same for many messages under one key: 32 bytes for each, one behind the other. */
export function hmacSha256Each(key: Uint8Array): (messages: readonly Uint8Array[]) => Uint8Array {
  const { inner, outer } = padsOf(key);
  return (messages) => {
    const digests = sha256Prefixed(inner, messages);
    const parts = messages.map((_, i) =>
      digests.subarray(i * SHA256_BYTES, (i + 1) * SHA256_BYTES),
    );
    return sha256Prefixed(outer, parts);
  };
}

/** The key's two blocks: RFC 2104, section 2. */
function padsOf(key: Uint8Array): { readonly inner: Uint8Array; readonly outer: Uint8Array } {
  const blockKey = key.length > BLOCK_BYTES ? sha256(key) : key;
  const [inner, outer] = [new Uint8Array(BLOCK_BYTES), new Uint8Array(BLOCK_BYTES)];
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const byte = blockKey[i] ?? 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  return { inner, outer };
}

/** Padded key and message; short messages reuse the space after the pad. */
function innerBlock(inner: Uint8Array, message: Uint8Array): Uint8Array {
  const length = BLOCK_BYTES + message.length;
  const block = length <= inner.length ? inner.subarray(0, length) : new Uint8Array(length);
  if (block.buffer !== inner.buffer) block.set(inner.subarray(0, BLOCK_BYTES));
  block.set(message, BLOCK_BYTES);
  return block;
}
