import { CONTRACT } from './evmChain.js';
import { ENUMS, EVM_ABI } from './evmEvents.js';

/** Any that stands for no network that the peer knows. */
export const EVM_CHAIN_ID = 77_077;
/** Printed by the peer's project when its first indexing function runs. */
export const FIRST_EVENT_LINE = 'first event';

function config(lastHeight: number): string {
  return `import { createConfig } from 'ponder';
import { abi } from './abi';

export default createConfig({
  database: { kind: 'postgres', connectionString: process.env.DATABASE_URL },
  chains: { played: { id: ${EVM_CHAIN_ID}, rpc: process.env.RPC_URL } },
  contracts: {
    Game: {
      ...{ abi, chain: 'played', address: '${CONTRACT}' },
      ...{ startBlock: 1, endBlock: ${lastHeight} },
    },
  },
});
`;
}

/** Keys that let a row be put in order of arrival, and indexes that the peer makes at the end. */
const SCHEMA = `import { index, onchainTable, primaryKey } from 'ponder';

export const account = onchainTable('account', (t) => ({
  account: t.hex().primaryKey(),
  nextNonce: t.integer().notNull(),
  executed: t.integer().notNull(),
  refused: t.integer().notNull(),
  firstHeight: t.integer().notNull(),
}));

export const balance = onchainTable(
  'balance',
  (t) => ({
    account: t.hex().notNull(),
    asset: t.integer().notNull(),
    balance: t.int8({ mode: 'bigint' }).notNull(),
    height: t.integer().notNull(),
  }),
  (table) => ({ pk: primaryKey({ columns: [table.account, table.asset] }) }),
);

export const history = onchainTable(
  'history',
  (t) => ({
    height: t.integer().notNull(),
    logIndex: t.integer().notNull(),
    account: t.hex().notNull(),
    executionIndex: t.integer().notNull(),
    eventIndex: t.integer().notNull(),
    asset: t.integer().notNull(),
    delta: t.int8({ mode: 'bigint' }).notNull(),
    balance: t.int8({ mode: 'bigint' }).notNull(),
    reason: t.text().notNull(),
    commandId: t.hex().notNull(),
  }),
  (table) => ({
    pk: primaryKey({ columns: [table.height, table.logIndex] }),
    accountIndex: index().on(table.account, table.height),
  }),
);

export const command = onchainTable(
  'command',
  (t) => ({
    height: t.integer().notNull(),
    logIndex: t.integer().notNull(),
    id: t.hex().notNull(),
    executionIndex: t.integer().notNull(),
    account: t.hex().notNull(),
    signer: t.hex().notNull(),
    nonce: t.int8({ mode: 'number' }).notNull(),
    kind: t.text().notNull(),
    code: t.integer(),
  }),
  (table) => ({
    pk: primaryKey({ columns: [table.height, table.logIndex] }),
    idIndex: index().on(table.id),
    accountIndex: index().on(table.account, table.height),
  }),
);

export const game = onchainTable(
  'game',
  (t) => ({
    account: t.hex().notNull(),
    game: t.text().notNull(),
    number: t.int8({ mode: 'number' }).notNull(),
    asset: t.integer().notNull(),
    stake: t.int8({ mode: 'bigint' }).notNull(),
    startedHeight: t.integer().notNull(),
    steps: t.integer().notNull(),
    outcome: t.text().notNull(),
    worth: t.int8({ mode: 'bigint' }).notNull(),
    payout: t.int8({ mode: 'bigint' }).notNull(),
    endedHeight: t.integer().notNull(),
  }),
  (table) => ({ pk: primaryKey({ columns: [table.account, table.game, table.number] }) }),
);

export const supply = onchainTable(
  'supply',
  (t) => ({
    height: t.integer().notNull(),
    asset: t.integer().notNull(),
    issued: t.int8({ mode: 'bigint' }).notNull(),
    accounts: t.int8({ mode: 'bigint' }).notNull(),
    inPlay: t.int8({ mode: 'bigint' }).notNull(),
    bankroll: t.int8({ mode: 'bigint' }).notNull(),
    reserved: t.int8({ mode: 'bigint' }).notNull(),
    faucet: t.int8({ mode: 'bigint' }).notNull(),
  }),
  (table) => ({ pk: primaryKey({ columns: [table.height, table.asset] }) }),
);

export const counter = onchainTable('counter', (t) => ({
  kind: t.text().primaryKey(),
  events: t.integer().notNull(),
}));
`;

