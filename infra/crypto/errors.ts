/** Why cryptography of the outside world failed. `retriable`: the same call may succeed later. */
export type CryptoErrorCode =
  /** A native library answers a known vector differently; the process must not start. */
  | 'backend-differs'
  /** The verification queue is full; shed load and try again. */
  | 'pool-overloaded'
  /** A worker thread ended while it held the batch; a new one is being started. */
  | 'worker-died'
  /** Worker threads cannot be started, or die one after another without finishing anything. */
  | 'workers-unavailable'
  /** The pool was closed by its owner. */
  | 'pool-closed';

const RETRIABLE: ReadonlySet<CryptoErrorCode> = new Set(['pool-overloaded', 'worker-died']);

export class CryptoError extends Error {
  override readonly name = 'CryptoError';
  readonly retriable: boolean;

  constructor(
    readonly code: CryptoErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.retriable = RETRIABLE.has(code);
  }
}
