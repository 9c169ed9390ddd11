import { expect, it } from 'vitest';
import { AssertionError } from '../../schemas/kernel/assert.js';
import { toPostgresError } from './errors.js';

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
