import type { LeftOutSuite } from './optionalSuites.js';

/** What the test runner's report counts. */
export interface RunSummary {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

/** How a run ends. */
export interface Verdict {
  /** For stdout: every suite left out with its reason, then the counts. */
  readonly lines: readonly string[];
  /** For stderr, or null. */
  readonly complaint: string | null;
  readonly exitCode: number;
}

/**
 * A suite left out is said aloud and no failure, except on CI, where everything has to run.
 * `status` is the runner's own; `summary` is null when it broke down before it could count.
 */
export function judgeRun(
  status: number,
  summary: RunSummary | null,
  leftOut: readonly LeftOutSuite[],
  isCi: boolean,
): Verdict {
  const lines = leftOut.map(({ path, why }) => `not run: ${path}: ${why}`);
  if (summary !== null) lines.push(counts(summary));
  if (status !== 0) return { lines, complaint: null, exitCode: status };
  if (isCi && leftOut.length > 0) {
    return { lines, complaint: 'on CI no suite is left out', exitCode: 1 };
  }
  return { lines, complaint: null, exitCode: 0 };
}

function counts(summary: RunSummary): string {
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = summary;
  // A file that does not load fails as a suite, without a test of its own.
  const failures = numFailedTests + (numFailedTests === 0 ? numFailedTestSuites : 0);
  return `${numPassedTests} passed, ${failures} failed, ${numPendingTests} skipped`;
}
