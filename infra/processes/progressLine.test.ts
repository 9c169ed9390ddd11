import { expect, it } from 'vitest';
import { progressText } from './progressLine.js';

it('shows how far, how fast and how long', () => {
  const progress = { height: 1_200, commands: 150_000, share: 0.25 };
  expect(progressText(progress, 10_000)).toBe(
    '[######------------------]  25 %, height 1200, 15,000 commands/s, 30 s left',
  );
  expect(progressText(progress, 3_600_000)).toContain('42 commands/s, 3 h 0 min left');
  expect(progressText({ ...progress, share: 0.5 }, 90_000)).toContain('1 min 30 s left');
});

it('promises nothing before there is something to count with', () => {
  expect(progressText({ height: 3, commands: 9, share: 0.01 }, 100)).toBe(
    '[------------------------]   1 %, height 3',
  );
  expect(progressText({ height: 0, commands: 0, share: 0 }, 9_000)).toMatch(/height 0$/);
});
