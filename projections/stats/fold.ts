import { byteKey } from '../../schemas/kernel/byteKey.js';
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
    ...{ events: 0, executed: 0, refused: 0, accounts: 0, bets: 0 },
    ...{ blocks: 0, commands: 0, size_bytes: 0 },
  };
  readonly amounts = new Map<number, Mutable<Amounts>>();
  readonly active = new Map<string, Uint8Array>();

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

function putTally(
  tally: Tally,
  at: { readonly shard: number; readonly partition: number; readonly timestampMs: number },
  rows: Rows,
): void {
  const { shard, partition, timestampMs } = at;
  const bucketOf = (span_ms: number) => ({
    span_ms,
    bucket_ms: span_ms === ALL_TIME ? 0 : timestampMs - (timestampMs % span_ms),
  });
  for (const bucket of [MINUTE_MS, HOUR_MS, ALL_TIME].map(bucketOf)) {
    rows.put(counters, { shard, partition, ...bucket, ...tally.counts });
    for (const [asset, amounts] of tally.amounts) {
      rows.put(volumes, { shard, partition, ...bucket, asset, ...amounts });
    }
  }
  for (const bucket of [HOUR_MS, DAY_MS].map(bucketOf)) {
    for (const account of tally.active.values())
      rows.put(activeAccounts, { shard, ...bucket, account });
  }
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
  const { counts, active } = tally;
  for (const { event } of committed.events) {
    const { body, key } = event;
    counts.events += 1;
    if (body.kind === 'CommandExecuted' || body.kind === 'CommandRefused') {
      counts[body.kind === 'CommandExecuted' ? 'executed' : 'refused'] += 1;
      active.set(byteKey(key), key);
    } else if (body.kind === 'AccountCreated') counts.accounts += 1;
    else if (body.kind === 'BalanceChanged') tally.addPosting(body);
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
