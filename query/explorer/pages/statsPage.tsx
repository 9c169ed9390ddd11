import type { Counters, SeriesAnswer, Stats } from '../../../command/client/answers.js';
import { type Asset, useAsset } from '../api/assets.js';
import { useSlowHeight } from '../api/liveContext.js';
import { loadedValue, useRead } from '../api/read.js';
import { goWithin, useTitle } from '../router.js';
import { AssetChoice, type ChosenAsset, useChosenAsset } from '../widgets/assetChoice.js';
import { Await } from '../widgets/await.js';
import { Chart } from '../widgets/chart.js';
import type { Series } from '../widgets/chartProps.js';
import { Figures } from '../widgets/figures.js';
import { grouped } from '../widgets/grouped.js';
import { Icon } from '../widgets/icons.js';
import { amountText } from '../widgets/numbers.js';

interface Range {
  readonly title: string;
  readonly span: 'minute' | 'hour' | 'day';
  readonly points: number;
}

const RANGES: readonly Range[] = [
  { title: '1 h', span: 'minute', points: 60 },
  { title: '24 h', span: 'hour', points: 24 },
  { title: '7 d', span: 'hour', points: 168 },
  { title: '31 d', span: 'day', points: 31 },
];
/** `24h` */
const inAddress = ({ title }: Range): string => title.replace(' ', '');

const REFRESH_MS = 10_000;

interface Line {
  readonly series: string;
  readonly title: string;
  readonly colour: Series['colour'];
}

interface ChartPlan {
  readonly title: string;
  /** Its lines are amounts of an asset. */
  readonly isByAsset?: boolean;
  readonly lines: readonly Line[];
}

const line = (series: string, title: string, colour: Series['colour'] = 'chart-a'): Line => ({
  series,
  title,
  colour,
});

const CHARTS: readonly ChartPlan[] = [
  {
    title: 'Commands',
    lines: [line('executed', 'executed'), line('refused', 'refused', 'chart-c')],
  },
  { title: 'Bets', lines: [line('bets', 'bets')] },
  {
    title: 'Staked and paid',
    isByAsset: true,
    lines: [line('staked', 'staked'), line('paid', 'paid', 'chart-b')],
  },
  { title: 'Blocks', lines: [line('blocks', 'blocks')] },
  { title: 'New accounts', lines: [line('newAccounts', 'new accounts', 'chart-b')] },
  { title: 'Active accounts', lines: [line('activeAccounts', 'active accounts', 'chart-b')] },
  { title: 'Events', lines: [line('events', 'events')] },
  { title: 'Size of blocks', lines: [line('sizeBytes', 'bytes')] },
];

/** Active accounts are counted by hour and day: an hour is the shortest bar of their chart. */
function rangeOf({ lines }: ChartPlan, chosen: Range): Range {
  const isTooShort = lines[0]?.series === 'activeAccounts' && chosen.span === 'minute';
  return isTooShort ? (RANGES.find(({ span }) => span === 'hour') ?? chosen) : chosen;
}

function pathOf(series: string, { span, points }: Range, asset: number | null): string {
  const whose = asset === null ? '' : `&asset=${asset}`;
  return `/explorer/stats/${series}?span=${span}&points=${points}${whose}`;
}

