-- Read model "validators": what each validator of an epoch has done, from the blocks themselves.

create table epochs (
  shard integer not null,
  epoch bigint not null,
  blocks bigint not null,
  first_height bigint not null,
  last_height bigint not null,
  last_view bigint not null,
  primary key (shard, epoch)
);
comment on table epochs is 'One row an epoch with a certified block.';
comment on column epochs.last_view is
  'View of its newest block; views without a block were left by a timeout.';

create table validators (
  shard integer not null,
  epoch bigint not null,
  validator integer not null,
  proposed bigint not null,
  finalized bigint not null,
  certified bigint not null,
  last_proposed_height bigint not null,
  last_signed_height bigint not null,
  primary key (shard, epoch, validator)
);
comment on table validators is
  'One row a validator that has proposed or signed. A certificate holds a quorum: who was slower '
  'than that is not in it, though it may have signed.';
comment on column validators.validator is 'Index in the epoch''s set.';
comment on column validators.proposed is 'Blocks of its own.';
comment on column validators.finalized is 'Finalizations with its signature.';
comment on column validators.certified is 'Result certificates with its signature.';
comment on column validators.last_proposed_height is '0: none yet.';
comment on column validators.last_signed_height is 'Of a finalization or certificate; 0: none yet.';
