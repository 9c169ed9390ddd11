import { posix } from 'node:path';
import type { ModuleImport, SourceFile } from './sourceFile.js';

/** An import that leads to another file of the tree. */
export interface ModuleEdge {
  readonly target: string;
  readonly via: ModuleImport;
}

/** The files of the tree and the imports between them. */
export interface ModuleGraph {
  readonly sources: readonly SourceFile[];
  /** By path, the edges out of it, in source order. */
  readonly edges: ReadonlyMap<string, readonly ModuleEdge[]>;
}

export function moduleGraph(sources: readonly SourceFile[]): ModuleGraph {
  const paths = new Set(sources.map(({ path }) => path));
  const edges = new Map<string, ModuleEdge[]>();
  for (const { path, imports } of sources) {
    const found = imports.flatMap((via) => {
      const target = resolveImport(path, via.specifier, paths);
      return target === null ? [] : [{ target, via }];
    });
    edges.set(path, found);
  }
  return { sources, edges };
}

/** The files that imports lead to from `starts`, and those that `besides` names for a file. */
export function reachableFrom(
  { edges }: ModuleGraph,
  starts: readonly string[],
  besides: ReadonlyMap<string, readonly string[]> = new Map(),
): ReadonlySet<string> {
  const found = new Set(starts);
  // A set yields what is added while it is walked.
  for (const path of found) {
    for (const { target } of edges.get(path) ?? []) found.add(target);
    for (const target of besides.get(path) ?? []) found.add(target);
  }
  return found;
}

/** The file of the tree behind a relative specifier; null for packages and for other files. */
function resolveImport(from: string, specifier: string, paths: ReadonlySet<string>): string | null {
  if (!specifier.startsWith('.')) return null;
  const path = posix.normalize(posix.join(posix.dirname(from), specifier));
  const stem = path.replace(/\.js$/, '');
  const candidates = [path, `${stem}.ts`, `${stem}.tsx`];
  return candidates.find((candidate) => paths.has(candidate)) ?? null;
}
