import { expect, it } from 'vitest';
import type { Log } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { createMemoryLog } from '../../test/simulation/memoryLog.js';
import { lateLog } from './lateLog.js';

const TOPIC = { name: 't', partitions: 1, compacted: false, maxMessageBytes: 100 };

/** A log that cannot be opened for so many attempts. */
function away(attempts: number): { log: Log; opened: () => number } {
  const store = createMemoryLog();
  let opened = 0;
  const log = lateLog(async () => {
    if (opened++ < attempts) throw new LogError('unreachable', 'nobody listens');
    return store.open();
  });
  return { log, opened: () => opened };
}

it('fails as opening does, tries again at the next need, and opens once', async () => {
  const { log, opened } = away(2);
  await expect(log.ensureTopics([TOPIC])).rejects.toMatchObject({ code: 'unreachable' });
  await expect(log.openWriter('w')).rejects.toMatchObject({ code: 'unreachable' });
  await Promise.all([log.ensureTopics([TOPIC]), log.ensureTopics([TOPIC])]);
  const writer = await log.openWriter('w');
  await writer.append([
    { topic: 't', partition: 0, key: Uint8Array.of(1), value: Uint8Array.of(2), timestampMs: 3 },
  ]);
  expect(await log.reader.offsets('t', 0)).toEqual({ first: 0n, end: 1n });
  expect(opened()).toBe(3);
  await log.close();
});

it('closes without ever having been opened, and stays closed', async () => {
  const { log, opened } = away(0);
  await log.close();
  expect(opened()).toBe(0);
  await expect(log.openWriter('w')).rejects.toMatchObject({ code: 'discarded' });
});
