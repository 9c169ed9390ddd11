import { visitorKeys } from 'oxc-parser';
import type { SyntaxNode } from './sourceFile.js';

/** Calls `visit` for every node in source order, with the nodes around it, outermost first. */
export function walkSyntax(
  root: SyntaxNode,
  visit: (node: SyntaxNode, around: readonly SyntaxNode[]) => void,
): void {
  const around: SyntaxNode[] = [];
  const descend = (node: SyntaxNode): void => {
    visit(node, around);
    around.push(node);
    for (const key of visitorKeys[node.type] ?? []) {
      const child = node[key];
      if (Array.isArray(child)) for (const one of child) if (isNode(one)) descend(one);
      if (isNode(child)) descend(child);
    }
    around.pop();
  };
  descend(root);
}

export function isNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string'
  );
}

/** The name of an identifier, else undefined. */
export function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  return value.type === 'Identifier' ? (value.name as string) : undefined;
}

/** `a.b.c` as ['a', 'b', 'c']; calls within are passed through: `it.each(rows).only`. */
export function memberPath(value: unknown): string[] {
  if (!isNode(value)) return [];
  if (value.type === 'Identifier') return [value.name as string];
  if (value.type === 'CallExpression') return memberPath(value.callee);
  if (value.type !== 'MemberExpression') return [];
  const last = value.computed === true ? undefined : nameOf(value.property);
  return [...memberPath(value.object), last ?? '?'];
}

/** What a call that declares tests begins with. */
export const TEST_WORDS: ReadonlySet<string> = new Set(['it', 'test', 'describe']);
