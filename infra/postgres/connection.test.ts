import { expect, it } from 'vitest';
import { connectClient } from './connection.js';
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
