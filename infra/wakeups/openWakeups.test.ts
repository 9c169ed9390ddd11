import { expect, it } from 'vitest';
import { chainKeys } from '../../test/simulation/certifiedChain.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { openWakeups, type WakeupsConfig } from './openWakeups.js';

const DEFAULTS = {
  ...{ log: 'postgres' as const, kafkaBrokers: [], databaseUrl: 'postgres://here', name: 'reader' },
  readOnly: false,
  standbyUrls: [],
};

const open = (given: Partial<WakeupsConfig>) =>
  openWakeups({ ...DEFAULTS, ...given }, chainKeys, quietLog);

it.each([
  ['notifications of the database', {}, true],
  ['a standby without its primary: polls', { readOnly: true }, false],
  ['a standby and its primary', { readOnly: true, primaryUrl: 'postgres://there' }, true],
  ['asked to poll', { wakeups: 'poll' as const }, false],
  ['the log on Postgres', { wakeups: 'log' as const }, true],
  ['Redis', { wakeups: 'redis' as const, redisUrl: 'redis://there' }, true],
])('has wake-ups or none: %s', async (_, config, expected) => {
  expect((await open(config)) !== null).toBe(expected);
});

it.each([
  ['listen', { wakeups: 'listen' as const, readOnly: true }, '--primary-url'],
  ['log', { wakeups: 'log' as const, readOnly: true }, '--primary-url'],
  ['log on Kafka', { wakeups: 'log' as const, log: 'kafka' as const }, '--kafka-brokers'],
  ['redis', { wakeups: 'redis' as const }, '--redis-url'],
])('says what is missing for %s', async (_, config, missing) => {
  await expect(open(config)).rejects.toThrow(missing);
});
