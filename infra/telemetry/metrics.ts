import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds; from a loopback hop to a stuck log. */
const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics by name, made at first use. Names say their unit last; counters end in `_total`. */
export interface Metrics {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  gauge(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
  /** Forgets all series of a gauge: what they told of is no longer known here. */
  clearGauge(name: string): void;
  /** A duration in seconds. */
  observe(name: string, seconds: number, labels?: Readonly<Record<string, string>>): void;
  text(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(role: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry });
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const made = <T>(map: Map<string, T>, name: string, make: () => T): T => {
    let metric = map.get(name);
    if (metric === undefined) map.set(name, (metric = make()));
    return metric;
  };
  const common = (name: string, labels: Readonly<Record<string, string>>) => ({
    name: `nullspace_${name}`,
    help: name.replaceAll('_', ' '),
    labelNames: Object.keys(labels),
    registers: [registry],
  });
  return {
    count(name, labels = {}, by = 1) {
      made(counters, name, () => new Counter(common(name, labels))).inc(labels, by);
    },
    gauge(name, value, labels = {}) {
      made(gauges, name, () => new Gauge(common(name, labels))).set(labels, value);
    },
    clearGauge: (name) => gauges.get(name)?.reset(),
    observe(name, seconds, labels = {}) {
      const make = () => new Histogram({ ...common(name, labels), buckets: SECONDS_BUCKETS });
      made(histograms, name, make).observe(labels, seconds);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
