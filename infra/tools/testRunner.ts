import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kafkaUnavailableReason } from '../kafka/kafkaJars.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Suites that need more than Node: by file suffix, with why they cannot run here, or null. */
const OPTIONAL_SUITES: readonly { readonly suffix: string; reason(): string | null }[] = [
  { suffix: '.kafka.test.ts', reason: kafkaUnavailableReason },
  { suffix: '.browser.test.ts', reason: chromiumUnavailableReason },
];

function chromiumUnavailableReason(): string | null {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return existsSync(path) ? null : `no Chromium at ${path}`;
}

/** Runs a program of node_modules with the terminal's streams; its exit status. */
function run(program: string, args: readonly string[]): number {
  const path = join(root, 'node_modules/.bin', program);
  const { status } = spawnSync(path, [...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status ?? 1;
}

interface Summary {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

function runVitest(
  args: readonly string[],
  left: readonly string[],
): { status: number; summary: Summary | null } {
  const folder = mkdtempSync(join(tmpdir(), 'nullspace-tests-'));
  const report = join(folder, 'report.json');
  const excludes = left.flatMap((suffix) => ['--exclude', `**/*${suffix}`]);
  const status = run('vitest', [
    ...['run', '--config', 'test/vitest.config.ts', '--reporter', 'default'],
    ...['--reporter', 'json', '--outputFile.json', report],
    ...excludes,
    ...args,
  ]);
  const summary = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Summary) : null;
  rmSync(folder, { recursive: true, force: true });
  return { status, summary };
}

/**
 * `npm test`: style, generated files, then every suite that can run here. Returns the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const steps: [string, number][] = [
    ['biome', run('biome', ['check', '--diagnostic-level=error', '.'])],
    [
      'generated types',
      spawnSync(process.execPath, ['infra/tools/generateTypes.mjs', '--check'], {
        cwd: root,
        stdio: 'inherit',
      }).status ?? 1,
    ],
  ];
  const failed = steps.find(([, status]) => status !== 0);
  if (failed !== undefined) {
    process.stderr.write(`nullspace test: ${failed[0]} failed\n`);
    return 1;
  }
  const unavailable = OPTIONAL_SUITES.flatMap(({ suffix, reason }) => {
    const why = reason();
    return why === null ? [] : [{ suffix, why }];
  });
  const { status, summary } = runVitest(
    args,
    unavailable.map(({ suffix }) => suffix),
  );
  for (const { suffix, why } of unavailable) {
    process.stdout.write(`not run: *${suffix}: ${why}\n`);
  }
  const isCi = process.env.CI === 'true';
  if (summary !== null) {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = summary;
    const failures = numFailedTests + (numFailedTests === 0 ? numFailedTestSuites : 0);
    process.stdout.write(
      `${numPassedTests} passed, ${failures} failed, ${summary.numPendingTests} skipped\n`,
    );
  }
  if (isCi && unavailable.length > 0) {
    process.stderr.write('nullspace test: on CI no suite is left out\n');
    return 1;
  }
  return status;
}
