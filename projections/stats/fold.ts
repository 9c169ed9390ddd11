import type { EventEnvelope } from '../../schemas/types/event.js';
import type { CommittedEvents, ReadModel, Rows } from '../readModel.js';
import { counters } from './table.js';

const HOUR_MS = 3_600_000;

/** What one event adds to which metrics. */
function measure({ body }: EventEnvelope, add: (metric: string, value: bigint) => void): void {
  add('events', 1n);
  if (body.kind === 'CommandExecuted') add('executed', 1n);
  else if (body.kind === 'CommandRefused') add('refused', 1n);
  else if (body.kind === 'AccountCreated') add('accounts', 1n);
  else if (body.kind === 'HiLoStarted') {
    add('bets', 1n);
    add(`staked:${body.asset}`, body.stake);
  } else if (body.kind === 'HiLoEnded') {
    add(`paid:${body.asset}`, body.payout);
  } else if (body.kind === 'RouletteSpun') {
    add('bets', 1n);
    add(`staked:${body.asset}`, body.stake);
    add(`paid:${body.asset}`, body.payout);
  }
}

function foldEvents(committed: CommittedEvents, rows: Rows): void {
  const { shard, partition, timestampMs } = committed;
  const sums = new Map<string, bigint>();
  for (const { event } of committed.events) {
    measure(event, (metric, value) => sums.set(metric, (sums.get(metric) ?? 0n) + value));
  }
  const hour = timestampMs - (timestampMs % HOUR_MS);
  for (const [metric, value] of sums) {
    rows.put(counters, { shard, partition, metric, bucket_ms: hour, value });
    rows.put(counters, { shard, partition, metric, bucket_ms: 0, value });
  }
}

/** Counters of what happened, per partition and hour. */
export const stats: ReadModel = { name: 'stats', tables: [counters], foldEvents };
