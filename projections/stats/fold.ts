import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { BalanceChanged, PostingReason } from '../../schemas/types/event.js';
import { countItems } from '../countItems.js';
import { BLOCKS_PARTITION } from '../ports.js';
import type { CommittedBlock, CommittedEvents, ReadModel, Rows } from '../readModel.js';
import {
  ALL_TIME,
  activeAccounts,
  type CounterRow,
  counters,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  type VolumeRow,
  volumes,
} from './table.js';

type Counts = Omit<CounterRow, 'shard' | 'partition' | 'span_ms' | 'bucket_ms'>;
type Amounts = Omit<VolumeRow, 'shard' | 'partition' | 'span_ms' | 'bucket_ms' | 'asset'>;
type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Buckets that a height counts in. */
const SPANS_MS = [MINUTE_MS, HOUR_MS, ALL_TIME] as const;

/** Which amount a posting adds to; the others are of accounts among themselves, or nobody's. */
const AMOUNT_OF_REASON: Readonly<Partial<Record<PostingReason, keyof Amounts>>> = {
  STAKE: 'staked',
  PAYOUT: 'paid',
  TRANSFER_OUT: 'transferred',
  FAUCET: 'claimed',
};

/** What one source adds at one height. */
class Tally {
  readonly counts: Mutable<Counts> = {
    events: 0,
    executed: 0,
    refused: 0,
    accounts: 0,
    bets: 0,
    blocks: 0,
    commands: 0,
    size_bytes: 0,
  };
  readonly amounts = new Map<number, Mutable<Amounts>>();

  addPosting({ asset, delta, reason }: BalanceChanged): void {
    const name = AMOUNT_OF_REASON[reason];
    if (name === undefined) return;
    if (name === 'staked') this.counts.bets += 1;
    let amounts = this.amounts.get(asset);
    if (amounts === undefined) {
      amounts = { staked: 0n, paid: 0n, transferred: 0n, claimed: 0n };
      this.amounts.set(asset, amounts);
    }
    amounts[name] += delta < 0n ? -delta : delta;
  }
}

/** Start of the span of block time that holds a moment. */
function bucketAt(timestampMs: number, spanMs: number): number {
  return spanMs === ALL_TIME ? 0 : timestampMs - (timestampMs % spanMs);
}

function putTally(
  tally: Tally,
  at: { readonly shard: number; readonly partition: number; readonly timestampMs: number },
  rows: Rows,
): void {
  const { shard, partition, timestampMs } = at;
  const { events, executed, refused, accounts, bets, blocks, commands, size_bytes } = tally.counts;
  for (const span_ms of SPANS_MS) {
    const bucket_ms = bucketAt(timestampMs, span_ms);
    // Field by field: copies of objects that were just made cost several times as much.
    rows.put(counters, {
      shard,
      partition,
      span_ms,
      bucket_ms,
      events,
      executed,
      refused,
      accounts,
      bets,
      blocks,
      commands,
      size_bytes,
    });
    for (const [asset, { staked, paid, transferred, claimed }] of tally.amounts) {
      rows.put(volumes, {
        shard,
        partition,
        span_ms,
        bucket_ms,
        asset,
        staked,
        paid,
        transferred,
        claimed,
      });
    }
  }
}

/** Whoever is known of an hour is known of its day. */
function putActive(account: Uint8Array, { shard, timestampMs }: CommittedEvents, rows: Rows): void {
  const hour_ms = bucketAt(timestampMs, HOUR_MS);
  const hour = { shard, span_ms: HOUR_MS, bucket_ms: hour_ms, account };
  if (!rows.putOnce(activeAccounts, hour)) return;
  const day_ms = bucketAt(timestampMs, DAY_MS);
  rows.putOnce(activeAccounts, { shard, span_ms: DAY_MS, bucket_ms: day_ms, account });
}

function foldBlock({ shard, certified }: CommittedBlock, rows: Rows): void {
  const { header, items } = certified.block;
  const { commands, bytes } = countItems(items);
  const tally = new Tally();
  tally.counts.blocks = 1;
  tally.counts.commands = commands;
  tally.counts.size_bytes = bytes;
  const { timestampMs } = header;
  putTally(tally, { shard, partition: BLOCKS_PARTITION, timestampMs }, rows);
}

function foldEvents(committed: CommittedEvents, rows: Rows): void {
  const tally = new Tally();
  const { counts } = tally;
  let last: Uint8Array | null = null;
  for (const { event } of committed.events) {
    const { body, key } = event;
    counts.events += 1;
    if (body.kind === 'BalanceChanged') tally.addPosting(body);
    else if (body.kind === 'CommandExecuted' || body.kind === 'CommandRefused') {
      if (body.kind === 'CommandExecuted') counts.executed += 1;
      else counts.refused += 1;
      if (last === null || !equalBytes(last, key)) putActive(key, committed, rows);
      last = key;
    } else if (body.kind === 'AccountCreated') counts.accounts += 1;
  }
  putTally(tally, committed, rows);
}

/** Counts and amounts by minute, hour and over all time; who was active by hour and day. */
export const stats: ReadModel = {
  name: 'stats',
  tables: [counters, volumes, activeAccounts],
  foldBlock,
  foldEvents,
};
