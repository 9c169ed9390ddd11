-- Read model "accounts": who there is, what they hold, and how that came about. Rows that change
-- with every bet have room for their next version on the same page.

create table accounts (
  account bytea not null primary key,
  shard integer not null,
  partition integer not null,
  next_nonce bigint not null,
  executed bigint not null,
  refused bigint not null,
  event_count bigint not null,
  first_height bigint not null,
  first_seen_ms bigint not null,
  last_height bigint not null,
  last_seen_ms bigint not null
) with (fillfactor = 50);
comment on table accounts is 'One row an account that has an event of its own.';
comment on column accounts.account is 'Its Ed25519 public key.';
comment on column accounts.partition is 'Its events partition.';
comment on column accounts.next_nonce is 'Of its own key''s lane (authorization 0).';
comment on column accounts.executed is 'Commands executed, by any of its signers.';
comment on column accounts.refused is 'Commands refused in a block.';

create table balances (
  account bytea not null,
  asset bigint not null,
  shard integer not null,
  partition integer not null,
  balance bigint not null,
  height bigint not null,
  primary key (account, asset)
) with (fillfactor = 50);
create index balances_rank on balances (asset, balance, account) where balance > 0;
comment on table balances is 'What an account holds now, per asset.';
comment on column balances.height is 'Of the last change.';

create table account_history (
  account bytea not null,
  asset bigint not null,
  height bigint not null,
  execution_index integer not null,
  event_index integer not null,
  shard integer not null,
  partition integer not null,
  timestamp_ms bigint not null,
  delta bigint not null,
  balance bigint not null,
  reason text not null,
  command_id bytea,
  primary key (account, asset, height, execution_index, event_index)
);
comment on table account_history is
  'One row a change of a balance, never updated. The balance as of height N is the last row of '
  'account and asset at or below N.';
comment on column account_history.delta is 'Added; negative for a debit.';
comment on column account_history.balance is 'After the change.';
comment on column account_history.command_id is
  'Null where no command caused it: a game''s time was over.';
comment on column account_history.reason is
  'OTHER, FAUCET, TRANSFER_OUT, TRANSFER_IN, STAKE or PAYOUT.';