/** Writes by primary key through the peer's store in memory: its documented fast way. */
const INDEXING = `import { ponder } from 'ponder:registry';
import { account, balance, command, counter, game, history, supply } from 'ponder:schema';
import { enums } from '../abi';

let hasBegun = false;

function count(context, kind) {
  if (!hasBegun) {
    hasBegun = true;
    process.stdout.write('${FIRST_EVENT_LINE}\\n');
  }
  return context.db
    .insert(counter)
    .values({ kind, events: 1 })
    .onConflictDoUpdate((row) => ({ events: row.events + 1 }));
}

async function receipt({ event, context }, code) {
  const { args, block, log } = event;
  const isExecuted = code === null;
  const ownNonce =
    args.authorization === 0n && args.signer === args.key ? Number(args.nonce) + 1 : 0;
  await context.db.insert(command).values({
    height: Number(block.number),
    logIndex: log.logIndex,
    id: args.commandId,
    executionIndex: args.executionIndex,
    account: args.key,
    signer: args.signer,
    nonce: Number(args.nonce),
    kind: enums.instruction[args.instruction],
    code,
  });
  await context.db
    .insert(account)
    .values({
      account: args.key,
      nextNonce: ownNonce,
      executed: isExecuted ? 1 : 0,
      refused: isExecuted ? 0 : 1,
      firstHeight: Number(block.number),
    })
    .onConflictDoUpdate((row) => ({
      nextNonce: Math.max(row.nextNonce, ownNonce),
      executed: row.executed + (isExecuted ? 1 : 0),
      refused: row.refused + (isExecuted ? 0 : 1),
    }));
}

ponder.on('Game:CommandExecuted', async (given) => {
  await count(given.context, 'CommandExecuted');
  await receipt(given, null);
});

ponder.on('Game:CommandRefused', async (given) => {
  await count(given.context, 'CommandRefused');
  await receipt(given, given.event.args.code);
});

ponder.on('Game:AccountCreated', async ({ event, context }) => {
  await count(context, 'AccountCreated');
  const firstHeight = Number(event.block.number);
  await context.db
    .insert(account)
    .values({ account: event.args.key, nextNonce: 0, executed: 0, refused: 0, firstHeight })
    .onConflictDoNothing();
});

ponder.on('Game:BalanceChanged', async ({ event, context }) => {
  await count(context, 'BalanceChanged');
  const { key, asset, delta, balance: held, reason, commandId } = event.args;
  const { executionIndex, eventIndex } = event.args;
  const height = Number(event.block.number);
  await context.db.insert(history).values({
    ...{ height, logIndex: event.log.logIndex, account: key, executionIndex, eventIndex },
    ...{ asset, delta, balance: held, reason: enums.reason[reason], commandId },
  });
  await context.db
    .insert(balance)
    .values({ account: key, asset, balance: held, height })
    .onConflictDoUpdate({ balance: held, height });
});

ponder.on('Game:HiLoStarted', async ({ event, context }) => {
  await count(context, 'HiLoStarted');
  const { key, game: number, asset, stake, worth } = event.args;
  await context.db.insert(game).values({
    ...{ account: key, game: 'hiLo', number: Number(number), asset, stake, worth, steps: 0 },
    ...{ startedHeight: Number(event.block.number), outcome: 'PLAYING', payout: 0n },
    endedHeight: 0,
  });
});

ponder.on('Game:HiLoGuessed', async ({ event, context }) => {
  await count(context, 'HiLoGuessed');
  const { key, game: number, worth } = event.args;
  await context.db
    .update(game, { account: key, game: 'hiLo', number: Number(number) })
    .set((row) => ({ steps: row.steps + 1, worth }));
});

ponder.on('Game:HiLoEnded', async ({ event, context }) => {
  await count(context, 'HiLoEnded');
  const { key, game: number, outcome, payout } = event.args;
  await context.db.update(game, { account: key, game: 'hiLo', number: Number(number) }).set({
    ...{ outcome: enums.outcome[outcome], worth: payout, payout },
    endedHeight: Number(event.block.number),
  });
});

ponder.on('Game:RouletteSpun', async ({ event, context }) => {
  await count(context, 'RouletteSpun');
  const { key, keySequence, asset, stake, payout } = event.args;
  const height = Number(event.block.number);
  await context.db.insert(game).values({
    ...{ account: key, game: 'roulette', number: Number(keySequence), asset, stake },
    ...{ worth: payout, payout, steps: 0, outcome: 'SETTLED' },
    ...{ startedHeight: height, endedHeight: height },
  });
});

ponder.on('Game:SupplyReported', async ({ event, context }) => {
  await count(context, 'SupplyReported');
  const { asset, issued, accounts, inPlay, bankroll, reserved, faucet } = event.args;
  await context.db.insert(supply).values({
    ...{ height: Number(event.block.number), asset, issued, accounts },
    ...{ inPlay, bankroll, reserved, faucet },
  });
});
`;

/** The peer does not start without a file for its server. */
const API = `import { Hono } from 'hono';

export default new Hono();
`;

function abi(): string {
  return `export const abi = ${JSON.stringify(EVM_ABI)} as const;
export const enums = ${JSON.stringify(ENUMS)};
`;
}

/** The peer's project, as texts by path. */
export function ponderSources(lastHeight: number): Readonly<Record<string, string>> {
  return {
    'abi.ts': abi(),
    'ponder.config.ts': config(lastHeight),
    'ponder.schema.ts': SCHEMA,
    'src/index.ts': INDEXING,
    'src/api/index.ts': API,
  };
}
