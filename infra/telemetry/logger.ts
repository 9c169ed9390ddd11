import { type Logger, pino } from 'pino';

/** One JSON line an entry, on stderr: stdout belongs to what a command answers. */
export function createLogger(
  role: string,
  level = process.env.NULLSPACE_LOG_LEVEL ?? 'info',
): Logger {
  return pino({ level, base: { role } }, pino.destination({ fd: 2, sync: true }));
}
