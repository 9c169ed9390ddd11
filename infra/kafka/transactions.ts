import type { LogRecord } from '../../schemas/log.js';
import type { WrittenEnd } from './readableWait.js';

/** An open transaction stalls the readers of its partitions; the broker aborts it after this. */
export const TRANSACTION_TIMEOUT_MS = 12_000;

/** Transactions of one id, one after another; whoever had them before is fenced. */
export interface Transactions {
  /**
   * Writes and commits one. Nothing else is to be done after it has failed than to abort and close.
   * @throws the client's errors, LogError
   */
  write(records: readonly LogRecord[]): Promise<readonly WrittenEnd[]>;
  /** So that readers need not wait for the timeout of one that failed. @throws as `write` */
  abort(): Promise<void>;
  close(): Promise<void>;
}
