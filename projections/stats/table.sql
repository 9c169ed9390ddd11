-- Read model "stats": what happened, by time. Kept per source, to be summed over partitions at
-- read. A bucket is a span of block time: span_ms 60000, 3600000, or 0 for all time.

create table counters (
  shard integer not null,
  partition integer not null,
  span_ms bigint not null,
  bucket_ms bigint not null,
  events bigint not null,
  executed bigint not null,
  refused bigint not null,
  accounts bigint not null,
  bets bigint not null,
  blocks bigint not null,
  commands bigint not null,
  size_bytes bigint not null,
  primary key (shard, span_ms, bucket_ms, partition)
);
comment on table counters is 'Counts per source and bucket of block time: add over partitions.';
comment on column counters.partition is
  '-1: the blocks topic, which counts blocks, commands and size_bytes; else the events partition.';
comment on column counters.bucket_ms is 'Start of the bucket, ms since 1970; 0 for all time.';
comment on column counters.accounts is 'Created.';
comment on column counters.bets is 'Stakes placed.';
comment on column counters.commands is 'In the blocks'' envelopes, ignored ones too.';

create table volumes (
  shard integer not null,
  partition integer not null,
  span_ms bigint not null,
  bucket_ms bigint not null,
  asset bigint not null,
  staked numeric not null,
  paid numeric not null,
  transferred numeric not null,
  claimed numeric not null,
  primary key (shard, span_ms, bucket_ms, partition, asset)
);
comment on table volumes is
  'Amounts per events partition, bucket and asset, in its smallest unit: add over partitions.';
comment on column volumes.staked is
  'A whole number, as the others are: sums may pass what bigint holds.';
comment on column volumes.transferred is 'Left accounts by a transfer.';
comment on column volumes.claimed is 'Came to accounts from the faucet.';

create table active_accounts (
  shard integer not null,
  span_ms bigint not null,
  bucket_ms bigint not null,
  account bytea not null,
  primary key (shard, span_ms, bucket_ms, account)
);
comment on table active_accounts is
  'One row an account with an executed or refused command in an hour (span_ms 3600000) or a day '
  '(86400000) of block time; count them.';
