import { present } from '../../schemas/kernel/assert.js';
import type { LogReader } from '../../schemas/log.js';
import type { TopicNames } from '../../schemas/topics.js';
import type { OffsetRange } from './logReading.js';
import { blockHeight, boundaryOf, eventsHeight, recordFrom } from './recordFrom.js';
import type { LogPart } from './verifyLog.js';

/** A part that begins behind a height: 0 is genesis. */
export interface PlannedPart extends LogPart {
  readonly afterHeight: number;
}

/**
 * Cuts a log, up to its end as it is now, into at most `parts` of about as many blocks each, behind
 * some of `heights`, which ascend. Each offset is in one part. Where heights do not ascend in the
 * log, which honest publishers may have left so when one took over, a part will not hold what it
 * has to. @throws LogError
 */
export async function planParts(options: {
  readonly reader: LogReader;
  readonly topics: TopicNames;
  readonly shard: number;
  readonly eventPartitions: number;
  /** Of states to begin at. */
  readonly heights: readonly number[];
  readonly parts: number;
}): Promise<readonly PlannedPart[]> {
  const { reader, topics, shard, eventPartitions } = options;
  const whole = async (topic: string, partition: number): Promise<OffsetRange> => {
    const { first, end } = await reader.offsets(topic, partition);
    return { from: first, to: end };
  };
  const blocks = await whole(topics.blocks, shard);
  // Not before: the events of a height were written with it.
  const events: OffsetRange[] = [];
  for (let partition = 0; partition < eventPartitions; partition++) {
    events.push(await whole(topics.events, partition));
  }
  const cuts = await cutHeights(options, blocks);
  const blocksCuts = await Promise.all(
    cuts.map((height) =>
      boundaryOf(
        ...([reader, { topic: topics.blocks, partition: shard }, blocks] as const),
        ...([height, blockHeight] as const),
      ),
    ),
  );
  const eventsCuts = await Promise.all(
    events.map((range, partition) =>
      Promise.all(
        cuts.map((height) =>
          boundaryOf(
            ...([reader, { topic: topics.events, partition }, range] as const),
            ...([height, eventsHeight] as const),
          ),
        ),
      ),
    ),
  );
  return [0, ...cuts].map((afterHeight, index) => ({
    afterHeight,
    blocks: pieceOf(blocks, blocksCuts, index),
    events: events.map((range, partition) =>
      pieceOf(range, present(eventsCuts[partition], 'a partition'), index),
    ),
    isLast: index === cuts.length,
  }));
}

function pieceOf(whole: OffsetRange, cuts: readonly bigint[], index: number): OffsetRange {
  return { from: cuts[index - 1] ?? whole.from, to: cuts[index] ?? whole.to };
}

/** Those of `heights` that lie nearest to even steps through the records of `blocks`. */
async function cutHeights(
  options: Parameters<typeof planParts>[0],
  blocks: OffsetRange,
): Promise<readonly number[]> {
  const { reader, topics, shard, heights, parts } = options;
  const cuts = new Set<number>();
  for (let step = 1; step < parts; step++) {
    const fromOffset = blocks.from + ((blocks.to - blocks.from) * BigInt(step)) / BigInt(parts);
    const start = { topic: topics.blocks, partition: shard, fromOffset };
    const record = await recordFrom(reader, start, blocks.to);
    const wanted = record === null ? null : blockHeight(record.value);
    if (wanted === null) continue;
    const distance = (height: number): number => Math.abs(height - wanted);
    const nearest = heights.reduce<number | null>(
      (best, height) => (best === null || distance(height) < distance(best) ? height : best),
      null,
    );
    if (nearest !== null) cuts.add(nearest);
  }
  return [...cuts].sort((a, b) => a - b);
}
