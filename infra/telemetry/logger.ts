import { type DestinationStream, type Logger, pino } from 'pino';
import { hideUrls } from './hideUrls.js';

function serializeError(error: Error): unknown {
  hideUrls(error);
  return pino.stdSerializers.err(error);
}

/** One JSON line an entry, on stderr: stdout belongs to what a command answers. */
export function createLogger(
  role: string,
  level = process.env.NULLSPACE_LOG_LEVEL ?? 'info',
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  const serializers = { err: serializeError, error: serializeError, cause: serializeError };
  return pino({ level, base: { role }, serializers }, destination);
}
