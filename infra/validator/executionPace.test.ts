import { describe, expect, it } from 'vitest';
import { MAX_ENVELOPE_COMMANDS } from '../../schemas/limits.js';
import { createExecutionPace } from './executionPace.js';

describe('the pace of execution', () => {
  it('bounds nothing before it was measured, nor by blocks that say little', () => {
    const pace = createExecutionPace();
    pace.executed(3, 900);
    expect(pace.commandsMax()).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('gives blocks a tenth of a second, follows what changes, and lets an envelope in', () => {
    const pace = createExecutionPace();
    pace.executed(2_000, 100);
    expect(pace.commandsMax()).toBe(2_000);
    for (let block = 0; block < 40; block++) pace.executed(1_000, 200);
    expect(pace.commandsMax()).toBe(500);
    for (let block = 0; block < 40; block++) pace.executed(1_000, 10_000);
    expect(pace.commandsMax()).toBe(MAX_ENVELOPE_COMMANDS);
  });
});
