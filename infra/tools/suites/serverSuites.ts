import { type ModuleGraph, reachableFrom } from '../tidy/moduleGraph.js';
import { isTest } from '../tidy/sourceFile.js';

/** Modules that start a server of another program. */
const STARTERS: readonly string[] = [
  'infra/postgres/embeddedPostgres.ts',
  'infra/kafka/kafkaRuntime.ts',
];

/** Suites that need a program besides Node's: those whose imports lead to a starter of one. */
export function serverSuites(graph: ModuleGraph): string[] {
  const tests = graph.sources.map(({ path }) => path).filter(isTest);
  return tests.filter((path) => {
    if (
      /\.(?:kafka|browser|python|java|duckdb|standby)\.test\.ts$/.test(path) ||
      path.startsWith('test/e2e/')
    )
      return true;
    const reached = reachableFrom(graph, [path]);
    return STARTERS.some((starter) => reached.has(starter));
  });
}
