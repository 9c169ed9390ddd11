import { blocks } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { STATS_HOURS_MAX, STATS_WINDOW_BLOCKS } from '../../schemas/limits.js';
import {
  amount,
  count,
  described,
  height,
  list,
  nullable,
  object,
  queryParameters,
  timestamp,
} from './jsonSchema.js';
import type { ReadContext, Route } from './route.js';
import { safeCount, select } from './select.js';

const HOUR_MS = 3_600_000;

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
    visibleHeight: height,
  }),
  async read(context, parameters: { readonly hours?: number }) {
    const { visible } = context;
    const hour = visible.timestampMs - (visible.timestampMs % HOUR_MS);
    const from = Math.max(hour - ((parameters.hours ?? 24) - 1) * HOUR_MS, 1);
    const buckets = await readCounters(context, from);
    const totals = buckets.get(0) ?? new Map<string, bigint>();
    buckets.delete(0);
    const hours = [...buckets].map(([startMs, metrics]) => ({
      startMs,
      ...countersJson(metrics),
    }));
    const body = {
      blocks: visible.height,
      totals: countersJson(totals),
      recent: await readPace(context),
      hours,
      timestampMs: visible.timestampMs,
      visibleHeight: visible.height,
    };
    return { kind: 'found', body };
  },
};

/** Sums over the partitions, by hour in ascending order; hour 0 is all time. */
async function readCounters(
  { sql, shard }: ReadContext,
  fromMs: number,
): Promise<Map<number, Map<string, bigint>>> {
  const rows = await sql.rows(
    `select bucket_ms, metric, sum(value)::bigint as value from counters
     where shard = $1 and (bucket_ms = 0 or bucket_ms >= $2)
     group by bucket_ms, metric order by bucket_ms, metric`,
    [shard, fromMs],
  );
  const buckets = new Map<number, Map<string, bigint>>();
  for (const row of rows) {
    const startMs = safeCount(row.bucket_ms);
    const metrics = buckets.get(startMs) ?? new Map<string, bigint>();
    metrics.set(row.metric as string, row.value as bigint);
    buckets.set(startMs, metrics);
  }
  return buckets;
}

function countersJson(metrics: ReadonlyMap<string, bigint>): JsonObject {
  const json: Record<string, number> = {};
  for (const name of Object.keys(counters)) json[name] = Number(metrics.get(name) ?? 0n);
  const assets = new Set<number>();
  for (const metric of metrics.keys()) {
    const [name, asset] = metric.split(':');
    if (asset !== undefined && (name === 'staked' || name === 'paid')) assets.add(Number(asset));
  }
  const games = [...assets]
    .sort((a, b) => a - b)
    .map((asset) => ({
      asset,
      staked: String(metrics.get(`staked:${asset}`) ?? 0n),
      paid: String(metrics.get(`paid:${asset}`) ?? 0n),
    }));
  return { ...json, games };
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
