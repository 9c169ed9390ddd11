import { PUBLISH_GROUP_BYTES_MAX, PUBLISH_GROUP_HEIGHTS_MAX } from '../../schemas/limits.js';
import type { LogRecord } from '../../schemas/log.js';
import { recordBytes } from '../../schemas/logRecords.js';
import type { TopicNames } from '../../schemas/topics.js';
import type { HeightSource, PublishableHeight } from '../ports.js';
import { emptyMarksOfHeight, hasEvents, recordsOfHeight } from './recordsOfHeight.js';

/** The records of one transaction. */
export interface GatheredRecords {
  readonly records: readonly LogRecord[];
  /** Everything up to this height is in them, beginning with the height asked for. */
  readonly upTo: number;
  /** Whether every partition has a mark among them. */
  readonly marksAll: boolean;
}

export interface GatherOptions {
  readonly source: HeightSource;
  readonly topics: TopicNames;
  readonly publisher: number;
  readonly fromHeight: number;
  /** Whether partitions learn of heights at which nothing happened. */
  readonly idleMarksDue: boolean;
}

interface HeightRecords {
  readonly height: PublishableHeight;
  readonly records: readonly LogRecord[];
}

/**
 * Certified heights from `fromHeight` on that are held, as many as fit in one transaction, at least
 * one. Its last height with events marks every partition; when none has any and marks are due, its
 * last height does. Null when `fromHeight` is not held.
 */
export async function gatherRecords(options: GatherOptions): Promise<GatheredRecords | null> {
  const group = await gatherHeights(options);
  const last = group[group.length - 1];
  if (last === undefined) return null;
  const newest = group.findLast(({ height }) => hasEvents(height));
  const marked = newest ?? (options.idleMarksDue ? last : undefined);
  const { topics, publisher } = options;
  const records = group.flatMap((each) =>
    each === marked
      ? [...each.records, ...emptyMarksOfHeight({ height: each.height, topics, publisher })]
      : each.records,
  );
  const upTo = last.height.certified.block.header.height;
  return { records, upTo, marksAll: marked !== undefined };
}

async function gatherHeights(options: GatherOptions): Promise<HeightRecords[]> {
  const { source, topics, publisher, fromHeight } = options;
  const tip = source.certifiedTip();
  const group: HeightRecords[] = [];
  let sizeBytes = 0;
  for (let at = fromHeight; at <= tip && group.length < PUBLISH_GROUP_HEIGHTS_MAX; at++) {
    const height = await source.height(at);
    if (height === null) break;
    const records = recordsOfHeight({ height, topics, publisher });
    sizeBytes += records.reduce((sum, record) => sum + recordBytes(record), 0);
    if (group.length > 0 && sizeBytes > PUBLISH_GROUP_BYTES_MAX) break;
    group.push({ height, records });
  }
  return group;
}
