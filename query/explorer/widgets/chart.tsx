import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { chartOptions, HEIGHT_PX } from './chartOptions.js';
import type { ChartProps, Series } from './chartProps.js';
import { readingOf } from './chartReading.js';

/** A bar of nothing is no bar. */
function shown({ kind }: ChartProps, { values }: Series): readonly (number | null)[] {
  return kind === 'bars' ? values.map((value) => (value === 0 ? null : value)) : values;
}

/** Points at a place; outside, at none. */
function pointAt(plot: uPlot | null, x: number | undefined): void {
  plot?.setCursor({ left: x === undefined ? -10 : plot.valToPos(x, 'x'), top: 0 });
}

interface Drawing {
  readonly props: ChartProps;
  readonly data: uPlot.AlignedData;
}

/** Draws into `holder`, anew with another theme or shape, and tells which place is pointed at. */
function useDrawing(props: ChartProps, onPointed: (index: number | null) => void) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = [props.xs, ...props.series.map((each) => shown(props, each))] as uPlot.AlignedData;
  const latest = useRef<Drawing>({ props, data });
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
      onPointed(null);
      const options = chartOptions(Plot, element, latest.current.props, onPointed);
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
  return { holder, plot };
}

/**
 * A chart by uPlot, which is loaded with the first one. Colours follow the theme; what a place
 * holds is said below, of the one under the pointer or where the arrow keys lead.
 */
export function Chart(props: ChartProps) {
  const { label, x, xs, series, heightPx } = props;
  const [pointed, setPointed] = useState<number | null>(null);
  const { holder, plot } = useDrawing(props, setPointed);
  const last = xs.length - 1;
  const reading = pointed === null ? null : readingOf(props, pointed);
  const onKey = (event: KeyboardEvent) => {
    const at = pointed ?? last + (event.key === 'ArrowLeft' ? 1 : 0);
    const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
    const to = steps[event.key as keyof typeof steps];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    pointAt(plot.current, xs[Math.min(last, Math.max(0, to))]);
  };
  return (
    <figure class="chart">
      <div
        ref={holder}
        class={`plot ${heightPx === undefined ? '' : 'small'}`}
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={pointed ?? Math.max(0, last)}
        aria-valuetext={reading ?? 'arrow keys lead from value to value'}
        onKeyDown={onKey}
        onBlur={() => pointAt(plot.current, undefined)}
      />
      <figcaption>
        {series.length > 1 &&
          series.map(({ title, colour }) => (
            <span key={title} class={`key ${colour}`}>
              {title}
            </span>
          ))}
        <span class="reading">{reading ?? (x === 'time' ? 'Times are UTC' : '')}</span>
      </figcaption>
    </figure>
  );
}
