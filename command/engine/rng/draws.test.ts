import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../schemas/kernel/bytes.js';
import { blockDraws } from './draws.js';

/** The derivation of the README, written once more, on Node's own HMAC. */
function recompute(
  seedHex: string,
  index: number,
  purpose: string,
  count: number,
  shard = 0,
): number {
  const tag = 'nullspace/v1/random';
  const uint32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  for (let counter = 0; ; counter++) {
    const block = createHmac('sha256', Buffer.from(seedHex, 'hex'))
      .update(Buffer.from([tag.length]))
      .update(tag, 'ascii')
      .update(uint32(shard))
      .update(uint32(index))
      .update(Buffer.from([purpose.length]))
      .update(purpose, 'ascii')
      .update(uint32(counter))
      .digest();
    for (let offset = 0; offset < 32; offset += 4) {
      const word = block.readUInt32BE(offset);
      if (word < 2 ** 32 - (2 ** 32 % count)) return word % count;
    }
  }
}

const SEED = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

describe('draws', () => {
  it('are what anyone recomputes with an HMAC tool', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.nat(5_000),
        fc.constantFrom('roulette/number', 'hi-lo/card'),
        fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2 ** 32 })),
        (seed, executionIndex, purpose, count) => {
          const drawn = blockDraws(seed)({ shard: 0, executionIndex, purpose })(count);
          const hex = Buffer.from(seed).toString('hex');
          return drawn === recompute(hex, executionIndex, purpose, count);
        },
      ),
    );
  });

  it('do not hang on which commands of the block drew before', () => {
    const place = fc.record({
      shard: fc.nat(1),
      executionIndex: fc.nat(12),
      purpose: fc.constantFrom('a', 'b'),
    });
    fc.assert(
      fc.property(fc.array(place, { maxLength: 30 }), (places) => {
        const draws = blockDraws(fromHex(SEED));
        for (const { shard, executionIndex, purpose } of places) {
          const draw = draws({ shard, executionIndex, purpose });
          // More than one HMAC has words for: what comes behind the first block counts as well.
          const drawn = Array.from({ length: 9 }, () => draw(2 ** 32));
          expect(drawn[0]).toBe(recompute(SEED, executionIndex, purpose, 2 ** 32, shard));
          const alone = blockDraws(fromHex(SEED))({ shard, executionIndex, purpose });
          expect(drawn).toEqual(drawn.map(() => alone(2 ** 32)));
        }
      }),
    );
  });

  it('match the worked example of the README', () => {
    const draws = blockDraws(fromHex(SEED));
    const number = draws({ shard: 0, executionIndex: 1, purpose: 'roulette/number' })(37);
    const card = draws({ shard: 0, executionIndex: 2, purpose: 'hi-lo/card' })(52);
    expect([number, card]).toEqual([
      recompute(SEED, 1, 'roulette/number', 37),
      recompute(SEED, 2, 'hi-lo/card', 52),
    ]);
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect(readme).toContain(`roulette number = ${number}`);
    expect(readme).toContain(`hi-lo card = ${card}`);
  });

  it('favour no number: a count just past half of 2^32 rejects almost every second word', () => {
    const count = 2 ** 31 + 1;
    const draw = blockDraws(fromHex(SEED))({ shard: 0, executionIndex: 3, purpose: 'x' });
    const drawn = Array.from({ length: 4_000 }, () => draw(count));
    const upper = drawn.filter((number) => number >= count / 2).length;
    // Modulo alone would put three quarters below the middle; 4 sigma of a fair coin is 126.
    expect(Math.abs(upper - 2_000)).toBeLessThan(126);
    expect(Math.max(...drawn)).toBeLessThan(count);
  });

  it('are streams of their own by index and purpose', () => {
    const draws = blockDraws(fromHex(SEED));
    const word = (executionIndex: number, purpose: string, shard = 0) =>
      draws({ shard, executionIndex, purpose })(2 ** 32);
    const words = [word(1, 'a'), word(2, 'a'), word(1, 'b'), word(1, 'a', 1)];
    expect(new Set(words).size).toBe(4);
    expect(word(1, 'a')).toBe(words[0]);
  });
});
