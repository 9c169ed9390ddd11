import { beforeAll, describe, expect, it } from 'vitest';
import { installNativeCrypto } from '../../../infra/crypto/nativeSha256.js';
import { createPrng } from '../prng.js';
import { crimeNames } from './byzantine/crimes.js';
import { caseOf } from './cases.js';
import { type ClusterCase, type Conditions, drawConditions } from './conditions.js';
import { runClusterSeed } from './runSeed.js';

/** Enough that every kind of trouble is among them more than once, as a test below sees. */
const USUAL_SEEDS = 80;
/** CLUSTER_SEEDS runs so many instead. */
const SEEDS = Number(process.env.CLUSTER_SEEDS ?? USUAL_SEEDS);
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

describe('the usual seeds', () => {
  const cases = Array.from({ length: USUAL_SEEDS }, (_, index) => caseOf(index + 1));
  const drawn = cases.map((kind, index) => drawConditions(kind, createPrng(index + 1).fork()));

  it.each(crimeNames)('commit the crime %s more than once', (crime) => {
    const committed = drawn.filter(({ crimes }) => [...crimes.values()].includes(crime));
    expect(committed.length).toBeGreaterThan(1);
  });

  it.each<[trouble: string, has: (conditions: Conditions) => boolean]>([
    ['crashes of one', ({ crashes }) => crashes > 0],
    ['a crash of all', ({ hasBlackout }) => hasBlackout],
    ['partitions', ({ hasPartitions }) => hasPartitions],
    ['crashes of a gateway', ({ gatewayCrashes }) => gatewayCrashes > 0],
    ['crashes of the projector', ({ projectorCrashes }) => projectorCrashes > 0],
    ['an outage of the log', ({ hasLogOutage }) => hasLogOutage],
    ['broken appends', ({ logFaults }) => logFaults > 0],
    ['loss', ({ links }) => links.loss > 0],
    ['repetition', ({ links }) => links.duplication > 0],
    ['slow disks', ({ syncMaxMs }) => syncMaxMs > 10],
    ['clocks far apart', ({ clockSpreadMs }) => clockSpreadMs > 100],
    ['hasty players', ({ hastyPlayers }) => hastyPlayers > 0],
  ])('have %s in more than one of ten, and not in all', (_trouble, has) => {
    const troubled = drawn.filter(has).length;
    expect(troubled).toBeGreaterThan(USUAL_SEEDS / 10);
    expect(troubled).toBeLessThan(USUAL_SEEDS);
  });

  it('are of every kind of cluster', () => {
    const kinds = new Map<string, number>();
    for (const { name } of cases) kinds.set(name, (kinds.get(name) ?? 0) + 1);
    expect([...kinds.keys()].sort()).toEqual([
      ...['n=1', 'n=4, f=0', 'n=4, f=1', 'n=4, f=1, Ed25519 and BLS', 'n=7, f=2'],
    ]);
    for (const [name, seeds] of kinds) expect(seeds, name).toBeGreaterThan(1);
  });
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
