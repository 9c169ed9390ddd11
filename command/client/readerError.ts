import type { RejectName } from '../../schemas/rejectCode.js';

/**
 * Why a read gave nothing that can be used. `unreachable`: no answer; `malformed`: found, and not
 * what it should be; `refused`: a status without a code we know, of whatever stands there.
 */
export type ReadFailure = 'unreachable' | 'malformed' | 'refused' | RejectName;

/** Of a server or a proxy that was kept waiting, was asked too early, or was asked too much. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * A reader does not answer, refuses (problem details, RFC 9457), or answers with something else
 * than its document promises.
 */
export class ReaderError extends Error {
  override readonly name = 'ReaderError';
  /** The same may be answered later, or by another reader. */
  readonly retriable: boolean;

  constructor(
    readonly code: ReadFailure,
    path: string,
    /** In the reader's words, where it has some. */
    readonly detail: string,
    /** Of HTTP; 0 without an answer, and for what was not asked because it cannot be. */
    readonly status = 0,
  ) {
    super(`${path}: ${detail}`);
    const isOurs = code === 'unreachable' || code === 'malformed' || code === 'notYetVisible';
    this.retriable = isOurs || PASSING.has(status) || status >= 500;
  }
}

/** A reader answered, and its answer is not what the validators of the chain have signed. */
export class UnprovenError extends Error {
  override readonly name = 'UnprovenError';
  readonly code = 'unproven';
  /** Ask another reader: this one lies, or knows less than it says. */
  readonly retriable = false;
}

/** Whether a read failed, one way or the other; anything else that is thrown is a bug. */
export function isReadError(error: unknown): error is ReaderError | UnprovenError {
  return error instanceof ReaderError || error instanceof UnprovenError;
}
