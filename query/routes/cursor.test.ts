import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CursorKind, decodeCursor, encodeCursor } from './cursor.js';

const kinds: readonly CursorKind[] = ['blocks', 'commands', 'blockCommands', 'history', 'games'];
const positions = fc.record({
  height: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  executionIndex: fc.integer({ min: 0, max: 0xffff_ffff }),
  eventIndex: fc.integer({ min: 0, max: 0xffff_ffff }),
});

describe('a cursor', () => {
  it('gives back its position, and only in the list it was made for', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), positions, (kind, position) => {
        const text = encodeCursor(kind, position);
        expect(text).toMatch(/^[\w-]{23}$/);
        expect(decodeCursor(kind, text)).toEqual(position);
        for (const other of kinds.filter((each) => each !== kind)) {
          expect(decodeCursor(other, text)).toBeNull();
        }
      }),
    );
  });

  it('is refused in any other spelling', () => {
    const text = encodeCursor('blocks', { height: 5, executionIndex: 0, eventIndex: 0 });
    const bent = [
      ...['', 'x', text.slice(1), `${text}A`, `${text.slice(0, -1)}_`, `${text.slice(0, -1)}=`],
      ...['!'.repeat(23), '_'.repeat(23), text.toLowerCase()],
    ];
    for (const other of bent) expect(decodeCursor('blocks', other), other).toBeNull();
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (any) => {
        const position = decodeCursor('blocks', any);
        if (position !== null) expect(encodeCursor('blocks', position)).toBe(any);
      }),
    );
  });
});
