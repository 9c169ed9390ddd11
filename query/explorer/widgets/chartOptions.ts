import type uPlot from 'uplot';
import type { ChartProps } from './chartProps.js';
import { around, barsBeside, padded, valueLabels } from './chartScales.js';

/** From one label of a time to the next at least: "12:45am" takes 50. */
const LABEL_SPACE_PX = 64;
/** Tick, gap and the air before the widest label; narrower axes are all as wide as this. */
const AXIS_EXTRA_PX = 22;
const AXIS_PX_MIN = 60;
const FONT = '12px system-ui, sans-serif';

export const HEIGHT_PX = 200;

function colourOf(element: Element, name: string): string {
  return getComputedStyle(element).getPropertyValue(`--${name}`).trim();
}

/** As wide as its widest label: none is cut. */
function axisWidthPx({ ctx }: uPlot, labels: readonly string[] | null): number {
  ctx.save();
  ctx.font = FONT;
  const widths = (labels ?? []).map((label) => ctx.measureText(label).width);
  ctx.restore();
  return Math.max(AXIS_PX_MIN, Math.ceil(Math.max(0, ...widths)) + AXIS_EXTRA_PX);
}

/** Places of the data that is drawn now: props of an earlier draw may have had none. */
function placesOf(plot: uPlot): readonly number[] {
  return Array.from(plot.data[0] ?? []);
}

/** In pixels from the left, of the place next to the pointer; outside, what it is. */
function middleOf(plot: uPlot, left: number): number {
  const x = left < 0 ? undefined : plot.data[0]?.[plot.posToIdx(left)];
  return x === undefined ? left : plot.valToPos(x, 'x');
}

function pathsOf(Plot: typeof uPlot, { kind, series }: ChartProps, index: number) {
  if (kind === 'steps') return Plot.paths.stepped?.({ align: 1 });
  if (kind === 'line') return undefined;
  const bars = (plot: uPlot) => {
    const { min = 0, max = 1 } = plot.scales.x ?? {};
    const widthPx = plot.bbox.width / devicePixelRatio;
    const unitsPerPx = ((max ?? 1) - (min ?? 0)) / Math.max(1, widthPx);
    return barsBeside({ xs: placesOf(plot), unitsPerPx, index, count: series.length });
  };
  return Plot.paths.bars?.({
    radius: 0.15,
    disp: {
      x0: { unit: 1, values: (plot) => bars(plot).starts },
      size: { unit: 1, values: (plot) => [bars(plot).width] },
    },
  });
}

export function chartOptions(
  Plot: typeof uPlot,
  element: HTMLElement,
  props: ChartProps,
  onPointed: (index: number | null) => void,
): uPlot.Options {
  const { kind, x, heightPx = HEIGHT_PX } = props;
  const line = colourOf(element, 'line');
  const axis = {
    stroke: colourOf(element, 'quiet'),
    font: FONT,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line },
  };
  return {
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    // Axes count days and hours as the chain's tables do.
    tzDate: (seconds) => Plot.tzDate(new Date(seconds * 1000), 'UTC'),
    cursor: {
      y: false,
      // The line stands in the middle of bars, where a point would be of neither of two.
      move: (plot, left, top) => [middleOf(plot, left), top],
      points: { show: kind !== 'bars', size: 6 },
      drag: { x: false, y: false },
    },
    hooks: { setCursor: [({ cursor }) => onPointed(cursor.idx ?? null)] },
    scales: {
      x: {
        time: x === 'time',
        range: (plot, min, max) => padded(kind, placesOf(plot), min, max),
      },
      y: {
        range: (_plot, min, max) =>
          kind === 'steps' ? around(min, max) : [Math.min(0, min), Math.max(1, max * 1.1)],
      },
    },
    axes: [
      { ...axis, size: 30, space: LABEL_SPACE_PX, grid: { show: false } },
      { ...axis, size: axisWidthPx, values: (_plot, splits) => valueLabels(splits) },
    ],
    series: [
      {},
      ...props.series.map(({ title, colour }, index) => {
        const paths = pathsOf(Plot, props, index);
        return {
          label: title,
          stroke: colourOf(element, colour),
          width: kind === 'bars' ? 1 : 2,
          fill: `${colourOf(element, colour)}${kind === 'bars' ? 'b0' : '30'}`,
          points: { show: false },
          ...(paths === undefined ? {} : { paths }),
        };
      }),
    ],
  };
}
