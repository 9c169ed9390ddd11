import { existsSync } from 'node:fs';
import { kafkaUnavailableReason } from '../../kafka/kafkaJars.js';
import { standbyUnavailableReason } from '../../postgres/standby/serverPrograms.js';
import { redisUnavailableReason } from '../../wakeups/redisRuntime.js';
import { javaReaderUnavailableReason } from './javaReader.js';
import { newerNodeUnavailableReason } from './newerNode.js';
import { pythonUnavailableReason } from './pythonReader.js';

/** Suites that need more than Node and npm's packages, by the end of their files' names. */
export interface OptionalSuites {
  readonly suffix: string;
  /** Why they cannot run here, in a few words; null when they can. */
  reason(): string | null;
}

/** A suite that does not run here. */
export interface LeftOutSuite {
  readonly path: string;
  readonly why: string;
}

export const OPTIONAL_SUITES: readonly OptionalSuites[] = [
  { suffix: '.kafka.test.ts', reason: kafkaUnavailableReason },
  { suffix: '.browser.test.ts', reason: chromiumUnavailableReason },
  { suffix: '.redis.test.ts', reason: redisUnavailableReason },
  { suffix: '.newerNode.test.ts', reason: newerNodeUnavailableReason },
  // Reads a log on Kafka.
  {
    suffix: '.python.test.ts',
    reason: () => kafkaUnavailableReason() ?? pythonUnavailableReason(),
  },
  {
    suffix: '.java.test.ts',
    reason: () => kafkaUnavailableReason() ?? javaReaderUnavailableReason(),
  },
  { suffix: '.duckdb.test.ts', reason: pythonUnavailableReason },
  { suffix: '.standby.test.ts', reason: standbyUnavailableReason },
];

function chromiumUnavailableReason(): string | null {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return existsSync(path) ? null : `no Chromium at ${path} (CHROMIUM names another)`;
}

/** Every suite among `paths` that cannot run here, with the reason. */
export function leftOutSuites(
  paths: readonly string[],
  kinds: readonly OptionalSuites[] = OPTIONAL_SUITES,
): LeftOutSuite[] {
  return kinds.flatMap(({ suffix, reason }) => {
    const why = reason();
    if (why === null) return [];
    return paths.filter((path) => path.endsWith(suffix)).map((path) => ({ path, why }));
  });
}
