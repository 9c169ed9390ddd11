import { expect, it } from 'vitest';
import { toLogError } from './errors.js';

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
  if (code !== 'unreachable') expect(toLogError(wrapped)).toMatchObject({ code });
});
