import { describe, expect, it } from 'vitest';
import type { GenerationStatus } from './generationStatus.js';
import { generationWords } from './generationWords.js';

const own = { content: 'c3', version: 3 };

function generation(
  version: number,
  state: GenerationStatus['state'],
  more: Partial<GenerationStatus> = {},
): GenerationStatus {
  return {
    ...{ schema: `p_${version}`, content: `c${version}`, version, state, isBare: false },
    ...{
      chosenBy: null,
      isPinned: false,
      mismatch: null,
      createdAtMs: 0,
      changedAtMs: 0,
      height: 5,
      share: 1,
    },
    ...{ lagMs: 0, sizeBytes: 0, projectors: [], obstacles: [], ...more },
  };
}

const words = (...all: readonly GenerationStatus[]): string => generationWords(all, own).join('\n');

describe('an operator is told', () => {
  it('who put the tables there that readers see, and who fills them', () => {
    const seen = generation(3, 'active', { chosenBy: 'projector', projectors: ['a', 'b'] });
    expect(words(generation(2, 'retired'), seen)).toBe(
      'readers see p_3, version 3: a projector put it there by itself\nit is filled by a, b',
    );
    const chosen = words({ ...seen, chosenBy: 'operator' });
    expect(chosen).toMatch('an operator chose it; a newer version replaces it');
    expect(words({ ...seen, chosenBy: null })).toMatch('who put it there was not recorded');
  });

  it('that nobody fills what readers see, and both ways out', () => {
    const seen = generation(2, 'active', { chosenBy: 'operator', isPinned: true });
    const told = words(seen, generation(3, 'retired', { projectors: ['new'] }));
    expect(told.split('\n')).toEqual([
      'readers see p_2, version 2: an operator chose it over a newer version: ' +
        'no other replaces it unasked',
      'nobody fills it, so that its height stands still: start a projector of a program of ' +
        'version 2, or "nullspace projections swap --schema p_3"',
      'p_3, version 3, is filled by new beside it, and readers do not see it: an operator ' +
        'chose the other; "nullspace projections swap --schema p_3" of this program shows it, ' +
        'else stop its projectors',
    ]);
  });

  it('what becomes of tables that are filled beside those', () => {
    const filled = { projectors: ['x'] };
    const seen = generation(3, 'active', filled);
    expect(words(seen, generation(4, 'building', filled))).toMatch(
      'p_4, version 4, is filled by x beside it: readers see it as soon as it is not behind',
    );
    expect(words(seen, generation(2, 'retired', filled))).toMatch(
      /readers do not see it: it is not newer; .* of a program of version 2 shows it/,
    );
    expect(words(seen, generation(3, 'building', { ...filled, content: 'other' }))).toMatch(
      'of the program whose content is other shows it',
    );
  });

  it('what somebody has to move before readers can see tables', () => {
    const held = { projectors: ['x'], obstacles: ['view mine.big depends on nullspace.games'] };
    const told = words(generation(2, 'active', held), generation(3, 'building', held));
    expect(told.split('\n').slice(-2)).toEqual([
      'p_3, version 3, is filled by x beside it, until readers can see it',
      'readers cannot be shown p_3: view mine.big depends on nullspace.games: ' +
        'drop or rename these, and make them again afterwards',
    ]);
  });

  it('that there is nothing yet', () => {
    expect(words()).toBe('no tables yet: a projector makes them');
    expect(words(generation(3, 'building'))).toBe('readers see no tables yet');
  });
});
