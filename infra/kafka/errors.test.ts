import { createRequire } from 'node:module';
import { ResponseError } from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { LogError, type LogErrorCode } from '../../schemas/logError.js';
import { toLogError } from './errors.js';
import { refusalNamed, toBrokerError } from './platformaticErrors.js';

const clientError = (name: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name, retriable: true, ...more });

it.each([
  [
    'a refused user',
    'KafkaJSSASLAuthenticationError',
    'failed: invalid credentials',
    {},
    'notAuthenticated',
  ],
  [
    'a connection that broke meanwhile',
    'KafkaJSSASLAuthenticationError',
    'failed: Connection error: read ECONNRESET',
    {},
    'unreachable',
  ],
  [
    'a broker that went meanwhile',
    'KafkaJSSASLAuthenticationError',
    'failed: Closed connection',
    {},
    'unreachable',
  ],
  [
    'an answer that came too late',
    'KafkaJSSASLAuthenticationError',
    'failed: Request SaslAuthenticate timed out',
    {},
    'unreachable',
  ],
  [
    'an unknown authority',
    'KafkaJSConnectionError',
    'x',
    { code: 'SELF_SIGNED_CERT_IN_CHAIN' },
    'tlsRefused',
  ],
  [
    'another name',
    'KafkaJSConnectionError',
    'x',
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    'tlsRefused',
  ],
  [
    'an alert of the broker',
    'KafkaJSConnectionError',
    'x',
    { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' },
    'tlsRefused',
  ],
  [
    'trouble of a broker in a handshake',
    'KafkaJSConnectionError',
    'x',
    { code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' },
    'unreachable',
  ],
  ['a port that is closed', 'KafkaJSConnectionError', 'x', { code: 'ECONNREFUSED' }, 'unreachable'],
  [
    'a missing right',
    'KafkaJSProtocolError',
    'x',
    { type: 'TOPIC_AUTHORIZATION_FAILED', retriable: false },
    'notAuthorised',
  ],
])('takes %s for what it is', (_, name, message, more, code) => {
  const error = toLogError(clientError(name, message, more), 'at b:1');
  const retriable = code === 'unreachable';
  expect(error).toMatchObject({ code, retriable });
  expect(error.message).toMatch(/^Kafka: at b:1: /);
  const wrapped = clientError('KafkaJSNumberOfRetriesExceeded', message, {
    retriable: false,
    cause: clientError(name, message, more),
  });
  expect(toLogError(wrapped)).toMatchObject({ code, retriable });
});

const load = createRequire(import.meta.url);
const { createErrorFromCode } = load('kafkajs/src/protocol/error');
const createRetry = load('kafkajs/src/retry');
const PLATFORMATIC = { host: 'b', port: 1 };
const PRODUCE = 0;

/** What kafkajs makes of an error that stays, however often it asks. */
async function askedTooOften(error: unknown): Promise<unknown> {
  const ask = createRetry({ retries: 1, initialRetryTime: 1 });
  return ask(() => Promise.reject(error)).catch((thrown: unknown) => thrown);
}

/** A number of the protocol as each client brings it: bare, wrapped once, and wrapped twice. */
async function broughtBy(client: 'kafkajs' | 'platformatic', number: number) {
  if (client === 'platformatic') {
    const answer = new ResponseError(PRODUCE, 9, { '/partition': [number, null] }, {});
    const named = refusalNamed(number, 'words');
    return [named, toBrokerError(answer, PLATFORMATIC), new Error('again', { cause: named })];
  }
  const bare = createErrorFromCode(number);
  const once = await askedTooOften(bare);
  return [bare, once, await askedTooOften(once), new Error('again', { cause: once })];
}

describe.each(['kafkajs', 'platformatic'] as const)('of what brokers answer to %s', (client) => {
  it.each<[number, string, LogErrorCode]>([
    [-1, 'UNKNOWN_SERVER_ERROR', 'unreachable'],
    [1, 'OFFSET_OUT_OF_RANGE', 'offsetOutOfRange'],
    [2, 'CORRUPT_MESSAGE', 'unreachable'],
    [3, 'UNKNOWN_TOPIC_OR_PARTITION', 'unknownTopic'],
    [5, 'LEADER_NOT_AVAILABLE', 'unreachable'],
    [6, 'NOT_LEADER_OR_FOLLOWER', 'unreachable'],
    [7, 'REQUEST_TIMED_OUT', 'unreachable'],
    [8, 'BROKER_NOT_AVAILABLE', 'unreachable'],
    [9, 'REPLICA_NOT_AVAILABLE', 'unreachable'],
    [10, 'MESSAGE_TOO_LARGE', 'oversize'],
    [13, 'NETWORK_EXCEPTION', 'unreachable'],
    [14, 'COORDINATOR_LOAD_IN_PROGRESS', 'unreachable'],
    [15, 'COORDINATOR_NOT_AVAILABLE', 'unreachable'],
    [16, 'NOT_COORDINATOR', 'unreachable'],
    [19, 'NOT_ENOUGH_REPLICAS', 'unreachable'],
    [20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'unreachable'],
    [29, 'TOPIC_AUTHORIZATION_FAILED', 'notAuthorised'],
    [35, 'UNSUPPORTED_VERSION', 'failed'],
    [36, 'TOPIC_ALREADY_EXISTS', 'unreachable'],
    [38, 'INVALID_REPLICATION_FACTOR', 'unreachable'],
    [40, 'INVALID_CONFIG', 'failed'],
    [41, 'NOT_CONTROLLER', 'unreachable'],
    [42, 'INVALID_REQUEST', 'failed'],
    [44, 'POLICY_VIOLATION', 'failed'],
    [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'inDoubt'],
    [46, 'DUPLICATE_SEQUENCE_NUMBER', 'inDoubt'],
    [47, 'INVALID_PRODUCER_EPOCH', 'fenced'],
    [48, 'INVALID_TXN_STATE', 'inDoubt'],
    [50, 'INVALID_TRANSACTION_TIMEOUT', 'failed'], // its words speak of a timeout
    [51, 'CONCURRENT_TRANSACTIONS', 'unreachable'],
    [55, 'OPERATION_NOT_ATTEMPTED', 'unreachable'],
    [56, 'KAFKA_STORAGE_ERROR', 'storageFull'],
    [59, 'UNKNOWN_PRODUCER_ID', 'inDoubt'],
    [72, 'LISTENER_NOT_FOUND', 'unreachable'],
    [74, 'FENCED_LEADER_EPOCH', 'unreachable'],
    [75, 'UNKNOWN_LEADER_EPOCH', 'unreachable'],
    [78, 'OFFSET_NOT_AVAILABLE', 'unreachable'],
    [80, 'PREFERRED_LEADER_NOT_AVAILABLE', 'unreachable'],
    [83, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', 'unreachable'],
    [88, 'UNSTABLE_OFFSET_COMMIT', 'unreachable'],
    [89, 'THROTTLING_QUOTA_EXCEEDED', 'unreachable'],
    [90, 'PRODUCER_FENCED', 'fenced'],
    [120, 'TRANSACTION_ABORTABLE', 'unreachable'],
  ])('%i, %s, is %s, bare and wrapped', async (number, _, code) => {
    const { retriable } = new LogError(code, '');
    for (const error of await broughtBy(client, number)) {
      expect(toLogError(error)).toMatchObject({ code, retriable, cause: error });
    }
  });
});

it('says of several refusals what no other try mends', () => {
  const several = new kafkajs.KafkaJSAggregateError(
    'x',
    [36, 40, 7].map((number) => createErrorFromCode(number)),
  );
  expect(toLogError(several)).toMatchObject({ code: 'failed', cause: several.errors[1] });
  const answer = new ResponseError(PRODUCE, 9, { '/0': [55, null], '/1': [3, null] }, {});
  const unseen = { type: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true };
  expect(toBrokerError(answer, PLATFORMATIC)).toMatchObject(unseen);
});

it.each<[string, unknown, LogErrorCode]>([
  ['a coordinator that nobody found', { name: 'KafkaJSGroupCoordinatorNotFound' }, 'unreachable'],
  ['a socket that breaks', { code: 'ECONNRESET' }, 'unreachable'],
  ['a doubt of ours', new LogError('inDoubt', 'x'), 'inDoubt'],
  ['a bug of a client', new TypeError('x is not a function'), 'failed'],
])('takes %s for what it is, in another error too', async (_, what, code) => {
  const error = what instanceof Error ? what : Object.assign(new Error('x'), what);
  for (const each of [error, await askedTooOften(error), new Error('y', { cause: error })]) {
    expect(toLogError(each, 'topics connected.closed')).toMatchObject({ code });
  }
});
