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
  /** Of several at once, each on its own. */
  readonly errors?: readonly unknown[];
}

/**
 * Names of the protocol's error table, as either client has them, and of errors of kafkajs. What
 * the clients call retriable, however deep in an error, is `unreachable` without standing here.
 */
const LOG_CODE: ReadonlyMap<string | undefined, LogErrorCode> = new Map<string, LogErrorCode>([
  ['INVALID_PRODUCER_EPOCH', 'fenced'],
  ['INVALID_PRODUCER_ID_MAPPING', 'fenced'],
  ['PRODUCER_FENCED', 'fenced'],
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
  ['BROKER_NOT_AVAILABLE', 'unreachable'],
  ['UNKNOWN', 'unreachable'], // the broker met what it did not expect, as one that stops does
  ['UNKNOWN_SERVER_ERROR', 'unreachable'], // the same
  ['TOPIC_ALREADY_EXISTS', 'unreachable'], // somebody else has just made it
  ['OPERATION_NOT_ATTEMPTED', 'unreachable'], // another partition of the request was refused
  ['THROTTLING_QUOTA_EXCEEDED', 'unreachable'],
  ['TRANSACTION_ABORTABLE', 'unreachable'], // this transaction is lost, and the next one is not
  ['KafkaJSGroupCoordinatorNotFound', 'unreachable'],
  // Broker and writer have counted differently: only a new writer begins where the broker is.
  ['INVALID_TXN_STATE', 'inDoubt'],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'inDoubt'],
  ['DUPLICATE_SEQUENCE_NUMBER', 'inDoubt'],
  ['UNKNOWN_PRODUCER_ID', 'inDoubt'],
]);

/** kafkajs does not know the names of numbers above 88, and calls these not retriable. */
const UNKNOWN_TO_KAFKAJS: ReadonlyMap<string, string> = new Map([
  ['Unknown error code 89', 'THROTTLING_QUOTA_EXCEEDED'],
  ['Unknown error code 90', 'PRODUCER_FENCED'],
  ['Unknown error code 120', 'TRANSACTION_ABORTABLE'],
]);

/**
 * What OpenSSL says of a certificate (its X509_V_ERR_ names, as Node.js has them), of a name that
 * is not the certificate's, and of a handshake that either side refused: not of one in which a
 * broker met trouble of its own.
 */
const TLS_REFUSALS: readonly RegExp[] = [
  /^(CERT|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|PATH_LENGTH)_/,
  /^(HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)$/,
  /^ERR_TLS_CERT_/,
  /^ERR_SSL_(?!.*(INTERNAL_ERROR|USER_CANCELL?ED)).*(ALERT|CERT|VERSION|PROTOCOL|CIPHER)/,
];

/** Of connections that fail, in names of the system and in words of either client. */
const SOCKET_ERROR = /^E[A-Z]+$/;
const CONNECTION_WORDS = /connect|timed? ?out|closed|retries/i;

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
  if (error instanceof LogError) return error.code;
  const { type, code } = error as ClientError;
  const known = LOG_CODE.get(UNKNOWN_TO_KAFKAJS.get(error.message) ?? type ?? error.name);
  if (known !== undefined) return known;
  if (TLS_REFUSALS.some((words) => words.test(String(code)))) return 'tlsRefused';
  if (error.name !== 'KafkaJSSASLAuthenticationError') return undefined;
  return BROKEN_WHILE_NAMING.test(error.message) ? 'unreachable' : 'notAuthenticated';
}

/** With its causes, outermost first: what a client asks again too often it wraps, once or twice. */
function chainOf(error: unknown): readonly (Error & ClientError)[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error; at = at.cause) chain.push(at);
  return chain;
}

/** Whether it may be otherwise later. What a broker has answered is judged by its name alone. */
function isTransient(chain: readonly (Error & ClientError)[]): boolean {
  const answer = chain.find(({ type }) => type !== undefined);
  if (answer !== undefined) return answer.retriable === true;
  return chain.some(({ retriable, code, message }) => {
    const isOfSocket = typeof code === 'string' && SOCKET_ERROR.test(code);
    return retriable === true || isOfSocket || CONNECTION_WORDS.test(message);
  });
}

/** Of several errors at once the first that asking again does not mend, else the first. */
function worstOf(errors: readonly unknown[], what: string): LogError | undefined {
  const each = errors.filter((one) => one instanceof Error).map((one) => toLogError(one, what));
  return each.find(({ retriable }) => !retriable) ?? each[0];
}

/**
 * The log's own form of an error of the client, which met it at `what`. A LogError passes through.
 */
export function toLogError(error: unknown, what = ''): LogError {
  if (error instanceof LogError) return error;
  const worst = worstOf((error as ClientError | undefined)?.errors ?? [], what);
  if (worst !== undefined) return worst;
  const words = error instanceof Error ? error.message : String(error);
  const hint = CLOSED.test(words) ? `${words} (${CLOSED_ADVICE})` : words;
  const message = what === '' ? hint : `${what}: ${hint}`;
  const chain = chainOf(error);
  for (const at of chain) {
    const known = codeOf(at);
    if (known === undefined) continue;
    const advice = ADVICE[known];
    const advised = advice === undefined ? message : `${message} (${advice})`;
    return new LogError(known, `Kafka: ${advised}`, error);
  }
  const code = isTransient(chain) ? 'unreachable' : 'failed';
  return new LogError(code, `Kafka: ${message}`, error);
}
