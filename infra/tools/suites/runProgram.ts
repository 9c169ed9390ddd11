import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the checkout; this file runs from dist/infra/tools/suites. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** Runs a program in the checkout with the terminal's streams; its exit status. */
export function runProgram(path: string, args: readonly string[]): number {
  const { status, error } = spawnSync(path, [...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error !== undefined) process.stderr.write(`nullspace: ${path}: ${error.message}\n`);
  return status ?? 1;
}

/** A program of node_modules. */
export const packageProgram = (name: string): string => join(root, 'node_modules/.bin', name);
