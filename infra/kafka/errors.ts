import { LogError, type LogErrorCode } from '../../schemas/logError.js';

/** What can go wrong with a broker that we run ourselves. */
export type KafkaErrorCode =
  /** No Java from 17 on, or no Maven to fetch the jars with. */
  | 'unavailable'
  /** Maven could not fetch the jars; the message ends with its own words. */
  | 'fetchFailed'
  | 'folderInUse'
  | 'portTaken'
  | 'formatFailed'
  /** The broker ended while starting; the message ends with its own words. */
  | 'startFailed'
  | 'startTimeout'
  | 'stopTimeout';

const RETRIABLE: ReadonlySet<KafkaErrorCode> = new Set([
  'fetchFailed',
  'folderInUse',
  'portTaken',
  'startTimeout',
  'stopTimeout',
]);

export class KafkaError extends Error {
  override readonly name = 'KafkaError';
  readonly code: KafkaErrorCode;
  readonly retriable: boolean;

  constructor(code: KafkaErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retriable = RETRIABLE.has(code);
  }
}

/** What kafkajs puts on its errors: `type` is the protocol's name of the error. */
interface ClientError {
  readonly type?: string;
  readonly code?: string | number;
  readonly retriable?: boolean;
  readonly cause?: unknown;
  /** Of several at once, each on its own. */
  readonly errors?: readonly unknown[];
}

/** Names and numbers of the protocol's error table that kafkajs knows, or passes on unknown. */
const LOG_CODE: ReadonlyMap<string | number | undefined, LogErrorCode> = new Map<
  string | number,
  LogErrorCode
>([
  ['INVALID_PRODUCER_EPOCH', 'fenced'],
  ['INVALID_PRODUCER_ID_MAPPING', 'fenced'],
  [90, 'fenced'], // PRODUCER_FENCED
  ['OFFSET_OUT_OF_RANGE', 'offsetOutOfRange'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'unknownTopic'],
  ['INVALID_TOPIC_EXCEPTION', 'unknownTopic'],
  ['MESSAGE_TOO_LARGE', 'oversize'],
  ['RECORD_LIST_TOO_LARGE', 'oversize'],
  ['KAFKA_STORAGE_ERROR', 'storageFull'],
  ['INVALID_REPLICATION_FACTOR', 'unreachable'], // fewer brokers are up than copies are wanted
]);

/** The log's own form of an error of the client. A LogError passes through. */
export function toLogError(error: unknown): LogError {
  if (error instanceof LogError) return error;
  const [first] = (error as ClientError | undefined)?.errors ?? [];
  if (first instanceof Error) return toLogError(first);
  const message = error instanceof Error ? error.message : String(error);
  for (let at: unknown = error; at instanceof Error; at = (at as ClientError).cause) {
    const { type, code } = at as ClientError;
    const known = LOG_CODE.get(type) ?? LOG_CODE.get(code);
    if (known !== undefined) return new LogError(known, `Kafka: ${message}`, error);
  }
  const { retriable } = (error ?? {}) as ClientError;
  const isOutside = retriable === true || /connect|timed? ?out|closed|retries/i.test(message);
  return new LogError(isOutside ? 'unreachable' : 'failed', `Kafka: ${message}`, error);
}
