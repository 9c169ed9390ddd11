import { beforeAll, describe, expect, it } from 'vitest';
import { installNativeCrypto } from '../../../infra/crypto/nativeSha256.js';
import { caseOf } from './cases.js';
import type { ClusterCase } from './conditions.js';
import { runClusterSeed } from './runSeed.js';

/** CLUSTER_SEEDS runs so many instead. */
const SEEDS = Number(process.env.CLUSTER_SEEDS ?? 200);
const PER_TEST = 20;

beforeAll(installNativeCrypto);

async function expectSound(kind: ClusterCase, seed: number): Promise<void> {
  const { breaches, stuck } = await runClusterSeed(kind, seed);
  const repeat = `${kind.name}; repeat with: npm run simulate -- --seed ${seed}`;
  expect({ breaches, stuck }, repeat).toEqual({ breaches: [], stuck: [] });
}

describe('the whole cluster is safe in a storm and lives after it', () => {
  for (let first = 1; first <= SEEDS; first += PER_TEST) {
    const last = Math.min(first + PER_TEST - 1, SEEDS);
    it(`seeds ${first} to ${last}`, { timeout: 240_000 }, async () => {
      for (let seed = first; seed <= last; seed++) await expectSound(caseOf(seed), seed);
    });
  }
});

describe('a seed', () => {
  it('repeats itself, event for event', { timeout: 60_000 }, async () => {
    for (const seed of [2, 4, 7]) {
      const first = await runClusterSeed(caseOf(seed), seed);
      const second = await runClusterSeed(caseOf(seed), seed);
      expect(second).toEqual(first);
      expect(first.events).toBeGreaterThan(500);
    }
  });

  it('is another world than its neighbour', { timeout: 60_000 }, async () => {
    const [one, other] = [await runClusterSeed(caseOf(2), 2), await runClusterSeed(caseOf(3), 3)];
    expect(one.digest).not.toBe(other.digest);
  });
});
