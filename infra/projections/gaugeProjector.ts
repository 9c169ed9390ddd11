import type { ProjectorStatus } from '../../projections/ports.js';
import type { Metrics } from '../telemetry/metrics.js';

const SOURCE_GAUGES = ['height', 'lag_blocks', 'lag_seconds', 'hole', 'wanted_events'] as const;

/** Of sources that it holds, and of no others: a lag that nobody measures is not 0. */
export function gaugeProjector(metrics: Metrics, { state, ready, sources }: ProjectorStatus): void {
  metrics.gauge('projection_ready', ready ? 1 : 0);
  metrics.clearGauge('projection_state');
  metrics.gauge('projection_state', 1, { state });
  for (const name of SOURCE_GAUGES) metrics.clearGauge(`projection_${name}`);
  for (const { partition, height, lagBlocks, lagMs, hole, wanted } of sources) {
    const labels = { partition: String(partition) };
    metrics.gauge('projection_height', height, labels);
    metrics.gauge('projection_lag_blocks', lagBlocks, labels);
    metrics.gauge('projection_lag_seconds', lagMs / 1000, labels);
    metrics.gauge('projection_hole', hole === null ? 0 : 1, labels);
    metrics.gauge('projection_wanted_events', wanted, labels);
  }
}
