import { count, described, height, list, object, text, timestamp } from './jsonSchema.js';
import type { Route } from './route.js';
import { safeCount } from './select.js';

/** The checkpoint's number of the blocks topic, among those of events partitions. */
const BLOCKS_SOURCE = -1;

export const getStatus: Route = {
  url: '/explorer/status',
  summary: 'How far each source of the tables has been folded, and how far it lags behind',
  tag: 'chain',
  changesWith: 'now',
  answer: object({
    chain: text,
    newestHeight: described(height, 'highest height that any source has reached'),
    sources: list(
      object({
        source: described(text, 'blocks, or events/<partition>'),
        height,
        lagBlocks: count,
        timestampMs: timestamp,
      }),
    ),
    lagBlocks: described(count, 'of the visible height behind the newest'),
    timestampMs: described(timestamp, 'block time at the visible height'),
    visibleHeight: height,
  }),
  async read({ sql, shard, visible, genesis }) {
    const rows = await sql.rows(
      'select partition, height, timestamp_ms from checkpoints where shard = $1 order by partition',
      [shard],
    );
    const heights = rows.map((row) => safeCount(row.height));
    const newestHeight = Math.max(visible.height, ...heights);
    const sources = rows.map((row) => ({
      source: row.partition === BLOCKS_SOURCE ? 'blocks' : `events/${row.partition}`,
      height: safeCount(row.height),
      lagBlocks: newestHeight - safeCount(row.height),
      timestampMs: safeCount(row.timestamp_ms),
    }));
    const body = {
      chain: genesis.name,
      newestHeight,
      sources,
      lagBlocks: newestHeight - visible.height,
      timestampMs: visible.timestampMs,
      visibleHeight: visible.height,
    };
    return { kind: 'found', body };
  },
};
