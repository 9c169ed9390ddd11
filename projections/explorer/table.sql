-- Read model "explorer": blocks, commands, events, supply. Names are relative to the projection's
-- own schema; readers use the views of the same names in schema "nullspace".

create table blocks (
  shard integer not null,
  height bigint not null,
  digest bytea not null,
  parent bytea not null,
  epoch bigint not null,
  view bigint not null,
  timestamp_ms bigint not null,
  proposer integer not null,
  item_count integer not null,
  envelope_count integer not null,
  command_count integer not null,
  size_bytes bigint not null,
  state_root bytea not null,
  events_root bytea not null,
  seed bytea not null,
  result_digest bytea not null,
  engine_version integer not null,
  certified bytea not null,
  primary key (shard, height)
);
alter table blocks
  alter column certified set storage external,
  alter column certified set statistics 0;
create index blocks_digest on blocks (digest);
create index blocks_busy on blocks (height) where command_count > 0;
comment on table blocks is 'One row a certified block, from the blocks topic.';
comment on column blocks.digest is 'Names the block; headers hash to it.';
comment on column blocks.parent is 'Digest of the block below.';
comment on column blocks.view is 'Consensus view in which it was proposed.';
comment on column blocks.timestamp_ms is 'Block time, ms since 1970, the only clock of the chain.';
comment on column blocks.proposer is 'Index of the validator in the epoch''s set.';
comment on column blocks.item_count is 'Items of the block: envelopes and result certificates.';
comment on column blocks.command_count is
  'Commands in its envelopes, ignored ones too; executed and refused ones have a row in commands.';
comment on column blocks.size_bytes is 'Sum of its items'' bytes.';
comment on column blocks.state_root is 'State tree after this height.';
comment on column blocks.events_root is 'Commits to every event of this height.';
comment on column blocks.seed is 'Randomness of this height, known only after it was final.';
comment on column blocks.result_digest is 'What the validators signed about this height.';
comment on column blocks.certified is
  'The record''s value: framed BlocksRecord with block, finality, beacon signature, certificate.';

create table commands (
  id bytea not null primary key,
  shard integer not null,
  partition integer not null,
  height bigint not null,
  execution_index integer not null,
  timestamp_ms bigint not null,
  account bytea not null,
  signer bytea not null,
  authorization_number bigint not null,
  nonce bigint not null,
  request_id bytea,
  request_until_ms bigint,
  kind text not null,
  status text not null,
  code integer,
  first_height bigint,
  first_execution_index integer,
  instruction jsonb not null
);
alter table commands alter column instruction set statistics 0;
-- Ascending, and read backwards: rows come in this order, so pages fill up from one end.
create index commands_position on commands (height, execution_index, shard);
create index commands_kind on commands (kind, height, execution_index);
create index commands_account on commands (account, height, execution_index);
-- Few: a page of them would be looked for among all.
create index commands_refused on commands (height, execution_index) where status = 'refused';
create index commands_account_refused on commands (account, height, execution_index)
  where status = 'refused';
comment on table commands is
  'One row a command that consumed its nonce, from its account''s events partition.';
comment on column commands.id is 'SHA-256 over domain tag, envelope head and command bytes.';
comment on column commands.partition is 'Events partition of the account.';
comment on column commands.execution_index is 'Counts a block''s commands from 1, ignored ones too.';
comment on column commands.authorization_number is '0: the account''s own key signed.';
comment on column commands.kind is 'Name of the instruction.';
comment on column commands.status is 'executed or refused.';
comment on column commands.code is 'Number of the refusal; null when executed.';
comment on column commands.first_height is
  'Of a repeated request: where its first command was executed.';
comment on column commands.instruction is
  'Fields of the instruction: amounts as decimal strings, keys as lower-case hex.';

create table marks (
  shard integer not null,
  height bigint not null,
  partition integer not null,
  previous_height bigint not null,
  event_count integer not null,
  path bytea not null,
  execution_indexes integer[] not null,
  event_indexes integer[] not null,
  key_sequences bigint[] not null,
  keys bytea[] not null,
  kinds text[] not null,
  records bytea[] not null,
  primary key (shard, height, partition)
);
-- Written once and mostly read whole: compressing costs more than all the rest of writing them.
alter table marks
  alter column execution_indexes set storage external,
  alter column event_indexes set storage external,
  alter column key_sequences set storage external,
  alter column keys set storage external,
  alter column kinds set storage external,
  alter column records set storage external;
-- Nobody looks for what is in them: ANALYZE would read every record for its statistics.
alter table marks
  alter column path set statistics 0,
  alter column execution_indexes set statistics 0,
  alter column event_indexes set statistics 0,
  alter column key_sequences set statistics 0,
  alter column keys set statistics 0,
  alter column kinds set statistics 0,
  alter column records set statistics 0;
comment on table marks is
  'One row a partition and height with events: the events, each list with an entry for each of '
  'them, and what proves that they are in events_root. View events shows a row an event.';
comment on column marks.previous_height is
  'Last height before with an event in this partition; part of the certified leaf.';
comment on column marks.path is
  'Audit path of the partition''s leaf to blocks.events_root: hashes of 32 bytes, joined.';
comment on column marks.records is
  'Framed EventsRecords in the order of the Merkle leaves; their hashes are certified.';

create view events as
select
  marks.shard,
  marks.height,
  event.execution_index,
  event.event_index,
  marks.partition,
  (event.place - 1)::integer as leaf_index,
  event.key_sequence,
  event.key,
  event.kind,
  event.value
from marks cross join lateral unnest(
  execution_indexes, event_indexes, key_sequences, keys, kinds, records
) with ordinality as event (
  execution_index, event_index, key_sequence, key, kind, value, place
);
comment on view events is
  'One row an event, from the events topic. Kept by partition and height in marks: ask for heights.';
comment on column events.execution_index is '0: the block''s start; then its commands; then its end.';
comment on column events.event_index is 'Within the execution index, over all partitions.';
comment on column events.leaf_index is
  'Place among the events of its partition and height: the leaf of its Merkle path.';
comment on column events.key is 'The account or entity it belongs to.';
comment on column events.key_sequence is 'Dense per key, from 0.';
comment on column events.value is 'The record''s value: framed EventsRecord; its hash is certified.';

create table supply (
  shard integer not null,
  height bigint not null,
  asset bigint not null,
  issued bigint not null,
  accounts bigint not null,
  in_play bigint not null,
  bankroll bigint not null,
  reserved bigint not null,
  faucet bigint not null,
  primary key (shard, height, asset)
);
comment on table supply is
  'The books of an asset after a height that changed them: accounts + in_play + bankroll + faucet '
  '= issued. A height without a row has the books of the last row before.';
comment on column supply.reserved is 'The part of bankroll held for open games.';
