import { afterAll, it } from 'vitest';
import { type ClusterUnderTest, createCluster } from './clusterUnderTest.js';
import { chosenSeed, killUnderLoad } from './killScenario.js';

let cluster: ClusterUnderTest | null = null;
afterAll(() => cluster?.remove(), 120_000);

it('loses and doubles nothing on Kafka when validators, the broker, and then everything, are killed', async () => {
  cluster = await createCluster('kafka');
  await killUnderLoad(cluster, chosenSeed(), 1);
}, 900_000);
