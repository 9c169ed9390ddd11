import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { goldenFiles, goldenTexts, strangers } from './goldenFiles.js';

const root = new URL('../..', import.meta.url).pathname;

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

it('holds no file that nobody writes or reads, and no folder without a generator', () => {
  const golden = new Set(goldenTexts().keys());
  expect(strangers(filesBelow('test/vectors'), golden)).toEqual([]);
});

it('knows strangers: a file beside the golden ones, and a folder of its own', () => {
  const golden = new Set(['test/vectors/crypto/beacon.json']);
  const paths = [
    'test/vectors/crypto/beacon.json',
    'test/vectors/crypto/generate.ts',
    'test/vectors/crypto/README.md',
    'test/vectors/crypto/old.json',
    'test/vectors/consensus/votes.ts',
  ];
  expect(strangers(paths, golden)).toEqual([
    'test/vectors/crypto/old.json',
    'test/vectors/consensus/votes.ts',
  ]);
});

it('tells a changed file from a missing one and from one that is the same', () => {
  const texts = new Map([
    ['a', 'new'],
    ['b', 'new'],
    ['c', 'new'],
  ]);
  const tree: Readonly<Record<string, string>> = { a: 'new', b: 'old' };
  const states = goldenFiles(texts, (path) => tree[path] ?? null).map(({ state }) => state);
  expect(states).toEqual(['same', 'changed', 'missing']);
});
