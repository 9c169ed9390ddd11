import type { RecordMetadata } from 'kafkajs';
import { present } from '../../schemas/kernel/assert.js';
import type { LogRecord } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { nameOf } from './partitionEnds.js';
import type { WrittenEnd } from './readableWait.js';

/** Where each partition's records must stand behind; the broker says where it put a request's. */
export interface OffsetCheck {
  /** @throws LogError inDoubt */
  stored(requested: readonly LogRecord[], answer: readonly RecordMetadata[]): void;
  /** Behind the last record that was stored in each partition of these. */
  ends(records: readonly LogRecord[]): readonly WrittenEnd[];
}

/**
 * New records stand behind all that this writer wrote before. Where they do not, the broker has
 * taken them for a repeat of those that stand there, and dropped them. And a partition is answered
 * for once: kafkajs 2.2.4 remembers its answers by connection, so when one broker of several makes
 * it try again over new ones, it stores anew, with new sequence numbers, what others had stored.
 */
export function createOffsetCheck(): OffsetCheck {
  const ends = new Map<string, bigint>();
  return {
    stored(requested, answer) {
      const counts = new Map<string, number>();
      for (const record of requested) {
        const name = nameOf(record);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      for (const { topicName, partition, baseOffset } of answer) {
        const name = nameOf({ topic: topicName, partition });
        const base = BigInt(present(baseOffset, 'a base offset'));
        const end = ends.get(name) ?? 0n;
        if (!counts.has(name)) {
          throw new LogError('inDoubt', `${name}: answered for more than once, stored twice`);
        }
        if (base < end) {
          const message = `${name}: new records at ${base}, where others stand up to ${end}`;
          throw new LogError('inDoubt', message);
        }
        ends.set(name, base + BigInt(counts.get(name) ?? 0));
        counts.delete(name);
      }
      const missing = [...counts.keys()];
      if (missing.length > 0) throw new LogError('inDoubt', `no answer for ${missing.join(', ')}`);
    },
    ends(records) {
      const names = new Map(records.map((record) => [nameOf(record), record]));
      return [...names].map(([name, { topic, partition }]) => {
        return { topic, partition, end: present(ends.get(name), 'the end of what was stored') };
      });
    },
  };
}
