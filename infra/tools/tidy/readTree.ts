import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TreeFile } from './sourceFile.js';

/** Texts only: what is binary or written by npm has no rules here. */
const READ = /\.(?:ts|tsx|mts|mjs|sql|css|html|md|sh|json)$/;
const NOT_OURS = /^package-lock\.json$/;

/** Folders that hold what is made, not written. */
const MADE: readonly string[] = ['node_modules', 'dist', '.data', '.git'];

/** Paths that git tracks or would track and that are there, in a fixed order. */
export function listTree(root: string): string[] {
  const paths = trackedPaths(root) ?? walkedPaths(root, '');
  return paths.filter((path) => existsSync(join(root, path))).sort();
}

/** Null where git has nothing to say: an unpacked archive, or a checkout of another user. */
function trackedPaths(root: string): string[] | null {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  try {
    const listing = execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    });
    return [...new Set(listing.split('\0'))].filter((path) => path !== '');
  } catch {
    return null;
  }
}

function walkedPaths(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return MADE.includes(entry.name) ? [] : walkedPaths(root, path);
    return [path];
  });
}

/** The files that tidy has rules for. */
export function readTree(root: string): TreeFile[] {
  return listTree(root)
    .filter((path) => READ.test(path) && !NOT_OURS.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}
