import { firstBrokenRule, HOUSE_RULES } from './suites/houseRules.js';
import { root } from './suites/runProgram.js';
import { runVitest } from './suites/runVitest.js';
import { serverSuites } from './suites/serverSuites.js';
import { moduleGraph } from './tidy/moduleGraph.js';
import { readTree } from './tidy/readTree.js';
import { isCode, isTest, parseSource } from './tidy/sourceFile.js';

const say = (line: string): void => {
  process.stdout.write(`check: ${line}\n`);
};

/**
 * `npm run check [-- VITEST ARGS]`: fast answers. The build is done when this runs; then the rules
 * of the house, then the suites that start no server. Says what runs; returns the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  say('build is up to date');
  const broken = await firstBrokenRule(HOUSE_RULES, say);
  if (broken !== null) {
    say(`${broken} failed`);
    return 1;
  }
  const sources = readTree(root).filter(({ path }) => isCode(path));
  const graph = moduleGraph(sources.map(parseSource));
  const left = serverSuites(graph);
  const all = sources.filter(({ path }) => isTest(path)).length;
  say(`${all - left.length} suites that need no server; npm test runs ${left.length} more`);
  const { status } = runVitest(args, left);
  say(status === 0 ? 'all is well' : 'tests failed');
  return status;
}
