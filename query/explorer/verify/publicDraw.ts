import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

/**
 * A number as the documentation of the engine derives it (command/engine/README.md), written from
 * that text alone: nothing of the engine is used here.
 */
export interface DrawInputs {
  /** seed(h) of the block, 32 bytes, from its certified result. */
  readonly seed: Uint8Array;
  readonly shard: number;
  /** Place of the command in its block, from 1. */
  readonly executionIndex: number;
  readonly purpose: string;
}

const TAG = 'nullspace/v1/random';

function bytesOf(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

function bigEndian(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256);
}

/** The first number below `count` of the stream. */
export function firstDraw(inputs: DrawInputs, count: number): number {
  const { seed, shard, executionIndex, purpose } = inputs;
  const head = [TAG.length, ...bytesOf(TAG), ...bigEndian(shard), ...bigEndian(executionIndex)];
  head.push(purpose.length, ...bytesOf(purpose));
  const fair = Math.floor(2 ** 32 / count) * count;
  for (let counter = 0; ; counter++) {
    const block = hmac(sha256, seed, Uint8Array.from([...head, ...bigEndian(counter)]));
    for (let at = 0; at < block.length; at += 4) {
      const word = new DataView(block.buffer, block.byteOffset + at, 4).getUint32(0);
      if (word < fair) return word % count;
    }
  }
}
