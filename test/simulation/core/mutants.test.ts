import { expect, test } from 'vitest';
import type { Input } from '../../../consensus/core/input.js';
import type { CoreState } from '../../../consensus/core/state.js';
import { type Case, runSeed } from './runSeed.js';

/** The harness must see the classic bugs of reference 1.16, else its silence means nothing. */
const BASE = {
  delayMs: [5, 65],
  loss: 0.02,
  crashes: 0,
  hasPartitions: true,
} as const;

/** Forgets that the view was nullified, so that a late certification still casts finalize. */
function forgetNullify(state: CoreState, input: Input): void {
  if (input.kind !== 'certified') return;
  const round = state.rounds.get(input.proposal.view);
  if (round === undefined || !round.sentNullify) return;
  round.sentNullify = false;
  round.nullification = null;
}

const MUTANTS: readonly Case[] = [
  {
    ...BASE,
    name: 'three of five is no quorum',
    validators: 5,
    quorum: 3,
    crimes: ['equivocator'],
  },
  {
    ...BASE,
    name: 'journal lost on restart',
    validators: 4,
    crimes: ['equivocator'],
    crashes: 40,
    mutation: { isJournalLost: true },
  },
  {
    ...BASE,
    name: 'finalize after nullify',
    validators: 4,
    crimes: ['equivocator'],
    mutation: { tamper: forgetNullify },
    timing: { leaderTimeoutMs: 60, certificationTimeoutMs: 100 },
  },
  { ...BASE, name: 'two Byzantine of four', validators: 4, crimes: ['equivocator', 'equivocator'] },
];

const SEEDS = 30;

for (const mutant of MUTANTS) {
  test(`seen unsafe: ${mutant.name}`, () => {
    let unsafe = 0;
    let forked = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { breaches } = runSeed(mutant, seed);
      if (breaches.length > 0) unsafe++;
      if (breaches.some((breach) => breach.endsWith('are final'))) forked++;
    }
    expect(unsafe).toBeGreaterThan(SEEDS / 3);
    expect(forked, 'two final blocks at one height').toBeGreaterThan(0);
  });
}

test('the same worlds without the bug are safe', () => {
  for (const { quorum: _quorum, mutation: _mutation, ...kind } of MUTANTS.slice(0, 3)) {
    for (let seed = 1; seed <= 10; seed++) {
      expect(runSeed(kind, seed).breaches, `${kind.name}, seed ${seed}`).toEqual([]);
    }
  }
});

test('a seed repeats itself', () => {
  const kind: Case = { ...BASE, name: 'repeat', validators: 4, crimes: [null], crashes: 3 };
  expect(runSeed(kind, 7)).toEqual(runSeed(kind, 7));
});
