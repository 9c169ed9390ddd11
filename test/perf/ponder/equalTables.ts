import type pg from 'pg';

/** The same rows of both sides, each as a query of columns that are written alike. */
interface Pair {
  readonly name: string;
  readonly ours: string;
  readonly theirs: string;
}

/** Of a key of ours, as the peer writes it: hex with 0x. */
function hexOf(column: string): string {
  return `'0x' || encode(${column}, 'hex')`;
}

const NO_COMMAND = `'0x${'0'.repeat(64)}'`;

const PAIRS: readonly Pair[] = [
  {
    name: 'events by kind',
    ours: 'select kind, count(*)::bigint from nullspace.events group by kind',
    theirs: 'select kind, events::bigint from counter',
  },
  {
    name: 'accounts',
    ours: `select ${hexOf('account')}, next_nonce, executed, refused, first_height
      from nullspace.accounts`,
    theirs: 'select account, next_nonce, executed, refused, first_height from account',
  },
  {
    name: 'balances',
    ours: `select ${hexOf('account')}, asset, balance, height from nullspace.balances`,
    theirs: 'select account, asset, balance, height from balance',
  },
  {
    name: 'history of accounts',
    ours: `select ${hexOf('account')}, height, execution_index, event_index, asset, delta, balance,
        reason, coalesce(${hexOf('command_id')}, ${NO_COMMAND})
      from nullspace.account_history`,
    theirs: `select account, height, execution_index, event_index, asset, delta, balance,
        reason, command_id
      from history`,
  },
  {
    name: 'commands',
    ours: `select ${hexOf('id')}, height, execution_index, ${hexOf('account')}, ${hexOf('signer')},
        nonce, kind, code
      from nullspace.commands`,
    theirs: `select id, height, execution_index, account, signer, nonce, kind, code
      from command`,
  },
  {
    name: 'games',
    ours: `select ${hexOf('account')}, game, number, asset, stake, started_height, steps, outcome,
        worth, payout, ended_height
      from nullspace.games`,
    theirs: `select account, game, number, asset, stake, started_height, steps, outcome,
        worth, payout, ended_height
      from game`,
  },
  {
    name: 'supply',
    ours: `select height, asset, issued, accounts, in_play, bankroll, reserved, faucet
      from nullspace.supply`,
    theirs: `select height, asset, issued, accounts, in_play, bankroll, reserved, faucet
      from supply`,
  },
  {
    name: 'sums of changes by account',
    ours: `select ${hexOf('account')}, asset, sum(delta) from nullspace.account_history
      group by account, asset`,
    theirs: 'select account, asset, sum(delta) from history group by account, asset',
  },
];

interface Digest {
  readonly rows: number;
  readonly digest: string;
}

async function digestOf(client: pg.ClientBase, query: string): Promise<Digest> {
  const { rows } = await client.query<Digest>(`
    select count(*)::integer as rows,
      coalesce(md5(string_agg(r::text, E'\\n' order by r::text collate "C")), '') as digest
    from (${query}) as r`);
  return rows[0] as Digest;
}

/** @throws Error that names what differs, or has no rows at all */
export async function expectEqualTables(
  ours: pg.Pool,
  theirs: { readonly pool: pg.Pool; readonly schema: string },
): Promise<void> {
  const [own, other] = [await ours.connect(), await theirs.pool.connect()];
  try {
    await other.query(`set search_path to ${theirs.schema}`);
    for (const pair of PAIRS) {
      const here = await digestOf(own, pair.ours);
      const there = await digestOf(other, pair.theirs);
      if (here.rows > 0 && here.digest === there.digest && here.rows === there.rows) continue;
      throw new Error(`${pair.name} differ: ${here.rows} rows here, ${there.rows} there`);
    }
  } finally {
    own.release();
    other.release();
  }
}
