import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TreeFile } from './sourceFile.js';

/** Texts only: what is binary or written by npm has no rules here. */
const READ = /\.(?:ts|tsx|mts|mjs|sql|css|html|md|sh|json)$/;
const NOT_OURS = /^package-lock\.json$/;

/** The files of the checkout that git tracks or would track, in a fixed order. */
export function readTree(root: string): TreeFile[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const listing = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  return [...new Set(listing.split('\0'))]
    .filter((path) => READ.test(path) && !NOT_OURS.test(path))
    .filter((path) => existsSync(join(root, path)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}
