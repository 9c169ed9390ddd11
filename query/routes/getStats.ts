import { blocks } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { ALL_TIME, HOUR_MS } from '../../projections/stats/table.js';
import { STATS_HOURS_MAX, STATS_WINDOW_BLOCKS } from '../../schemas/limits.js';
import {
  amount,
  count,
  described,
  height,
  heightOfSums,
  list,
  nullable,
  object,
  queryParameters,
  timestamp,
} from './jsonSchema.js';
import type { ReadContext, Route } from './route.js';
import { safeCount, select } from './select.js';

const counters = {
  executed: count,
  refused: count,
  bets: count,
  accounts: described(count, 'created'),
  events: count,
} as const;

const perAsset = list(object({ asset: count, staked: amount, paid: amount }));

export const getStats: Route = {
  url: '/explorer/stats',
  summary: 'Totals, the pace of the last blocks, and the last hours',
  tag: 'explorer',
  changesWith: 'now',
  query: queryParameters({
    hours: { type: 'integer', minimum: 1, maximum: STATS_HOURS_MAX, default: 24 },
  }),
  answer: object({
    blocks: height,
    totals: object({ ...counters, games: perAsset }),
    recent: object({
      blocks: described(count, 'how many the following is measured over'),
      blockTimeMs: described(nullable({ type: 'number' }), 'mean'),
      commandsPerSecond: nullable({ type: 'number' }),
    }),
    hours: list(object({ startMs: timestamp, ...counters, games: perAsset })),
    timestampMs: timestamp,
    visibleHeight: heightOfSums,
  }),
  async read(context, parameters: { readonly hours?: number }) {
    const { visible } = context;
    const hour = visible.timestampMs - (visible.timestampMs % HOUR_MS);
    const from = Math.max(hour - ((parameters.hours ?? 24) - 1) * HOUR_MS, 1);
    const [totals, hours] = await Promise.all([
      readBuckets(context, ALL_TIME, 0),
      readBuckets(context, HOUR_MS, from),
    ]);
    const body = {
      blocks: visible.height,
      totals: bucketJson(totals.get(0)),
      recent: await readPace(context),
      hours: [...hours].map(([startMs, bucket]) => ({ startMs, ...bucketJson(bucket) })),
      timestampMs: visible.timestampMs,
      visibleHeight: visible.height,
    };
    return { kind: 'found', body };
  },
};

type CounterName = keyof typeof counters;
const COUNTERS = Object.keys(counters) as CounterName[];

interface Bucket {
  readonly counts: Readonly<Record<CounterName, number>>;
  readonly games: JsonObject[];
}

/** Sums over the partitions, by the start of the bucket, ascending. */
async function readBuckets(
  { sql, shard }: ReadContext,
  spanMs: number,
  fromMs: number,
): Promise<Map<number, Bucket>> {
  const where = 'where shard = $1 and span_ms = $2 and bucket_ms >= $3';
  const sums = COUNTERS.map((name) => `sum(${name})::bigint as ${name}`).join(', ');
  const values = [shard, spanMs, fromMs];
  const [counted, moved] = await Promise.all([
    sql.rows(
      `select bucket_ms, ${sums} from counters ${where} group by bucket_ms order by bucket_ms`,
      values,
    ),
    sql.rows(
      `select bucket_ms, asset, sum(staked)::text as staked, sum(paid)::text as paid
       from volumes ${where} group by bucket_ms, asset order by asset`,
      values,
    ),
  ]);
  const buckets = new Map<number, Bucket>();
  for (const row of counted) {
    const counts = Object.fromEntries(COUNTERS.map((name) => [name, safeCount(row[name])]));
    const bucket = { counts: counts as Record<CounterName, number>, games: [] };
    buckets.set(safeCount(row.bucket_ms), bucket);
  }
  for (const { bucket_ms, asset, staked, paid } of moved) {
    const game = { asset: safeCount(asset), staked: String(staked), paid: String(paid) };
    if (game.staked !== '0' || game.paid !== '0') {
      buckets.get(safeCount(bucket_ms))?.games.push(game);
    }
  }
  return buckets;
}

const NOTHING = Object.fromEntries(COUNTERS.map((name) => [name, 0]));

function bucketJson(bucket: Bucket | undefined): JsonObject {
  return { ...(bucket?.counts ?? NOTHING), games: bucket?.games ?? [] };
}

/** Mean block time and commands a second over the last blocks. */
export async function readPace({
  sql,
  shard,
  visible,
}: Pick<ReadContext, 'sql' | 'shard' | 'visible'>): Promise<JsonObject> {
  const rest = 'where shard = $1 and height <= $2 order by height desc limit $3';
  const values = [shard, visible.height, STATS_WINDOW_BLOCKS];
  const rows = await select(sql, blocks, ['timestamp_ms', 'command_count'], rest, values);
  const newest = rows[0];
  const oldest = rows.at(-1);
  const spanMs = (newest?.timestamp_ms ?? 0) - (oldest?.timestamp_ms ?? 0);
  if (spanMs <= 0) return { blocks: rows.length, blockTimeMs: null, commandsPerSecond: null };
  let commandCount = 0;
  for (const row of rows.slice(0, -1)) commandCount += row.command_count;
  return {
    blocks: rows.length,
    blockTimeMs: Math.round(spanMs / (rows.length - 1)),
    commandsPerSecond: Math.round((commandCount * 100_000) / spanMs) / 100,
  };
}
