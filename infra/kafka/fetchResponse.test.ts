import { describe, expect, it } from 'vitest';
import { committedRecords, type FetchedPartition } from './fetchResponse.js';

const ZERO_KEY = Buffer.from([0, 0, 0, 0]);
const COMMIT = Buffer.from([0, 0, 0, 1]);

/** A record of producer `by`, in a transaction unless `plain`. */
function data(offset: number, by: string, plain = false): FetchedPartition['messages'][number] {
  return {
    offset: String(offset),
    timestamp: String(offset * 10),
    key: ZERO_KEY,
    value: Buffer.from([offset]),
    isControlRecord: false,
    batchContext: { producerId: by, inTransaction: !plain },
  };
}

function marker(offset: number, by: string, key: Buffer): FetchedPartition['messages'][number] {
  return { ...data(offset, by), key, isControlRecord: true };
}

function fetched(
  messages: FetchedPartition['messages'],
  aborted: readonly (readonly [string, number])[],
  stable: number,
): FetchedPartition {
  return {
    partition: 0,
    lastStableOffset: String(stable),
    abortedTransactions: aborted.map(([producerId, first]) => ({
      producerId,
      firstOffset: String(first),
    })),
    messages,
  };
}

const offsets = (partition: FetchedPartition, from: bigint): number[] =>
  committedRecords('t', partition, from).records.map(({ offset }) => Number(offset));

describe('a fetched partition', () => {
  it('loses aborted records, also those with the key of an abort marker', () => {
    const messages = [
      data(0, 'a'),
      data(1, 'b'),
      data(2, 'a'),
      marker(3, 'a', ZERO_KEY),
      marker(4, 'b', COMMIT),
      data(5, 'a'),
      marker(6, 'a', COMMIT),
    ];
    expect(offsets(fetched(messages, [['a', 0]], 7), 0n)).toEqual([1, 5]);
  });

  it('keeps what a producer commits after two aborts, in whatever order they are listed', () => {
    const messages = [
      data(0, 'a'),
      marker(1, 'a', ZERO_KEY),
      data(2, 'a'),
      marker(3, 'a', ZERO_KEY),
      data(4, 'a'),
      marker(5, 'a', COMMIT),
    ];
    const aborted = [['a', 2] as const, ['a', 0] as const];
    expect(offsets(fetched(messages, aborted, 6), 0n)).toEqual([4]);
  });

  it('shows records outside of transactions among aborted ones', () => {
    const messages = [data(0, 'a'), data(1, 'a', true), marker(2, 'a', ZERO_KEY)];
    expect(offsets(fetched(messages, [['a', 0]], 3), 0n)).toEqual([1]);
  });

  it('drops what comes before the position, and goes on past markers to the end', () => {
    const messages = [data(7, 'a'), data(8, 'a'), marker(9, 'a', COMMIT)];
    const batch = committedRecords('t', fetched(messages, [], 10), 8n);
    expect(batch.records.map(({ offset }) => offset)).toEqual([8n]);
    expect(batch.records[0]?.timestampMs).toBe(80);
    expect(batch.nextOffset).toBe(10n);
    expect(batch.endOffset).toBe(10n);
  });

  it('stays where it is when nothing came', () => {
    const batch = committedRecords('t', fetched([], [], 5), 5n);
    expect(batch).toMatchObject({ records: [], nextOffset: 5n, endOffset: 5n });
  });
});
