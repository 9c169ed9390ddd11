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

/** What clients put on their errors: `type` is the protocol's name of the error. */
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
  ['PRODUCER_FENCED', 'fenced'],
  [90, 'fenced'], // the same where kafkajs does not know the name
  ['OFFSET_OUT_OF_RANGE', 'offsetOutOfRange'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'unknownTopic'],
  ['INVALID_TOPIC_EXCEPTION', 'unknownTopic'],
  ['MESSAGE_TOO_LARGE', 'oversize'],
  ['RECORD_LIST_TOO_LARGE', 'oversize'],
  ['KAFKA_STORAGE_ERROR', 'storageFull'],
  ['TOPIC_AUTHORIZATION_FAILED', 'notAuthorised'],
  ['GROUP_AUTHORIZATION_FAILED', 'notAuthorised'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'notAuthorised'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'notAuthorised'],
  ['SECURITY_DISABLED', 'notAuthorised'], // no authorizer: rules can be neither seen nor made
  ['SASL_AUTHENTICATION_FAILED', 'notAuthenticated'],
  ['UNSUPPORTED_SASL_MECHANISM', 'notAuthenticated'],
  ['ILLEGAL_SASL_STATE', 'notAuthenticated'], // a user given to a listener that asks for none
  ['INVALID_REPLICATION_FACTOR', 'unreachable'], // fewer brokers are up than copies are wanted
]);

/**
 * What OpenSSL says of a certificate (its X509_V_ERR_ names, as Node.js has them), of a name that
 * is not the certificate's, and of a handshake that either side refused.
 */
const TLS_REFUSALS: readonly RegExp[] = [
  /^(CERT|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|PATH_LENGTH)_/,
  /^(HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)$/,
  /^ERR_TLS_CERT_/,
  /^ERR_SSL_.*(ALERT|CERT|VERSION|PROTOCOL|CIPHER)/,
];

/** The client says of all that goes wrong while it names its user that the user was refused. */
const BROKEN_WHILE_NAMING = /connection|not connected|timed? ?out/i;

/** What an operator looks at. */
const ADVICE: Partial<Record<LogErrorCode, string>> = {
  notAuthenticated: 'look at --kafka-user, its password, --kafka-sasl',
  notAuthorised: '`nullspace log access` shows what each user needs',
  tlsRefused: 'look at --kafka-ca-file, and at names and dates of the certificates',
};

/** A listener has no other words for a client that speaks without TLS, or as nobody, or with. */
const CLOSED = /Closed connection|Connection closed|before secure TLS connection/;
const CLOSED_ADVICE = 'a broker that goes, or one that asks for other TLS or user than were given';

function codeOf(error: Error): LogErrorCode | undefined {
  const { type, code } = error as ClientError;
  const known = LOG_CODE.get(type) ?? LOG_CODE.get(code);
  if (known !== undefined) return known;
  if (TLS_REFUSALS.some((words) => words.test(String(code)))) return 'tlsRefused';
  if (error.name !== 'KafkaJSSASLAuthenticationError') return undefined;
  return BROKEN_WHILE_NAMING.test(error.message) ? 'unreachable' : 'notAuthenticated';
}

/**
 * The log's own form of an error of the client, which met it at `what`. A LogError passes through.
 */
export function toLogError(error: unknown, what = ''): LogError {
  if (error instanceof LogError) return error;
  const [first] = (error as ClientError | undefined)?.errors ?? [];
  if (first instanceof Error) return toLogError(first, what);
  const words = error instanceof Error ? error.message : String(error);
  const hint = CLOSED.test(words) ? `${words} (${CLOSED_ADVICE})` : words;
  const message = what === '' ? hint : `${what}: ${hint}`;
  for (let at: unknown = error; at instanceof Error; at = (at as ClientError).cause) {
    const known = codeOf(at);
    if (known === undefined) continue;
    const advice = ADVICE[known];
    const advised = advice === undefined ? message : `${message} (${advice})`;
    return new LogError(known, `Kafka: ${advised}`, error);
  }
  const { retriable } = (error ?? {}) as ClientError;
  const isOutside = retriable === true || /connect|timed? ?out|closed|retries/i.test(message);
  return new LogError(isOutside ? 'unreachable' : 'failed', `Kafka: ${message}`, error);
}
