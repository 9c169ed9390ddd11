import { expect, it } from 'vitest';
import { describeLogContract } from '../contracts/logContract.js';
import { createMemoryLog } from './memoryLog.js';

describeLogContract('the memory log', {
  place: async () => {
    const store = createMemoryLog();
    return { open: async () => store.open(), stop: async () => {} };
  },
  propertyRuns: 50,
});

it('fails appends as it is told to, before or after the commit', async () => {
  const faults = ['failBefore', 'failAfter', null] as const;
  const store = createMemoryLog({ faultOf: (_, appends) => faults[appends] ?? null });
  const log = store.open();
  const topic = { name: 't', partitions: 1, compacted: false, maxMessageBytes: 100 };
  await log.ensureTopics([topic]);
  const ends: bigint[] = [];
  for (const [index, fault] of faults.entries()) {
    const writer = await log.openWriter('w');
    const bytes = Uint8Array.of(index);
    const append = writer.append([
      { topic: 't', partition: 0, key: bytes, value: bytes, timestampMs: index },
    ]);
    if (fault === null) await append;
    else await expect(append).rejects.toMatchObject({ code: 'unreachable', retriable: true });
    ends.push((await log.reader.offsets('t', 0)).end);
  }
  expect(ends).toEqual([0n, 1n, 2n]);
});
