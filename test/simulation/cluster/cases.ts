import type { ClusterCase } from './conditions.js';

const ALONE: ClusterCase = { name: 'n=1', validators: 1, faulty: 0 };
const FOUR: ClusterCase = { name: 'n=4, f=0', validators: 4, faulty: 0 };
const FOUR_FAULTY: ClusterCase = { name: 'n=4, f=1', validators: 4, faulty: 1 };
const SEVEN_FAULTY: ClusterCase = { name: 'n=7, f=2', validators: 7, faulty: 2 };
const REAL: ClusterCase = {
  ...FOUR_FAULTY,
  name: 'n=4, f=1, Ed25519 and BLS',
  crypto: 'real',
};

/** The kind of cluster that a seed runs: of twenty, thirteen of four with a Byzantine one. */
export function caseOf(seed: number): ClusterCase {
  if (seed % 50 === 25) return REAL;
  if (seed % 20 === 7) return SEVEN_FAULTY;
  switch (seed % 10) {
    case 1:
      return ALONE;
    case 4:
    case 8:
      return FOUR;
    default:
      return FOUR_FAULTY;
  }
}
