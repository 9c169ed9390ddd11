import type { Logger } from 'pino';
import type { CommandTelemetry } from '../../command/ports.js';
import type { Telemetry } from '../../consensus/ports.js';
import type { HeightTimesLog } from './heightTimes.js';
import type { Metrics } from './metrics.js';

/**
 * Consensus' counters and events as metrics and log lines. Its durations are milliseconds, those of
 * metrics seconds.
 */
export function consensusTelemetry(
  metrics: Metrics,
  logger: Logger,
  heights: HeightTimesLog,
): Telemetry {
  return {
    count: (name, by) => metrics.count(name, {}, by),
    gauge: (name, value) => metrics.gauge(name, value),
    observe: (name, ms) => metrics.observe(name.replace(/_ms$/, '_seconds'), ms / 1000),
    height(times) {
      const { finalMs, beaconMs, durableMs } = times;
      metrics.observe('validator_final_to_beacon_seconds', (beaconMs - finalMs) / 1000);
      metrics.observe('validator_final_to_durable_seconds', (durableMs - finalMs) / 1000);
      heights.add(times);
    },
    log: (level, event, fields) => logger[level](fields, event),
  };
}

/** The command side's. */
export function commandTelemetry(metrics: Metrics, logger: Logger): CommandTelemetry {
  return {
    count: (name, labels, by) => metrics.count(name, labels, by),
    gauge: (name, value) => metrics.gauge(name, value),
    observe: (name, seconds) => metrics.observe(name, seconds),
    log: (level, message, details) => logger[level](details ?? {}, message),
  };
}
