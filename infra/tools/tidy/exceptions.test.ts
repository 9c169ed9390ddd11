import { expect, it } from 'vitest';
import { applyExceptions } from './exceptions.js';
import type { Finding } from './finding.js';

const finding: Finding = { path: 'a.ts', line: 7, rule: 'cycle', message: 'closes a cycle' };

it('takes away what the list covers, by path and rule', () => {
  const other: Finding = { ...finding, rule: 'ban' };
  const judged = applyExceptions([finding, other], '# words\n\na.ts cycle # until it is split\n');
  expect(judged).toEqual({ findings: [other], excepted: 1 });
});

it('finds entries that are stale or doubled: the list only shrinks', () => {
  const { findings, excepted } = applyExceptions([finding], 'a.ts cycle\nb.ts ban\na.ts cycle\n');
  expect(excepted).toBe(1);
  expect(findings.map(({ line, rule, message }) => [line, rule, message])).toEqual([
    [2, 'exception', '"b.ts ban" is mended or gone: delete this line'],
    [3, 'exception', '"a.ts cycle" stands here twice: delete this line'],
  ]);
});

it('covers a rule for all below a folder', () => {
  const inside: Finding = { ...finding, path: 'query/routes/a.ts' };
  expect(applyExceptions([inside], 'query/ cycle').excepted).toBe(1);
  expect(applyExceptions([inside], 'query/ ban\nroutes/ cycle\nquer cycle').excepted).toBe(0);
});
