import type { Finding } from './finding.js';
import { isCode, isTest, type SourceFile, type SyntaxNode, type TreeFile } from './sourceFile.js';
import { isNode, memberPath, TEST_WORDS, walkSyntax } from './walkSyntax.js';

const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 500;
const LINE_COLUMNS_MAX = 100;

/** Written by a program, read by programs: their length says nothing. */
const GENERATED: readonly string[] = ['schemas/types/', 'infra/crypto/ed25519EdgeCases.ts'];

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

const isGenerated = (path: string): boolean => GENERATED.some((start) => path.startsWith(start));
const isWrittenByHand = (path: string): boolean =>
  (isCode(path) || /\.(?:css|html|sql|sh)$/.test(path)) && !isGenerated(path);

/** Files of at most 500 lines, lines of at most 100 columns. */
export function checkFileLengths({ path, text }: TreeFile): Finding[] {
  if (!isWrittenByHand(path)) return [];
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  const findings: Finding[] = [];
  if (lines.length > FILE_LINES_MAX) {
    const size = `${lines.length} lines, at most ${FILE_LINES_MAX}`;
    const message = `${size}: split the file along its sense`;
    findings.push({ path, line: FILE_LINES_MAX + 1, rule: 'file-length', message });
  }
  for (const [index, line] of lines.entries()) {
    const columns = [...line].length;
    // A link cannot be broken; nothing else on its line may be long.
    if (columns <= LINE_COLUMNS_MAX || /^\W*https?:\/\/\S+\W*$/.test(line)) continue;
    const message = `${columns} columns, at most ${LINE_COLUMNS_MAX}: break the line`;
    findings.push({ path, line: index + 1, rule: 'line-length', message });
  }
  return findings;
}

/** Functions of at most 70 lines. A function that holds tests is a chapter, and has no limit. */
export function checkFunctionLengths(source: SourceFile): Finding[] {
  if (isGenerated(source.path)) return [];
  const findings: Finding[] = [];
  const isTestCode = isTest(source.path) || source.path.startsWith('test/');
  walkSyntax(source.program, (node) => {
    if (!FUNCTIONS.has(node.type) || (isTestCode && isChapter(node))) return;
    const line = source.lineOf(node.start);
    const lines = source.lineOf(node.end) - line + 1;
    if (lines <= FUNCTION_LINES_MAX) return;
    const size = `a function of ${lines} lines, at most ${FUNCTION_LINES_MAX}`;
    const message = `${size}: give its parts names`;
    findings.push({ path: source.path, line, rule: 'function-length', message });
  });
  return findings;
}

/** True for a function of a test that holds tests: they have names, and limits of their own. */
function isChapter(node: SyntaxNode): boolean {
  const statements = isNode(node.body) ? node.body.body : undefined;
  return (
    Array.isArray(statements) &&
    statements.some(
      ({ expression }) =>
        isNode(expression) &&
        expression.type === 'CallExpression' &&
        TEST_WORDS.has(memberPath(expression.callee)[0] ?? ''),
    )
  );
}
