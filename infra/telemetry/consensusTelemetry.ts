import type { Logger } from 'pino';
import type { CommandTelemetry } from '../../command/ports.js';
import type { Telemetry } from '../../consensus/ports.js';
import type { Metrics } from './metrics.js';

/** Consensus' counters and events as metrics and log lines. */
export function consensusTelemetry(metrics: Metrics, logger: Logger): Telemetry {
  return {
    count: (name, by) => metrics.count(name, {}, by),
    gauge: (name, value) => metrics.gauge(name, value),
    observe: (name, value) => metrics.observe(name, value),
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
