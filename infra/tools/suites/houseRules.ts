import { main as tidy } from '../tidyCommand.js';
import { packageProgram, runProgram } from './runProgram.js';

/** A check of sources, before any test runs. Answers an exit status. */
export interface HouseRule {
  readonly name: string;
  run(): number | Promise<number>;
}

/** Cheapest first: format and lint, generated files, structure. */
export const HOUSE_RULES: readonly HouseRule[] = [
  {
    name: 'lint',
    run: () => runProgram(packageProgram('biome'), ['check', '--diagnostic-level=error', '.']),
  },
  {
    name: 'generated types',
    run: () => runProgram(process.execPath, ['infra/tools/generateTypes.mjs', '--check']),
  },
  { name: 'tidy', run: () => tidy([]) },
];

/** Runs them in order up to the first that fails, whose name it answers; null when all hold. */
export async function firstBrokenRule(
  rules: readonly HouseRule[],
  say: (line: string) => void,
): Promise<string | null> {
  for (const { name, run } of rules) {
    say(name);
    if ((await run()) !== 0) return name;
  }
  return null;
}
