import { expect, it } from 'vitest';
import { AssertionError } from '../../schemas/kernel/assert.js';
import { isAway, PostgresError, type PostgresErrorCode, toPostgresError } from './errors.js';

it.each([
  new AssertionError('no count'),
  new TypeError('row is undefined: timeout and connect are words in it'),
  new RangeError('Invalid array length'),
])('lets a bug through as it is: %s', (bug) => {
  expect(() => toPostgresError(bug)).toThrow(bug);
});

it('gives what the platform refuses a code, whichever class it has', () => {
  const error = Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL' });
  expect(toPostgresError(error)).toMatchObject({ code: 'unreachable', cause: error });
});

it.each<[string, PostgresErrorCode]>([
  ['25006', 'readOnly'],
  ['25P03', 'unreachable'],
  ['25P04', 'timeout'],
  ['42601', 'refused'],
  ['53200', 'outOfMemory'],
  ['53300', 'unreachable'],
  ['57P03', 'unreachable'],
  ['58000', 'unreachable'],
  ['58030', 'diskFull'],
])('takes state %s of a server for %s', (sqlState, code) => {
  const error = Object.assign(new Error('x'), { code: sqlState, severity: 'ERROR' });
  expect(toPostgresError(error)).toMatchObject({ code, sqlState, cause: error });
});

it.each<[string, PostgresErrorCode]>([
  ['Connection terminated unexpectedly', 'unreachable'],
  ['timeout exceeded when trying to connect', 'unreachable'],
  ['Received unexpected dataRow message from backend.', 'unreachable'],
  ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'authentication'],
  ['Unknown authenticationOk message type 7', 'authentication'],
  ['Query values must be an array', 'refused'],
])('takes words of the driver for what they are: %s', (message, code) => {
  expect(toPostgresError(new Error(message))).toMatchObject({ code });
});

// Who asks the same again, who waits until somebody has done something, who asks another server.
it.each<[PostgresErrorCode, 'retriable' | 'mendedByOthers' | 'neither', 'away' | 'there']>([
  ['unreachable', 'retriable', 'away'],
  ['diskFull', 'retriable', 'away'],
  ['outOfMemory', 'retriable', 'away'],
  ['authentication', 'mendedByOthers', 'away'],
  ['permission', 'mendedByOthers', 'away'],
  ['busy', 'retriable', 'there'],
  ['readOnly', 'retriable', 'there'],
  ['contention', 'retriable', 'there'],
  ['timeout', 'retriable', 'there'],
  ['refused', 'neither', 'there'],
])('%s is %s, and its server %s', (code, kind, place) => {
  const error = new PostgresError(code, 'x');
  const { retriable, mendedByOthers } = error;
  expect({ retriable, mendedByOthers }).toEqual({
    retriable: kind === 'retriable',
    mendedByOthers: kind === 'mendedByOthers',
  });
  expect(isAway(error)).toBe(place === 'away');
});
