import { expect, it } from 'vitest';
import { moduleGraph } from '../tidy/moduleGraph.js';
import { parseSource } from '../tidy/sourceFile.js';
import { serverSuites } from './serverSuites.js';

it('knows the suites whose imports lead to a server, however far', () => {
  const files = {
    'infra/postgres/embeddedPostgres.ts': 'export const start = 1;',
    'test/simulation/projectedChain.ts':
      "import '../../infra/postgres/embeddedPostgres.js';\nexport const chain = 1;",
    'query/feeds/feed.test.ts': "import '../../test/simulation/projectedChain.js';",
    'infra/kafka/kafkaLog.kafka.test.ts': '',
    'test/e2e/play.test.ts': '',
    'schemas/codec/codec.test.ts': "import './codec.js';",
  };
  const sources = Object.entries(files).map(([path, text]) => parseSource({ path, text }));
  expect(serverSuites(moduleGraph(sources))).toEqual([
    'query/feeds/feed.test.ts',
    'infra/kafka/kafkaLog.kafka.test.ts',
    'test/e2e/play.test.ts',
  ]);
});
