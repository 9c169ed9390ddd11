-- Book-keeping of the projectors; run after the read models. Checkpoints are part of every
-- transaction that writes rows.

create table projection (
  only_row boolean not null primary key default true check (only_row),
  chain_id bytea not null,
  shards integer not null,
  event_partitions integer not null
);
comment on table projection is 'Which chain these tables were folded from.';

create table checkpoints (
  shard integer not null,
  partition integer not null,
  height bigint not null,
  last_event_height bigint not null,
  block_digest bytea not null,
  result_digest bytea not null,
  seed bytea not null,
  timestamp_ms bigint not null,
  position bigint not null,
  primary key (shard, partition)
);
comment on table checkpoints is
  'How far each source has been folded: partition -1 is the blocks topic, others the events topic.';
comment on column checkpoints.height is
  'Everything of this source up to this height is in the tables.';
comment on column checkpoints.last_event_height is 'Last height with an event in the partition.';
comment on column checkpoints.block_digest is 'Of the block at height (blocks only; else empty).';
comment on column checkpoints.result_digest is 'Of the result at height.';
comment on column checkpoints.seed is 'Of height (blocks only; else empty).';
comment on column checkpoints.timestamp_ms is
  'Block time at height, or of the last height before that had events in the partition.';
comment on column checkpoints.position is 'Where to go on reading the log; a hint, not a fact.';

create table projectors (
  owner text not null primary key,
  expires_at timestamptz not null
);
comment on table projectors is 'Projectors that said they live.';

create table leases (
  shard integer not null,
  partition integer not null,
  owner text not null,
  expires_at timestamptz not null,
  primary key (shard, partition)
);
comment on table leases is
  'Who folds what. Only saves double work: the checkpoints alone keep a second writer out.';

create view visible_height as
  select reached.shard, reached.height, blocks.timestamp_ms
  from (select shard, min(height) as height from checkpoints group by shard) as reached
  left join blocks on blocks.shard = reached.shard and blocks.height = reached.height;
comment on view visible_height is
  'Up to this height, of a shard, everything is in the tables; answers are pinned to it.';
