import { expect, it } from 'vitest';
import { judgeRun, type RunSummary } from './judgeRun.js';

const GREEN: RunSummary = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 1,
  numFailedTestSuites: 0,
};
const LEFT_OUT = [
  { path: 'infra/kafka/kafkaLog.kafka.test.ts', why: 'no Java on the PATH' },
  { path: 'query/explorer/page.browser.test.ts', why: 'no Chromium' },
];

it('passes a green run that leaves suites out, naming each in a line', () => {
  expect(judgeRun(0, GREEN, LEFT_OUT, false)).toEqual({
    lines: [
      'not run: infra/kafka/kafkaLog.kafka.test.ts: no Java on the PATH',
      'not run: query/explorer/page.browser.test.ts: no Chromium',
      '5 passed, 0 failed, 1 skipped',
    ],
    complaint: null,
    exitCode: 0,
  });
});

it('fails that run on CI, and passes it there when nothing was left out', () => {
  const verdict = judgeRun(0, GREEN, LEFT_OUT, true);
  expect(verdict.exitCode).toBe(1);
  expect(verdict.complaint).toBe('on CI no suite is left out');
  expect(verdict.lines).toHaveLength(3);
  expect(judgeRun(0, GREEN, [], true).exitCode).toBe(0);
});

it('keeps the status of a run that failed, and counts a file that did not load', () => {
  const broken = { ...GREEN, numFailedTestSuites: 1 };
  expect(judgeRun(1, broken, [], false)).toEqual({
    lines: ['5 passed, 1 failed, 1 skipped'],
    complaint: null,
    exitCode: 1,
  });
  expect(judgeRun(1, { ...broken, numFailedTests: 2 }, [], false).lines).toEqual([
    '5 passed, 2 failed, 1 skipped',
  ]);
});

it('fails without counts when the runner broke down before it could count', () => {
  expect(judgeRun(137, null, [], false)).toEqual({ lines: [], complaint: null, exitCode: 137 });
});
