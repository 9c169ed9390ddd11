import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { fetchNewerNode } from '../../infra/tools/suites/newerNode.js';
import { chainRoots } from './chainRoots.js';

const SEEDS = [1, 2, 3];
const dist = new URL('../../dist/test/', import.meta.url);
let newerNode = '';

/** What a compiled module's expression is, as JSON, in the newer Node. */
function evaluate(module: string, expression: string): unknown {
  const url = JSON.stringify(new URL(module, dist).href);
  const program = `import * as it from ${url}; console.log(JSON.stringify(await ${expression}));`;
  const args = ['--input-type=module', '--eval', program];
  const { status, stdout, stderr } = spawnSync(newerNode, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

beforeAll(async () => {
  newerNode = await fetchNewerNode();
}, 300_000);

describe('a newer Node', { timeout: 60_000 }, () => {
  it('is another one', () => {
    const { stdout } = spawnSync(newerNode, ['--version'], { encoding: 'utf8' });
    expect(stdout.trim()).not.toBe(process.version);
    expect(stdout).toMatch(/^v\d+\./);
  });

  it.each(SEEDS)('gives the roots and results of this one over the log of seed %i', (seed) => {
    expect(evaluate('e2e/chainRoots.js', `it.chainRoots(${seed})`)).toEqual(chainRoots(seed));
  });

  it('writes every golden file as it stands', () => {
    expect(evaluate('vectors/vectorsCommand.js', 'it.main([])')).toBe(0);
  });
});
