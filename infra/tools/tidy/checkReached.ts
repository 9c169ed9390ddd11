import { posix } from 'node:path';
import type { Finding } from './finding.js';
import { type ModuleGraph, reachableFrom } from './moduleGraph.js';
import { isTest, type TreeFile } from './sourceFile.js';

/** Where programs begin: the commands of run.mjs, what tools of others read, and the page. */
const ENTRIES: readonly RegExp[] = [
  /^infra\/processes\/nullspace\.ts$/,
  /^infra\/tools\/(?:\w+Command\.ts|testRunner\.ts|\w+\.mjs)$/,
  /^query\/explorer\/(?:build\.mjs|main\.tsx)$/,
  /^infra\/package\/\w+\.mjs$/,
  /^schemas\/codec\/(?:interpretedTypes\.ts|bundlePlugins\.mjs)$/,
  /^test\/vitest\.config\.ts$/,
  /^test\/(?:simulation|vectors|perf|bench|e2e|campaigns)\/(?:main|\w+Command|bench\w*)\.ts$/,
];

const isEntry = (path: string): boolean => ENTRIES.some((entry) => entry.test(path));

/** Files that no program and no test reaches, and files outside test/ that only tests reach. */
export function checkReached(graph: ModuleGraph, files: readonly TreeFile[]): Finding[] {
  const mentioned = mentionedFiles(graph);
  const entries = graph.sources.map(({ path }) => path).filter(isEntry);
  const live = reachableFrom(graph, entries, mentioned);
  const tests = graph.sources.map(({ path }) => path).filter(isTest);
  const tested = reachableFrom(graph, [...entries, ...tests], mentioned);
  const findings = graph.sources.flatMap(({ path }): Finding[] => {
    const isTestCode = isTest(path) || path.startsWith('test/');
    // Declarations of a package's types are read by the compiler, not imported.
    if (path.endsWith('.d.ts') || live.has(path) || (isTestCode && tested.has(path))) return [];
    const who = tested.has(path) ? 'only tests reach this file' : 'nothing reaches this file';
    return [deadFinding(path, who)];
  });
  return [...findings, ...unusedTables(files)];
}

function deadFinding(path: string, who: string): Finding {
  const message = `${who}: delete it, wire it, or move it into test/`;
  return { path, line: 1, rule: 'dead-file', message };
}

/** SQL that no source names. */
function unusedTables(files: readonly TreeFile[]): Finding[] {
  const tables = files.filter(({ path }) => path.endsWith('.sql')).map(({ path }) => path);
  const texts = files.filter(({ path }) => /\.(?:ts|mjs)$/.test(path)).map(({ text }) => text);
  return tables
    .filter((path) => !texts.some((text) => text.includes(posix.basename(path))))
    .map((path) => deadFinding(path, 'no source names this file'));
}

/** By file, the files that it names in a text: `'./worker.js'` of a thread. */
function mentionedFiles({ sources }: ModuleGraph): ReadonlyMap<string, readonly string[]> {
  const paths = new Set(sources.map(({ path }) => path));
  return new Map(
    sources.map((source) => {
      const texts = source.text.match(/(?<=['"`])[\w./-]+\.(?:js|mjs|tsx?)(?=['"`])/g) ?? [];
      const targets = texts.flatMap((text) => {
        const path = posix.normalize(posix.join(posix.dirname(source.path), text));
        return [path, path.replace(/\.js$/, '.ts')].filter((one) => paths.has(one));
      });
      return [source.path, targets];
    }),
  );
}

/** Functions, classes and constants that are exported and that no other file imports. */
export function checkUnusedExports(graph: ModuleGraph): Finding[] {
  const used = usedNames(graph);
  return graph.sources.flatMap((source) => {
    if (isEntry(source.path) || isTest(source.path)) return [];
    return (
      source.exports
        .filter(({ isType, from }) => !isType && from === null)
        // A caller may need to tell an error from others, whether one does today or not.
        .filter(({ name }) => !name.endsWith('Error') && !isUsed(used.get(source.path), name))
        .map(({ name, line }): Finding => {
          const message = `no other file imports ${name}: take \`export\` or the code away`;
          return { path: source.path, line, rule: 'unused-export', message };
        })
    );
  });
}

const isUsed = (names: ReadonlySet<string> | undefined, name: string): boolean =>
  names !== undefined && (names.has(name) || names.has('*'));

function usedNames({ sources, edges }: ModuleGraph): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>();
  for (const { path } of sources) {
    for (const { target, via } of edges.get(path) ?? []) {
      const names = used.get(target) ?? new Set();
      used.set(target, names);
      for (const name of via.names) names.add(name);
    }
  }
  return used;
}
