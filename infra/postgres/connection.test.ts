import type pg from 'pg';
import { expect, it } from 'vitest';
import { LogError } from '../../schemas/logError.js';
import { connectClient, withTransaction } from './connection.js';
import { freePort } from './freePort.js';
import { createLogWakeups } from './logWakeups.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

it('throws where nobody listens, and does not call a connection lost that never was', async () => {
  const lost: unknown[] = [];
  const url = `postgres://nobody@127.0.0.1:${await freePort()}/none`;
  await expect(
    connectClient({ url, applicationName: 'test', log }, (error) => lost.push(error)),
  ).rejects.toMatchObject({ code: 'unreachable', retriable: true });
  await new Promise((wake) => setTimeout(wake, 50));
  expect(lost).toEqual([]);
});

it('dials a server that is away at one pace, however long it is away', async () => {
  let attempts = 0;
  const counting = { ...log, warn: () => attempts++ };
  const url = `postgres://nobody@127.0.0.1:${await freePort()}/none`;
  const wakeups = createLogWakeups({ url, applicationName: 'test', log: counting });
  await wakeups.wait(wakeups.count);
  await new Promise((wake) => setTimeout(wake, 2_500));
  await wakeups.close();
  expect(attempts).toBeGreaterThan(2);
  expect(attempts).toBeLessThan(9); // doubling, it would be beyond sixteen
});

/** A pool whose one connection takes everything. */
function quietPool(): pg.Pool {
  const client: Partial<pg.PoolClient> = { release: () => {} };
  const taking = { query: async () => ({ rows: [] }), on: () => {}, off: () => {} };
  const pool = { connect: async () => ({ ...client, ...taking }) };
  return pool as unknown as pg.Pool;
}

it.each<[string, object]>([
  ['Connection terminated unexpectedly', {}],
  ['read ECONNRESET', { code: 'ECONNRESET', errno: -104 }],
  ['Cannot call write after a stream was destroyed', { code: 'ERR_STREAM_DESTROYED' }],
  ['tlsv1 alert internal error', { code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' }],
  ['Query read timeout', {}],
  ['Received unexpected commandComplete message from backend.', {}],
])('says of a connection that breaks in a transaction that it is away: %s', async (words, more) => {
  const error = Object.assign(new Error(words), more);
  const away = { name: 'PostgresError', code: 'unreachable', retriable: true, cause: error };
  await expect(withTransaction(quietPool(), () => Promise.reject(error))).rejects.toMatchObject(
    away,
  );
});

it.each([
  new LogError('topicMismatch', 'x'),
  new TypeError('not a function'),
  Object.assign(new Error('x'), { code: 'ERR_ASSERTION' }),
])('leaves what a transaction itself throws as it is: %s', async (error) => {
  await expect(withTransaction(quietPool(), () => Promise.reject(error))).rejects.toBe(error);
});
