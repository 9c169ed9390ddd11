import { expect, it } from 'vitest';
import type { LogRecord } from '../../schemas/log.js';
import { createOffsetCheck } from './offsetCheck.js';

const bytes = new Uint8Array(1);
const records = (...partitions: number[]): LogRecord[] =>
  partitions.map((partition) => ({
    topic: 't',
    partition,
    key: bytes,
    value: bytes,
    timestampMs: 1,
  }));
const at = (partition: number, baseOffset: string) => ({
  topicName: 't',
  partition,
  errorCode: 0,
  baseOffset,
});

it('takes answers that go on where the last ones ended, markers in between', () => {
  const offsets = createOffsetCheck();
  offsets.stored(records(0, 0, 1), [at(0, '7'), at(1, '0')]);
  offsets.stored(records(0), [at(0, '10')]);
  offsets.stored(records(1, 0), [at(1, '1'), at(0, '11')]);
});

it('doubts new records where earlier ones stand', () => {
  const offsets = createOffsetCheck();
  offsets.stored(records(0, 0), [at(0, '7')]);
  for (const baseOffset of ['7', '8', '0', '-1']) {
    expect(() => offsets.stored(records(0), [at(0, baseOffset)])).toThrow(
      expect.objectContaining({ code: 'inDoubt', retriable: true }),
    );
  }
});

it('doubts an answer that says nothing of a partition', () => {
  const offsets = createOffsetCheck();
  expect(() => offsets.stored(records(0, 1), [at(0, '0')])).toThrow(
    expect.objectContaining({ code: 'inDoubt' }),
  );
});
