import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';

export interface Series {
  readonly title: string;
  /** Name of a colour in styles/colours.css, without the dashes. */
  readonly colour: 'chart-a' | 'chart-b' | 'chart-c';
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  /** Places on the x axis: seconds since 1970, or heights. */
  readonly xs: readonly number[];
  readonly series: readonly Series[];
}

interface ChartProps extends ChartData {
  /** Says what the picture shows, for those who do not see it. */
  readonly label: string;
  readonly x: 'time' | 'height';
  readonly kind: 'bars' | 'line' | 'steps';
  readonly heightPx?: number;
}

/** From one label of a time to the next at least: "12:45am" takes 50. */
const LABEL_SPACE_PX = 64;
const HEIGHT_PX = 200;

function colourOf(element: Element, name: string): string {
  return getComputedStyle(element).getPropertyValue(`--${name}`).trim();
}

function optionsOf(
  Plot: typeof uPlot,
  element: HTMLElement,
  props: ChartProps,
  widthPx: number,
): uPlot.Options {
  const quiet = colourOf(element, 'quiet');
  const line = colourOf(element, 'line');
  const font = '12px system-ui, sans-serif';
  const axis = { stroke: quiet, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
  const paths =
    props.kind === 'bars'
      ? Plot.paths.bars?.({ size: [0.7, 40], radius: 0.15 })
      : props.kind === 'steps'
        ? Plot.paths.stepped?.({ align: 1 })
        : undefined;
  return {
    width: widthPx,
    height: props.heightPx ?? HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: { time: props.x === 'time', range: (_plot, min, max) => padded(props, min, max) },
      y: {
        range: (_plot, min, max) =>
          props.kind === 'steps' ? around(min, max) : [Math.min(0, min), Math.max(1, max * 1.1)],
      },
    },
    axes: [
      { ...axis, size: 30, space: LABEL_SPACE_PX, grid: { show: false } },
      { ...axis, size: 60 },
    ],
    series: [
      {},
      ...props.series.map(({ title, colour }) => ({
        label: title,
        stroke: colourOf(element, colour),
        width: props.kind === 'bars' ? 1 : 2,
        fill: `${colourOf(element, colour)}${props.kind === 'bars' ? 'b0' : '30'}`,
        points: { show: false },
        ...(paths === undefined ? {} : { paths }),
      })),
    ],
  };
}

/** A bar of nothing is no bar. */
function shown({ kind }: ChartProps, { values }: Series): readonly (number | null)[] {
  return kind === 'bars' ? values.map((value) => (value === 0 ? null : value)) : values;
}

/** The first and the last bar stand whole inside. */
function padded({ kind, xs }: ChartProps, min: number, max: number): [number, number] {
  const [first = min, second = first + 1] = xs;
  const half = kind === 'bars' ? Math.max(second - first, 1) / 2 : 0;
  return [min - half, max + half];
}

/** Changes are to be seen, however large the sum. */
function around(min: number, max: number): [number, number] {
  const room = Math.max((max - min) * 0.15, max * 0.005, 1);
  return [Math.max(0, min - room), max + room];
}

/** A chart by uPlot, which is loaded with the first one. Colours follow the theme. */
export function Chart(props: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = [props.xs, ...props.series.map((each) => shown(props, each))] as uPlot.AlignedData;
  const latest = useRef({ props, data });
  latest.current = { props, data };
  const shape = props.series.map(({ title }) => title).join('/');
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    let isCurrent = true;
    const draw = async () => {
      const { default: Plot } = await import('uplot');
      if (!isCurrent) return;
      plot.current?.destroy();
      const options = optionsOf(Plot, element, latest.current.props, element.clientWidth);
      plot.current = new Plot(options, latest.current.data, element);
    };
    const resized = new ResizeObserver(() => {
      const { props: now } = latest.current;
      plot.current?.setSize({ width: element.clientWidth, height: now.heightPx ?? HEIGHT_PX });
    });
    resized.observe(element);
    const darkness = matchMedia('(prefers-color-scheme: dark)');
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    darkness.addEventListener('change', draw);
    draw();
    return () => {
      isCurrent = false;
      resized.disconnect();
      themed.disconnect();
      darkness.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, props.kind, props.x]);
  useEffect(() => plot.current?.setData(data));
  const tall = props.heightPx === undefined ? '' : 'small';
  return (
    <figure class="chart">
      <div ref={holder} role="img" aria-label={props.label} class={`plot ${tall}`} />
      {props.series.length > 1 && (
        <figcaption>
          {props.series.map(({ title, colour }) => (
            <span key={title} class={`key ${colour}`}>
              {title}
            </span>
          ))}
        </figcaption>
      )}
    </figure>
  );
}
