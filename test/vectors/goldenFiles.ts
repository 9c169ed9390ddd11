import { generatedFiles as codecFiles } from './codec/generate.js';
import { generatedFiles as cryptoFiles } from './crypto/generate.js';
import { generatedFiles as engineFiles } from './engine/generate.js';

/** A golden file, and whether the tree holds what its generator writes today. */
export interface GoldenFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly state: 'same' | 'changed' | 'missing';
}

/** Every generated file by its path; each folder of vectors has its generator. Deterministic. */
export function goldenTexts(): ReadonlyMap<string, string> {
  return new Map([...codecFiles(), ...cryptoFiles(), ...engineFiles()]);
}

/** Compares what the generators write with the tree; `read` answers null for a missing file. */
export function goldenFiles(
  texts: ReadonlyMap<string, string>,
  read: (path: string) => string | null,
): GoldenFile[] {
  return [...texts].map(([path, text]) => {
    const before = read(path);
    const state = before === null ? 'missing' : before === text ? 'same' : 'changed';
    return { path, text, state };
  });
}

/**
 * Files below test/vectors that nothing there accounts for: no generator writes them, and they are
 * neither code nor a README. Vectors that no test reads would be believed and prove nothing.
 */
export function strangers(paths: readonly string[], golden: ReadonlySet<string>): string[] {
  const folders = [...golden].map((path) => path.slice(0, path.lastIndexOf('/') + 1));
  const known = new Set(['test/vectors/', ...folders]);
  return paths.filter((path) => {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    return !known.has(folder) || !(golden.has(path) || /(?:\.ts|README\.md)$/.test(path));
  });
}
