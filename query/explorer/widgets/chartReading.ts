import { grouped } from './grouped.js';

interface Shown {
  readonly x: 'time' | 'height';
  readonly xs: readonly number[];
  readonly series: readonly {
    readonly title: string;
    readonly values: readonly (number | null)[];
  }[];
}

/** What a chart shows at one of its places; null where it has none. */
export function readingOf({ x, xs, series }: Shown, index: number): string | null {
  const at = xs[index];
  if (at === undefined) return null;
  const minutes = () => new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const place = x === 'time' ? `${minutes()} UTC` : `Block ${grouped(at)}`;
  const values = series.map(({ title, values }) => `${title} ${grouped(values[index] ?? 0)}`);
  return `${place}: ${values.join(', ')}`;
}
