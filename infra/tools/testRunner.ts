import { firstBrokenRule, HOUSE_RULES } from './suites/houseRules.js';
import { judgeRun } from './suites/judgeRun.js';
import { leftOutSuites } from './suites/optionalSuites.js';
import { root } from './suites/runProgram.js';
import { runVitest } from './suites/runVitest.js';
import { listTree } from './tidy/readTree.js';
import { isTest } from './tidy/sourceFile.js';

/**
 * `npm test [-- VITEST ARGS]`: the rules of the house, then every suite that can run here. Returns
 * the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const broken = await firstBrokenRule(HOUSE_RULES, () => {});
  if (broken !== null) {
    process.stderr.write(`nullspace test: ${broken} failed\n`);
    return 1;
  }
  const leftOut = leftOutSuites(listTree(root).filter(isTest));
  const paths = leftOut.map(({ path }) => path);
  const { status, summary } = runVitest(args, paths);
  const verdict = judgeRun(status, summary, leftOut, process.env.CI === 'true');
  for (const line of verdict.lines) process.stdout.write(`${line}\n`);
  if (verdict.complaint !== null) process.stderr.write(`nullspace test: ${verdict.complaint}\n`);
  return verdict.exitCode;
}
