import { expect, it } from 'vitest';
import { LOG_ROW_BYTES_MAX } from '../../schemas/limits.js';
import type { LogRecord } from '../../schemas/log.js';
import { recordBytes } from '../../schemas/logRecords.js';
import { nameOf } from './logCluster.js';
import { byPartition, planBatches } from './produceRequests.js';

const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
let made = 0;
const record = (topic: string, partition: number, valueBytes: number): LogRecord => ({
  ...{ topic, partition, timestampMs: made++, key: new Uint8Array(2) },
  value: new Uint8Array(valueBytes),
});

it('keeps the order of each partition, of topics with the same numbers too', () => {
  const records = [0, 1, 0, 2, 1, 0].map((partition, index) =>
    record(index % 2 === 0 ? 'a' : 'b', partition, 1),
  );
  const groups = byPartition(records);
  expect(groups.map(nameOf)).toEqual(['a/0', 'b/1', 'b/2', 'a/1', 'b/0']);
  expect(groups.flatMap((group) => group.records)).toHaveLength(records.length);
  for (const group of groups) {
    expect(group.records).toEqual(records.filter((one) => nameOf(one) === nameOf(group)));
  }
});

it('cuts record batches and requests by their bytes, at most one batch a partition each', () => {
  const records = Array.from({ length: 120 }, (_, index) => record('a', index % 11, 400_000));
  records.push(record('b', 0, 3 * LOG_ROW_BYTES_MAX)); // one larger record comes alone
  const requests = planBatches(byPartition(records));
  for (const request of requests) {
    expect(new Set(request.map(nameOf)).size).toBe(request.length);
    const sizes = request.map((batch) =>
      batch.records.reduce((sum, one) => sum + recordBytes(one), 0),
    );
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(REQUEST_BYTES_MAX);
    for (const [index, batch] of request.entries()) {
      const isFit = (sizes[index] ?? 0) <= LOG_ROW_BYTES_MAX;
      expect(isFit || batch.records.length === 1).toBe(true);
    }
  }
  const sent = requests.flat();
  for (const group of byPartition(records)) {
    const own = sent.filter((batch) => nameOf(batch) === nameOf(group));
    expect(own.flatMap((batch) => batch.records)).toEqual(group.records);
  }
});