function SeriesChart(props: {
  readonly plan: ChartPlan;
  readonly range: Range;
  readonly chosen: ChosenAsset;
}) {
  const { plan, chosen } = props;
  const { isByAsset = false } = plan;
  const asset = isByAsset ? chosen.asked : null;
  const { symbol, decimals } = useAsset(chosen.asset ?? 0);
  const range = rangeOf(plan, props.range);
  const version = useSlowHeight(REFRESH_MS);
  const [first, second] = plan.lines;
  const one = useRead<SeriesAnswer>(pathOf(first?.series ?? '', range, asset), version);
  const other = useRead<SeriesAnswer>(
    second === undefined ? null : pathOf(second.series, range, asset),
    version,
  );
  const points = loadedValue(one)?.points ?? [];
  const others = loadedValue(other)?.points;
  // The two were asked one after the other: between them a bucket may have begun.
  const valuesOf = (list: typeof points) => {
    const unit = isByAsset ? 10 ** decimals : 1;
    const values = new Map(list.map(({ startMs, value }) => [startMs, Number(value) / unit]));
    return points.map(({ startMs }) => values.get(startMs) ?? null);
  };
  const series = plan.lines.flatMap(({ title, colour }, index) => {
    const list = index === 0 ? points : others;
    return list === undefined ? [] : [{ title, colour, values: valuesOf(list) }];
  });
  return (
    <section class="card">
      <h2>
        {plan.title}
        {isByAsset && symbol !== '' && <span class="quiet small">in {symbol}</span>}
        {range !== props.range && (
          <span class="quiet small">
            over {range.title}, by {range.span}
          </span>
        )}
        <span class="files">
          {plan.lines.map(({ series: name, title }) => (
            <a
              key={name}
              class="button second small"
              href={`${pathOf(name, range, asset)}&format=csv`}
              download={`${name}.csv`}
              aria-label={`${title} as CSV`}
            >
              <Icon name="download" /> {plan.lines.length > 1 ? `${title} as CSV` : 'CSV'}
            </a>
          ))}
        </span>
      </h2>
      <Chart
        label={`${plan.title} over ${range.title}, by ${range.span}`}
        x="time"
        kind="bars"
        xs={points.map(({ startMs }) => startMs / 1000)}
        series={series}
      />
    </section>
  );
}

function Totals(props: { readonly totals: Counters; readonly asset: Asset }) {
  const { totals, asset } = props;
  const game = totals.games.find((each) => each.asset === asset.asset);
  const stakedTotal = BigInt(game?.staked ?? 0);
  const paid = BigInt(game?.paid ?? 0);
  const returned = stakedTotal === 0n ? '–' : `${Number((paid * 10_000n) / stakedTotal) / 100} %`;
  return (
    <Figures
      label="totals since genesis"
      figures={[
        ['Executed', grouped(totals.executed)],
        ['Refused', grouped(totals.refused)],
        ['Bets', grouped(totals.bets)],
        ['Accounts', grouped(totals.accounts)],
        ['Events', grouped(totals.events)],
        ['Staked', `${amountText(stakedTotal, asset)} ${asset.symbol}`],
        ['Paid', `${amountText(paid, asset)} ${asset.symbol}`],
        ['Returned', returned, 'paid of what was staked; open games are staked, not yet paid'],
      ]}
    />
  );
}

export function StatsPage(props: { readonly query: URLSearchParams }) {
  useTitle('Charts');
  const asked = props.query.get('range');
  const range = RANGES.find((each) => inAddress(each) === asked) ?? (RANGES[0] as Range);
  const chosen = useChosenAsset();
  const asset = useAsset(chosen.asset ?? 0);
  const version = useSlowHeight(REFRESH_MS);
  const loaded = useRead<Stats>('/explorer/stats?hours=1', version);
  return (
    <>
      <div class="title">
        <h1>Charts</h1>
        <div class="inline">
          <AssetChoice chosen={chosen} />
          <fieldset class="ranges">
            <legend class="hidden">range</legend>
            {RANGES.map((each) => (
              <button
                key={each.title}
                type="button"
                class="second"
                aria-pressed={each === range}
                onClick={() => goWithin({ range: inAddress(each) }, { replace: true })}
              >
                {each.title}
              </button>
            ))}
          </fieldset>
        </div>
      </div>
      <Await loaded={loaded} what="summary of the chain">
        {({ totals }) => <Totals totals={totals} asset={asset} />}
      </Await>
      <div class="charts">
        {CHARTS.map((plan) => (
          <SeriesChart key={plan.title} plan={plan} range={range} chosen={chosen} />
        ))}
      </div>
    </>
  );
}
