-- Read model "sessions": every game of every account, in play and finished.

create table games (
  account bytea not null,
  game text not null,
  number bigint not null,
  shard integer not null,
  partition integer not null,
  asset bigint not null,
  stake bigint not null,
  started_height bigint not null,
  execution_index integer not null,
  started_ms bigint not null,
  last_height bigint not null,
  steps bigint not null,
  outcome text not null,
  worth bigint not null,
  payout bigint not null,
  ended_height bigint not null,
  ended_ms bigint not null,
  primary key (account, game, number)
) with (fillfactor = 80);
create index games_position on games (started_height, execution_index);
create index games_account on games (account, started_height, execution_index);
create index games_playing on games (started_height, execution_index) where outcome = 'PLAYING';
comment on table games is 'One row a game, from its first event on.';
comment on column games.game is 'hiLo or roulette.';
comment on column games.number is
  'Of a game with decisions the number that they name; of others the key sequence of its event.';
comment on column games.execution_index is 'Of the command that started it, at started_height.';
comment on column games.steps is 'Decisions of the player that moved it.';
comment on column games.outcome is
  'PLAYING; then SETTLED of a game without decisions, else as the game says: LOST, CASHED_OUT, ...';
comment on column games.worth is 'What leaving the game now pays; once it has ended, payout.';
comment on column games.payout is 'Paid at its end; 0 while in play.';
comment on column games.ended_height is '0 while in play.';
