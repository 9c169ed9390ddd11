import type { Logger } from 'pino';
import { ConfigError } from '../config/loadConfig.js';
import { HelpAsked } from '../config/optionsHelp.js';
import { FileError, toFileError } from '../files/errors.js';
import { createLogger } from '../telemetry/logger.js';

/** Messages between a role and the supervisor that forked it. */
export type RoleMessage =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string; readonly fatal: boolean };

/** A running role. */
export interface RunningRole {
  /** Base URL of its status paths. */
  readonly url: string;
  /** How long `stop` may take before the process is ended; default 8 s. */
  readonly stopTimeoutMs?: number;
  stop(): Promise<void>;
}

/** How long a role may take to stop before it is ended. */
const STOP_TIMEOUT_MS = 8_000;
export const EXIT_CONFIG = 2;

function tell(message: RoleMessage): void {
  process.send?.(message);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isPermanent(error: unknown): boolean {
  return error instanceof ConfigError || (error as { retriable?: boolean }).retriable === false;
}

/**
 * The typed form of an error that nobody handled and that is no bug: the disk is full. Else null.
 */
function outsideFault(error: unknown): FileError | null {
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  const isErrno = code === 'ENOSPC' || code === 'EDQUOT';
  const fault = isErrno ? toFileError(error, path ?? 'a file of this process') : error;
  return fault instanceof FileError && fault.code === 'disk-full' ? fault : null;
}

/** What nobody handled ends the process, also when the log is on the disk that is full. */
function dieOf(name: string, logger: Logger): (error: unknown) => void {
  return (error) => {
    try {
      const fault = outsideFault(error);
      if (fault === null) logger.fatal({ err: error }, 'a bug: the process stops');
      else {
        logger.fatal({ code: fault.code }, fault.message);
        process.stderr.write(`${name}: ${fault.message}\n`);
      }
    } finally {
      process.exit(1);
    }
  };
}

/**
 * Runs a role until it is told to stop: by SIGTERM, by Ctrl-C when it has a terminal of its own, or
 * by the end of the supervisor that forked it. A bug ends the process with status 1, and so does a
 * full disk, which it says in one line; a configuration that cannot work with status 2, and one
 * line that says what to change. A role that cannot go on, and may after another start, calls
 * `fail` with the reason: its process ends with status 1, unless it is stopping already.
 * @throws HelpAsked
 */
export async function runRole(
  name: string,
  start: (logger: Logger, fail: (reason: string) => void) => Promise<RunningRole>,
): Promise<void> {
  const supervised = process.send !== undefined;
  const logger = createLogger(name);
  const die = dieOf(name, logger);
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  const endUnstarted = (): void => {
    logger.error('the supervisor is gone before the role was ready');
    process.exit(1);
  };
  process.on('disconnect', endUnstarted);
  if (supervised && !process.connected) endUnstarted();
  let stopping = false;
  const fail = (reason: string): void => {
    if (stopping) return logger.error({ reason }, 'failed while it was stopping');
    process.stderr.write(`${name}: ${reason}\n`);
    process.exit(1);
  };
  let role: RunningRole;
  try {
    role = await start(logger, fail);
  } catch (error) {
    if (error instanceof HelpAsked) throw error;
    const fatal = isPermanent(error);
    tell({ kind: 'failed', message: describe(error), fatal });
    if (fatal) process.stderr.write(`${name}: ${describe(error)}\n`);
    else logger.error({ err: error }, 'cannot start');
    process.exit(fatal ? EXIT_CONFIG : 1);
  }
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ why }, 'stopping');
    setTimeout(() => {
      logger.error('did not stop in time');
      process.exit(1);
    }, role.stopTimeoutMs ?? STOP_TIMEOUT_MS).unref();
    role.stop().then(() => process.exit(0), die);
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => {
    if (!supervised) stop('SIGINT');
  });
  process.off('disconnect', endUnstarted);
  process.on('disconnect', () => stop('the supervisor is gone'));
  tell({ kind: 'ready', url: role.url });
  logger.info({ url: role.url }, 'ready');
}
