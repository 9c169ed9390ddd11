import { afterAll, it } from 'vitest';
import { type ClusterUnderTest, createCluster } from './clusterUnderTest.js';
import { chosenSeed, killUnderLoad } from './killScenario.js';

let cluster: ClusterUnderTest | null = null;
afterAll(() => cluster?.remove(), 120_000);

it('loses and doubles nothing on Postgres when validators, its server, and then everything, are killed', async () => {
  cluster = await createCluster('postgres');
  await killUnderLoad(cluster, chosenSeed(), 1);
}, 900_000);
