import type { ChartKind } from './chartScales.js';

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

export interface ChartProps extends ChartData {
  /** Says what the picture shows, for those who do not see it. */
  readonly label: string;
  readonly x: 'time' | 'height';
  readonly kind: ChartKind;
  readonly heightPx?: number;
}
