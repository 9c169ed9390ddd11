import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes longest, in the order in which it begins: none of it is left for the end, when the
 * other workers have nothing to do. The first and the last one here run a whole cluster each, which
 * is all that two cores can do at once; when the last one begins, the first one is long over.
 */
const LONG = [
  'test/e2e/clusterKills.kafka.test.ts',
  'test/simulation/cluster/cluster.test.ts',
  'test/browser/explorer.browser.test.ts',
  'infra/postgres/projectionStore.test.ts',
  'test/e2e/startLifecycle.test.ts',
  'infra/kafka/securedLog.kafka.test.ts',
  'infra/kafka/kafkaLog.kafka.test.ts',
  'infra/postgres/embeddedPostgres.test.ts',
  'test/campaigns/logCampaign.test.ts',
  'test/simulation/cluster/mutants.test.ts',
  'test/e2e/clusterKills.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((path) => moduleId.endsWith(path));
      return at < 0 ? LONG.length : at;
    };
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}

/**
 * Brokers and readers in Java live for a minute here: what the second compiler takes for their
 * code, they do not win back in that time. A third to a half of their processor time is gone.
 */
const JAVA_TOOL_OPTIONS = `${process.env.JAVA_TOOL_OPTIONS ?? ''} -XX:TieredStopAtLevel=1`.trim();

export default defineConfig({
  test: {
    env: { JAVA_TOOL_OPTIONS },
    root: new URL('..', import.meta.url).pathname,
    include: ['{schemas,command,consensus,projections,query,infra,test}/**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**'],
    pool: 'forks',
    // A third on two cores won nothing (881 s for all), and what waits for a time-out failed.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    // What is waited for comes in a moment; on a busy machine a second may be none.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 60_000,
  },
});
