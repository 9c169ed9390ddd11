import { expect, test } from 'vitest';
import { type Case, runSeed } from './runSeed.js';

const CASES: readonly Case[] = [
  {
    name: 'one validator',
    validators: 1,
    crimes: [],
    delayMs: [1, 2],
    loss: 0,
    crashes: 3,
    hasPartitions: false,
  },
  {
    name: 'four, clean',
    validators: 4,
    crimes: [],
    delayMs: [0.5, 1],
    loss: 0,
    crashes: 0,
    hasPartitions: false,
  },
  {
    name: 'four, lossy',
    validators: 4,
    crimes: [null],
    delayMs: [5, 35],
    loss: 0.2,
    crashes: 3,
    hasPartitions: false,
  },
  {
    name: 'four, partitioned',
    validators: 4,
    crimes: [null],
    delayMs: [5, 65],
    loss: 0.02,
    crashes: 1,
    hasPartitions: true,
  },
  {
    name: 'four, equivocator',
    validators: 4,
    crimes: ['equivocator'],
    delayMs: [1, 150],
    loss: 0.05,
    crashes: 2,
    hasPartitions: true,
  },
  {
    name: 'seven, lossy',
    validators: 7,
    crimes: [null, null],
    delayMs: [5, 35],
    loss: 0.2,
    crashes: 5,
    hasPartitions: true,
  },
];
const SEEDS: Record<string, number> = { 'one validator': 3, 'four, clean': 2, 'seven, lossy': 20 };
/** CORE_SEED repeats one seed; CORE_SEEDS runs so many of each case. */
const one = process.env.CORE_SEED === undefined ? null : Number(process.env.CORE_SEED);
const many = process.env.CORE_SEEDS === undefined ? null : Number(process.env.CORE_SEEDS);

for (const kind of CASES) {
  test(`safe and live: ${kind.name}`, { timeout: 30_000 + 1000 * (many ?? 0) }, () => {
    const count = many ?? SEEDS[kind.name] ?? 25;
    const seeds = one === null ? Array.from({ length: count }, (_, i) => i + 1) : [one];
    for (const seed of seeds) {
      const { breaches, stuck } = runSeed(kind, seed);
      const command = `CORE_SEED=${seed} npx vitest run --config test/vitest.config.ts test/simulation/core -t '${kind.name}'`;
      expect({ breaches, stuck }, `repeat with: ${command}`).toEqual({ breaches: [], stuck: [] });
    }
  });
}
