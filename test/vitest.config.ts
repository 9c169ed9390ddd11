import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A whole cluster each, on Kafka and on Postgres: two cores have not enough for both at once. */
const FIRST = 'clusterKills.kafka.test.ts';
const LAST = 'clusterKills.test.ts';

class ClustersApart extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId }: TestSpecification): number =>
      moduleId.endsWith(FIRST) ? 0 : moduleId.endsWith(LAST) ? 2 : 1;
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['{schemas,command,consensus,projections,query,infra,test}/**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: ClustersApart },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
