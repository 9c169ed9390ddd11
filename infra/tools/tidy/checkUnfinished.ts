import type { Finding } from './finding.js';
import { isTest, type SourceFile, type TreeFile } from './sourceFile.js';
import { isNode, memberPath, TEST_WORDS, walkSyntax } from './walkSyntax.js';

/** The brackets keep this file from finding itself. */
const MARKS = /\b(?:FIX[M]E|TO[D]O|XX[X])\b/;

const LEFT_OUT = new Set(['only', 'skip', 'todo', 'fails']);

/** Words that say a text is not finished. */
export function checkMarks({ path, text }: TreeFile): Finding[] {
  return text.split('\n').flatMap((line, index): Finding[] => {
    const mark = MARKS.exec(line)?.[0];
    if (mark === undefined) return [];
    const message = `${mark}: finish it, or write down in words what is not done and why`;
    return [{ path, line: index + 1, rule: 'unfinished', message }];
  });
}

/** Tests that leave others or themselves out. */
export function checkLeftOutTests(source: SourceFile): Finding[] {
  if (!isTest(source.path) && !source.path.startsWith('test/')) return [];
  const findings: Finding[] = [];
  walkSyntax(source.program, (node) => {
    if (node.type !== 'MemberExpression' || !isNode(node.object)) return;
    const path = memberPath(node);
    const last = path.at(-1) as string;
    if (!TEST_WORDS.has(path[0] ?? '') || !LEFT_OUT.has(last)) return;
    const way = 'what needs another program is a suite of testRunner.ts';
    const message = `.${last}: every test runs; ${way}`;
    const line = source.lineOf(node.end);
    findings.push({ path: source.path, line, rule: 'unfinished', message });
  });
  return findings;
}
