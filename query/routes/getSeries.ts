import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../projections/stats/table.js';
import { SERIES_POINTS_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { csv } from './csv.js';
import {
  count,
  described,
  heightOfSums,
  list,
  nullable,
  object,
  pathParameters,
  queryParameters,
  text,
  timestamp,
} from './jsonSchema.js';
import { type ReadContext, type Route, refused } from './route.js';
import { safeCount } from './select.js';

/** Where the points of a series come from: a column to sum, or rows to count. */
type Source = { readonly table: 'counters' | 'volumes'; readonly column: string } | 'active';

const SERIES: Readonly<Record<string, Source>> = {
  blocks: { table: 'counters', column: 'blocks' },
  commands: { table: 'counters', column: 'commands' },
  executed: { table: 'counters', column: 'executed' },
  refused: { table: 'counters', column: 'refused' },
  events: { table: 'counters', column: 'events' },
  bets: { table: 'counters', column: 'bets' },
  sizeBytes: { table: 'counters', column: 'size_bytes' },
  newAccounts: { table: 'counters', column: 'accounts' },
  activeAccounts: 'active',
  staked: { table: 'volumes', column: 'staked' },
  paid: { table: 'volumes', column: 'paid' },
  transferred: { table: 'volumes', column: 'transferred' },
  claimed: { table: 'volumes', column: 'claimed' },
};

const SPANS: Readonly<Record<string, number>> = {
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS,
};
const POINTS_DEFAULT = 60;

type SeriesParameters = {
  readonly series: string;
  readonly span?: string;
  readonly points?: number;
  readonly untilMs?: number;
  readonly asset?: number;
  readonly format?: string;
};

interface Window {
  readonly spanMs: number;
  /** Start of the first bucket. */
  readonly fromMs: number;
  readonly points: number;
  readonly asset: number;
}

export const getSeries: Route = {
  url: '/explorer/stats/:series',
  summary: 'One measure by minute, hour or day of block time, oldest first; empty ones are 0',
  tag: 'explorer',
  changesWith: 'now',
  params: pathParameters({ series: { type: 'string', enum: Object.keys(SERIES) } }),
  query: queryParameters({
    span: { type: 'string', enum: Object.keys(SPANS), default: 'hour' },
    points: {
      ...{ type: 'integer', minimum: 1, maximum: SERIES_POINTS_MAX, default: POINTS_DEFAULT },
      description: 'buckets, the newest last; fewer where 1970 begins',
    },
    untilMs: described({ ...timestamp, maximum: 8_640_000_000_000_000 }, 'default: block time now'),
    asset: described({ ...count, maximum: 0x7fff_ffff }, 'of amounts; default: the first'),
    format: { type: 'string', enum: ['json', 'csv'] },
  }),
  answer: object({
    series: text,
    span: text,
    asset: described(nullable(count), 'of amounts'),
    points: list(
      object({ startMs: timestamp, value: described(text, 'a whole number in decimal digits') }),
    ),
    visibleHeight: heightOfSums,
  }),
  async read(context, parameters: SeriesParameters) {
    const { series, span = 'hour', points: asked = POINTS_DEFAULT } = parameters;
    const spanMs = SPANS[span] ?? HOUR_MS;
    const source = SERIES[series] as Source;
    if (source === 'active' && spanMs === MINUTE_MS) {
      return refused(RejectCode.badParameter, 'span: activeAccounts are counted by hour and day');
    }
    const until = parameters.untilMs ?? context.visible.timestampMs;
    const lastMs = until - (until % spanMs);
    const points = Math.min(asked, lastMs / spanMs + 1);
    const fromMs = lastMs - (points - 1) * spanMs;
    const asset = parameters.asset ?? context.genesis.assets[0]?.asset ?? 0;
    const found = await readPoints(context, source, { spanMs, fromMs, points, asset });
    const filled = Array.from({ length: points }, (_, index) => {
      const startMs = fromMs + index * spanMs;
      return { startMs, value: found.get(startMs) ?? '0' };
    });
    if (parameters.format === 'csv') {
      return {
        kind: 'table',
        fileName: `${series}-${span}.csv`,
        text: csv(
          [
            ['start_ms', ({ startMs }) => startMs],
            ['value', ({ value }) => value],
          ],
          filled,
        ),
        nextCursor: null,
      };
    }
    const isAmount = source !== 'active' && source.table === 'volumes';
    const body = {
      ...{ series, span, asset: isAmount ? asset : null, points: filled },
      visibleHeight: context.visible.height,
    };
    return { kind: 'found', body };
  },
};

/** Values by the start of their bucket. Days are sums of hours, which alone are kept. */
async function readPoints(
  { sql, shard }: ReadContext,
  source: Source,
  { spanMs, fromMs, points, asset }: Window,
): Promise<ReadonlyMap<number, string>> {
  const keptMs = source !== 'active' && spanMs === DAY_MS ? HOUR_MS : spanMs;
  const values = [shard, keptMs, fromMs, fromMs + points * spanMs, spanMs];
  const bucket = 'bucket_ms - bucket_ms % $5::bigint';
  const where = 'where shard = $1 and span_ms = $2 and bucket_ms >= $3 and bucket_ms < $4';
  const query = (what: string, table: string, more = ''): string =>
    `select ${bucket} as start_ms, ${what}::text as value from ${table}
     ${where} ${more} group by 1`;
  const rows =
    source === 'active'
      ? await sql.rows(query('count(*)', 'active_accounts'), values)
      : source.table === 'counters'
        ? await sql.rows(query(`sum(${source.column})`, 'counters'), values)
        : await sql.rows(query(`sum(${source.column})`, 'volumes', 'and asset = $6'), [
            ...values,
            asset,
          ]);
  return new Map(rows.map(({ start_ms, value }) => [safeCount(start_ms), String(value)]));
}
