import {
  type Ban,
  BYTES_BANS,
  BYTES_FOLDERS,
  CORE_FOLDERS,
  IMPURE_INSIDE,
  PURE_AGAIN,
  PURE_BANS,
  PURE_FOLDERS,
} from './bans.js';
import type { Finding } from './finding.js';
import { isTest, type SourceFile, type SyntaxNode } from './sourceFile.js';
import { isNode, memberPath, nameOf, walkSyntax } from './walkSyntax.js';

const lies = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path.startsWith(folder));

/** True where time, chance, locale and I/O may only come in as arguments. */
function isPure(path: string): boolean {
  if (isTest(path)) return false;
  if (lies(path, PURE_AGAIN)) return true;
  return lies(path, PURE_FOLDERS) && !lies(path, IMPURE_INSIDE);
}

/** The names, forms and types that a file may not use, each with what to use instead. */
export function checkBans(source: SourceFile): Finding[] {
  const { path, program } = source;
  const bans = isPure(path) ? [...PURE_BANS] : [];
  if (isPure(path) && lies(path, BYTES_FOLDERS)) bans.push(...BYTES_BANS);
  const isCore = isPure(path) && lies(path, CORE_FOLDERS);
  const own = declaredNames(program);
  const findings: Finding[] = [];
  walkSyntax(program, (node, around) => {
    const parent = around[around.length - 1];
    const said =
      bannedForm(path, node) ??
      (isPure(path) ? impureForm(node) : undefined) ??
      (isCore ? asyncForm(node) : undefined) ??
      bannedName(node, parent, bans, own);
    if (said === undefined) return;
    findings.push({ path, line: source.lineOf(node.start), rule: 'ban', message: said });
  });
  return findings;
}

/** Forms that no file may use. */
function bannedForm(path: string, node: SyntaxNode): string | undefined {
  if (node.type === 'TSAnyKeyword') return '`any`: say the type, or `unknown` and check it';
  // The test runner reads its configuration from a default export.
  if (node.type === 'ExportDefaultDeclaration' && !path.endsWith('vitest.config.ts')) {
    return 'a default export: name it, so that it is called the same everywhere';
  }
  return undefined;
}

/** Forms whose answer depends on more than their arguments. */
function impureForm(node: SyntaxNode): string | undefined {
  if (node.type === 'ForInStatement') return '`for … in`: use `for … of` over ordered entries';
  if (node.type !== 'CallExpression' || !isNode(node.callee)) return undefined;
  const method = node.callee.type === 'MemberExpression' ? nameOf(node.callee.property) : undefined;
  const isBare = (node.arguments as readonly unknown[]).length === 0;
  if ((method === 'sort' || method === 'toSorted') && isBare) {
    return `\`${method}()\` without a comparator compares texts: give it the order you mean`;
  }
  return undefined;
}

/** A core answers at once: what takes time is an output. */
function asyncForm(node: SyntaxNode): string | undefined {
  if (node.type === 'AwaitExpression' || node.async === true) {
    return '`async` in a core: return an output and take the answer as an input';
  }
  return undefined;
}

function bannedName(
  node: SyntaxNode,
  parent: SyntaxNode | undefined,
  bans: readonly Ban[],
  own: ReadonlySet<string>,
): string | undefined {
  const used = usedName(node, parent, own);
  if (used === undefined) return undefined;
  const ban = bans.find(({ name }) => name === used || (name[0] === '.' && used.endsWith(name)));
  return ban && `\`${ban.name}\`: ${ban.instead}`;
}

/** `Date`, `Math.random`, `x.localeCompare`; undefined for names that the file declares itself. */
function usedName(
  node: SyntaxNode,
  parent: SyntaxNode | undefined,
  own: ReadonlySet<string>,
): string | undefined {
  if (node.type === 'MemberExpression') {
    const path = memberPath(node);
    if (path.length > 1) return own.has(path[0] as string) ? `.${path.at(-1)}` : path.join('.');
    const method = nameOf(node.property);
    return method === undefined || node.computed === true ? undefined : `.${method}`;
  }
  const name = nameOf(node);
  if (name === undefined || own.has(name) || parent === undefined) return undefined;
  const isKey = parent.computed !== true && (parent.property === node || parent.key === node);
  return isKey ? undefined : name;
}

/** Names of imports, variables, parameters, functions and types declared anywhere in the file. */
function declaredNames(program: SyntaxNode): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (value: unknown): void => {
    const name = nameOf(value);
    if (name !== undefined) names.add(name);
  };
  walkSyntax(program, (node) => {
    if (node.local !== undefined) add(node.local);
    if (node.type === 'VariableDeclarator') for (const one of boundNodes(node.id)) add(one);
    if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') add(node.id);
    if (Array.isArray(node.params)) {
      for (const param of node.params) for (const one of boundNodes(param)) add(one);
    }
  });
  return names;
}

/** The identifiers that a pattern binds. */
function boundNodes(pattern: unknown): unknown[] {
  if (!isNode(pattern)) return [];
  if (pattern.type === 'Identifier') return [pattern];
  if (pattern.type === 'Property') return boundNodes(pattern.value);
  const inner = [pattern.properties, pattern.elements, pattern.left, pattern.argument].flat();
  return [...inner, pattern.parameter].flatMap(boundNodes);
}
