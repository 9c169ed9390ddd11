import { z } from 'zod';
import { ConfigError } from '../config/loadConfig.js';
import { optionNames } from '../config/optionNames.js';

const height = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** First and last height of what a command reads; without `to`, all that the log proves. */
export const heightRangeOptions = {
  from: height.default(1).describe('the first height'),
  to: height.optional().describe('the last height; without, all that the log proves'),
};

export function heightRange({
  from,
  to = Number.MAX_SAFE_INTEGER,
}: {
  readonly from: number;
  readonly to?: number | undefined;
}): { readonly fromHeight: number; readonly toHeight: number } {
  if (to < from) {
    throw new ConfigError(`${optionNames('to')}: ${to} is below --from, which is ${from}`);
  }
  return { fromHeight: from, toHeight: to };
}

/**
 * Refuses a height that was asked for by name and that the log does not have: whoever relies on it
 * would take silence for success. @throws ConfigError
 */
export function requireReached(
  asked: { readonly from: number; readonly to?: number | undefined },
  endHeight: number,
): void {
  for (const option of ['from', 'to'] as const) {
    const height = asked[option];
    if (height === undefined || height <= endHeight) continue;
    throw new ConfigError(`${optionNames(option)}: ${height}, and the log ends at ${endHeight}`);
  }
}
