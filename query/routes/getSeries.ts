import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../projections/stats/table.js';
import { SERIES_POINTS_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { csv } from './csv.js';
import {
  count,
  described,
  heightOfSums,
  type JsonSchema,
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
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly asset?: number;
  readonly format?: string;
};

/** Whole buckets, none where `points` is 0. */
interface Window {
  readonly spanMs: number;
  /** Start of the first bucket. */
  readonly fromMs: number;
  readonly points: number;
  /** Start of the bucket after these; null where no more are asked for. */
  readonly nextFromMs: number | null;
}

const TIME: JsonSchema = { ...timestamp, maximum: 8_640_000_000_000_000 };

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
      description:
        'buckets up to `untilMs`, or from `fromMs` on; fewer where 1970 begins, or with ' +
        '`untilMs` before that many',
    },
    fromMs: described(
      TIME,
      'the bucket that this lies in is the first, but none before the first block',
    ),
    untilMs: described(TIME, 'the bucket that this lies in is the last; default: block time now'),
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
    nextFromMs: described(
      nullable(timestamp),
      '`fromMs` of the points after these; null where they reach `untilMs`',
    ),
    visibleHeight: heightOfSums,
  }),
  async read(context, parameters: SeriesParameters) {
    const { series, span = 'hour' } = parameters;
    const spanMs = SPANS[span] ?? HOUR_MS;
    const source = SERIES[series] as Source;
    if (source === 'active' && spanMs === MINUTE_MS) {
      return refused(RejectCode.badParameter, 'span: activeAccounts are counted by hour and day');
    }
    const window = await windowOf(context, spanMs, parameters);
    const { fromMs, points, nextFromMs } = window;
    const asset = parameters.asset ?? context.genesis.assets[0]?.asset ?? 0;
    const found = await readPoints(context, source, window, asset);
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
        next: nextFromMs === null ? null : { name: 'fromMs', value: String(nextFromMs) },
      };
    }
    const isAmount = source !== 'active' && source.table === 'volumes';
    const body = {
      ...{ series, span, asset: isAmount ? asset : null, points: filled, nextFromMs },
      visibleHeight: context.visible.height,
    };
    return { kind: 'found', body };
  },
};

async function windowOf(
  context: ReadContext,
  spanMs: number,
  parameters: SeriesParameters,
): Promise<Window> {
  const asked = parameters.points ?? POINTS_DEFAULT;
  const startOf = (timeMs: number): number => timeMs - (timeMs % spanMs);
  const lastMs = startOf(parameters.untilMs ?? context.visible.timestampMs);
  if (parameters.fromMs === undefined) {
    const points = Math.min(asked, lastMs / spanMs + 1);
    return { spanMs, fromMs: lastMs - (points - 1) * spanMs, points, nextFromMs: null };
  }
  // Who walks from the oldest on does not know when that was.
  const firstMs = await readFirst(context, spanMs);
  const fromMs = startOf(Math.max(parameters.fromMs, firstMs));
  const points = Math.max(0, Math.min(asked, (lastMs - fromMs) / spanMs + 1));
  const nextMs = fromMs + points * spanMs;
  return { spanMs, fromMs, points, nextFromMs: nextMs <= lastMs ? nextMs : null };
}

/** Days are sums of hours, which alone are kept of what is counted. */
const keptOf = (spanMs: number): number => (spanMs === DAY_MS ? HOUR_MS : spanMs);

/** Start of the first bucket that has a block; 0 where there is none. */
async function readFirst({ sql, shard }: ReadContext, spanMs: number): Promise<number> {
  const [row] = await sql.rows(
    'select min(bucket_ms) as first from counters where shard = $1 and span_ms = $2',
    [shard, keptOf(spanMs)],
  );
  return safeCount(row?.first ?? 0);
}

/** Values by the start of their bucket. */
async function readPoints(
  { sql, shard }: ReadContext,
  source: Source,
  { spanMs, fromMs, points }: Window,
  asset: number,
): Promise<ReadonlyMap<number, string>> {
  const keptMs = source === 'active' ? spanMs : keptOf(spanMs);
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
