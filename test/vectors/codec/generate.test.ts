import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../../schemas/codec/codec.js';
import { equalBytes, toHex } from '../../../schemas/kernel/bytes.js';
import { createPrng } from '../../simulation/prng.js';
import { codecCases, FRAMED_NAMES, generatedFiles } from './generate.js';

const root = new URL('../../../', import.meta.url);
const MUTATIONS = 5;
/** Values compared field by field: deep equality is slow. */
const COMPARED = 30;

describe('the bytes of every record', () => {
  it('are those of the vectors: a change of them is another format', () => {
    for (const [path, text] of generatedFiles()) {
      expect(readFileSync(new URL(path, root), 'utf8')).toBe(text);
    }
  });

  it.each(FRAMED_NAMES)('%s: stand for one value, and only those of the codec do', (name) => {
    const prng = createPrng(1);
    let compared = 0;
    for (const value of codecCases(name)) {
      const bytes = encode(name, value);
      const read = decode(name, bytes);
      if (!read.ok) expect.unreachable(`case ${compared}: ${read.reason}`);
      if (compared++ < COMPARED) expect(read.value).toEqual(value);
      for (let i = 0; i < MUTATIONS; i++) {
        const mutated = bytes.slice(0, prng.chance(0.2) ? prng.below(bytes.length) : undefined);
        if (mutated.length > 0) mutated[prng.below(mutated.length)] = prng.below(256);
        const decoded = decode(name, mutated);
        const accepted = decoded.ok && !equalBytes(encode(name, decoded.value), mutated);
        if (accepted) expect.unreachable(`two encodings of one ${name}: ${toHex(mutated)}`);
      }
    }
  });
});
