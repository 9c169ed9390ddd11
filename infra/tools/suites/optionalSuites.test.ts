import { afterEach, expect, it } from 'vitest';
import { leftOutSuites, OPTIONAL_SUITES } from './optionalSuites.js';

const PATHS = ['a/log.kafka.test.ts', 'a/page.browser.test.ts', 'a/b.kafka.test.ts', 'a/c.test.ts'];
const before = { ...process.env };

afterEach(() => {
  process.env.PATH = before.PATH;
  if (before.CHROMIUM === undefined) delete process.env.CHROMIUM;
  else process.env.CHROMIUM = before.CHROMIUM;
  if (before.NULLSPACE_PG_BIN === undefined) delete process.env.NULLSPACE_PG_BIN;
  else process.env.NULLSPACE_PG_BIN = before.NULLSPACE_PG_BIN;
});

it('leaves out the suites whose program is missing, and no other', () => {
  const kinds = [
    { suffix: '.kafka.test.ts', reason: () => 'no Java' },
    { suffix: '.browser.test.ts', reason: () => null },
  ];
  expect(leftOutSuites(PATHS, kinds)).toEqual([
    { path: 'a/log.kafka.test.ts', why: 'no Java' },
    { path: 'a/b.kafka.test.ts', why: 'no Java' },
  ]);
});

it('sees that a machine has neither Java nor Chromium nor Python nor PostgreSQL', () => {
  process.env.PATH = '/nowhere';
  process.env.CHROMIUM = '/nowhere/chromium';
  process.env.NULLSPACE_PG_BIN = '/nowhere';
  const reasons = OPTIONAL_SUITES.map(({ reason }) => reason());
  expect(reasons).toEqual([
    expect.stringContaining('no Java on the PATH'),
    expect.stringContaining('no Chromium at /nowhere/chromium'),
    'no redis-server on the PATH',
    null,
    expect.stringContaining('no Java on the PATH'),
    expect.stringContaining('no Java on the PATH'),
    expect.stringContaining('no Python 3.9 or later'),
    expect.stringContaining('no PostgreSQL server with pg_basebackup'),
  ]);
});
