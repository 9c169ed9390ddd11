import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { executeBlock } from '../../../command/engine/executeBlock.js';
import { genesisState } from '../../../command/engine/genesisState.js';
import { decodeTrusted } from '../../../schemas/codec/codec.js';
import { fromHex, toHex } from '../../../schemas/kernel/bytes.js';
import { type EngineVectors, generatedFiles } from './generate.js';

const root = new URL('../../../', import.meta.url);

describe('the golden chain of the engine', () => {
  it('is what the generator writes: a change of it is a change of the engine version', () => {
    for (const [path, text] of generatedFiles()) {
      expect(readFileSync(new URL(path, root), 'utf8')).toBe(text);
    }
  });

  it('executes from its own bytes to its roots', () => {
    const text = readFileSync(new URL('test/vectors/engine/story.json', root), 'utf8');
    const { genesis, heights } = JSON.parse(text) as EngineVectors;
    const state = genesisState(decodeTrusted('Genesis', fromHex(genesis)), 0);
    for (const { block, seed, stateRoot, eventsRoot } of heights) {
      const executed = executeBlock(state, decodeTrusted('Block', fromHex(block)), fromHex(seed));
      expect(toHex(executed.stateRoot)).toBe(stateRoot);
      expect(toHex(executed.eventsRoot)).toBe(eventsRoot);
    }
  });

  it('shows every outcome', () => {
    const text = readFileSync(new URL('test/vectors/engine/story.json', root), 'utf8');
    const { heights } = JSON.parse(text) as EngineVectors;
    const outcomes = new Set(heights.flatMap((height) => height.outcomes));
    for (const expected of ['executed 0', 'ignored 2004', 'ignored 2005', 'ignored 3004']) {
      expect(outcomes).toContain(expected);
    }
    for (const code of [3008, 4001, 4007, 4010, 4016])
      expect(outcomes).toContain(`refused ${code}`);
  });
});
