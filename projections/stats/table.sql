-- Read model "stats": counters kept per partition, to be summed over partitions at read.

create table counters (
  shard integer not null,
  partition integer not null,
  metric text not null,
  bucket_ms bigint not null,
  value bigint not null,
  primary key (shard, partition, metric, bucket_ms)
);
comment on table counters is
  'Sums per events partition and hour of block time. Add over partitions; bucket_ms 0 is all time.';
comment on column counters.metric is
  'executed, refused, bets, accounts, events; staked:<asset> and paid:<asset> in units of the asset.';
comment on column counters.bucket_ms is 'Start of the hour, ms since 1970; 0 for all time.';
