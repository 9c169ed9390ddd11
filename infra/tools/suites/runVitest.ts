import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunSummary } from './judgeRun.js';
import { packageProgram, runProgram } from './runProgram.js';

/** Runs the suites except those at the paths `left`; `args` go to vitest as they are. */
export function runVitest(
  args: readonly string[],
  left: readonly string[],
): { status: number; summary: RunSummary | null } {
  const folder = mkdtempSync(join(tmpdir(), 'nullspace-tests-'));
  const report = join(folder, 'report.json');
  const status = runProgram(packageProgram('vitest'), [
    ...['run', '--config', 'test/vitest.config.ts', '--reporter', 'default'],
    ...['--reporter', 'json', '--outputFile.json', report],
    ...left.flatMap((path) => ['--exclude', path]),
    ...args,
  ]);
  const summary = existsSync(report)
    ? (JSON.parse(readFileSync(report, 'utf8')) as RunSummary)
    : null;
  rmSync(folder, { recursive: true, force: true });
  return { status, summary };
}
