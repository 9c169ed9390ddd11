/** How an adapter of the log (schemas/log.ts) fails, the same for all of them. */
export type LogErrorCode =
  /** Another writer with this id was opened since; nothing of this append is visible. */
  | 'fenced'
  /** This writer failed or was closed before; open another. Nothing was sent. */
  | 'discarded'
  /** A record or an append above its maximum. Nothing was sent. */
  | 'oversize'
  /** No such topic or partition. Nothing was sent. */
  | 'unknownTopic'
  /** A topic exists with other partitions or settings than the manifest's. */
  | 'topicMismatch'
  /** Its users may do other things than the manifest says. */
  | 'accessMismatch'
  /** A position outside of what the partition holds: before its first or past its end. */
  | 'offsetOutOfRange'
  /**
   * The log cannot be reached, takes nothing just now, or the connection broke; an append may or
   * may not be written.
   */
  | 'unreachable'
  /** The log answered an append in a way that cannot be: it may or may not be written. */
  | 'inDoubt'
  /** The log does not know this user, or its password is another. */
  | 'notAuthenticated'
  /** This user may not do that on the log. */
  | 'notAuthorised'
  /** No trust between us and the log: a certificate of others, for others, or out of date. */
  | 'tlsRefused'
  /** The log's disk is full. */
  | 'storageFull'
  /** The log refused for another reason; `cause` has its words. */
  | 'failed';

/** Retriable: the same thing, on a new writer or subscription, may work later by itself. */
const RETRIABLE: ReadonlySet<LogErrorCode> = new Set([
  'unreachable',
  'inDoubt',
  'storageFull',
  'discarded',
]);

/** The log's owner mends them: changes a password, gives a right, renews a certificate. */
const MENDED_BY_OTHERS: ReadonlySet<LogErrorCode> = new Set([
  'notAuthenticated',
  'notAuthorised',
  'tlsRefused',
]);

export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code: LogErrorCode;
  readonly retriable: boolean;
  /** Not retriable, but somebody else may mend it: who starts says so and ends, who runs waits. */
  readonly mendedByOthers: boolean;

  constructor(code: LogErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retriable = RETRIABLE.has(code);
    this.mendedByOthers = MENDED_BY_OTHERS.has(code);
  }
}
