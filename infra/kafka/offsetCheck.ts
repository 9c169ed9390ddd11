import { present } from '../../schemas/kernel/assert.js';
import type { LogRecord } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { nameOf, type PartitionName } from './logCluster.js';
import type { WrittenEnd } from './readableWait.js';

/** Where a broker says that it put the records of a request for a partition. */
export interface StoredAt extends PartitionName {
  readonly baseOffset: bigint;
}

/** Where each partition's records must stand behind; the broker says where it put a request's. */
export interface OffsetCheck {
  /** @throws LogError inDoubt */
  stored(requested: readonly LogRecord[], answer: readonly StoredAt[]): void;
  /** The same of `count` records of one partition. @throws LogError inDoubt */
  storedIn(answer: StoredAt, count: number): void;
  /** Behind the last record that was stored in each of these partitions, named once or more. */
  ends(partitions: readonly PartitionName[]): readonly WrittenEnd[];
}

/**
 * New records stand behind all that this writer wrote before. Where they do not, the broker has
 * taken them for a repeat of those that stand there, and dropped them. And a partition is answered
 * for once: kafkajs 2.2.4 remembers its answers by connection, so when one broker of several makes
 * it try again over new ones, it stores anew, with new sequence numbers, what others had stored.
 */
export function createOffsetCheck(): OffsetCheck {
  const ends = new Map<string, bigint>();
  const storedIn: OffsetCheck['storedIn'] = (answer, count) => {
    const name = nameOf(answer);
    const end = ends.get(name) ?? 0n;
    if (answer.baseOffset < end) {
      const message = `${name}: new records at ${answer.baseOffset}, others stand up to ${end}`;
      throw new LogError('inDoubt', message);
    }
    ends.set(name, answer.baseOffset + BigInt(count));
  };
  return {
    storedIn,
    stored(requested, answer) {
      const counts = new Map<string, number>();
      for (const record of requested) {
        const name = nameOf(record);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      for (const each of answer) {
        const name = nameOf(each);
        const count = counts.get(name);
        if (count === undefined) {
          throw new LogError('inDoubt', `${name}: answered for more than once, stored twice`);
        }
        storedIn(each, count);
        counts.delete(name);
      }
      const missing = [...counts.keys()];
      if (missing.length > 0) throw new LogError('inDoubt', `no answer for ${missing.join(', ')}`);
    },
    ends(partitions) {
      const names = new Map(partitions.map((of) => [nameOf(of), of]));
      return [...names].map(([name, { topic, partition }]) => {
        return { topic, partition, end: present(ends.get(name), 'the end of what was stored') };
      });
    },
  };
}
