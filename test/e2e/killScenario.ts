import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startKafka } from '../../infra/kafka/kafkaRuntime.js';
import { openLog } from '../../infra/log/openLog.js';
import { startEmbeddedPostgres } from '../../infra/postgres/embeddedPostgres.js';
import { createLogger } from '../../infra/telemetry/logger.js';
import { createPrng } from '../simulation/prng.js';
import { createDatabase, foldToEnd } from './cleanFold.js';
import {
  type ClusterRow,
  type ClusterUnderTest,
  killAll,
  killProcesses,
} from './clusterUnderTest.js';
import { eventually } from './nullspaceProgram.js';
import { openSteadyPlayers, type Sent, type SteadyPlayers } from './steadyPlayers.js';

const CHECKED_AT_ONCE = 16;

interface Health {
  readonly publishing?: boolean;
  readonly publishedHeight?: number;
  readonly height: number;
}

async function health({ url }: ClusterRow): Promise<Health> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
  return (await answer.json()) as Health;
}

/** The validator that writes the log, and another one. */
async function publisherAndOther(rows: readonly ClusterRow[]): Promise<readonly ClusterRow[]> {
  const validators = rows.filter(({ role }) => role === 'validator');
  let found: ClusterRow | undefined;
  let other: ClusterRow | undefined;
  await eventually(async () => {
    const all = await Promise.all(validators.map(health));
    const at = all.findIndex(({ publishing }) => publishing === true);
    found = validators[at];
    other = validators.find((_, index) => index !== at);
    return found !== undefined;
  }, 'a validator publishes');
  if (found === undefined || other === undefined) throw new Error('unreachable');
  return [found, other];
}

async function goesOn(players: SteadyPlayers, bets: number): Promise<void> {
  const before = players.ended();
  await eventually(() => players.ended() >= before + bets, `${bets} more bets have ended`);
}

async function readerJson(
  cluster: ClusterUnderTest,
  path: string,
): Promise<Record<string, unknown>> {
  const answer = await fetch(cluster.readerUrl + path, { signal: AbortSignal.timeout(15_000) });
  return { status: answer.status, ...((await answer.json()) as Record<string, unknown>) };
}

/**
 * Kills one of the processes that the last `up` left: players go on without it, and the next `up`
 * starts it alone.
 */
async function killOne(
  cluster: ClusterUnderTest,
  before: readonly ClusterRow[],
  players: SteadyPlayers,
  victim: string,
): Promise<readonly ClusterRow[]> {
  const pid = before.find(({ name }) => name === victim)?.pid;
  if (typeof pid !== 'number') throw new Error(`${victim} does not run`);
  await killProcesses([pid]);
  await goesOn(players, 10);
  const after = await cluster.up();
  const isSame = (row: ClusterRow): boolean =>
    before.find(({ name }) => name === row.name)?.pid === row.pid;
  const started = after.filter((row) => !isSame(row)).map(({ name }) => name);
  expect(started).toEqual([victim]);
  return after;
}

/** Kills one validator under load; the others go on, and once back it signs again. */
async function killOneValidator(
  cluster: ClusterUnderTest,
  before: readonly ClusterRow[],
  players: SteadyPlayers,
  victim: ClusterRow,
): Promise<readonly ClusterRow[]> {
  const rows = await killOne(cluster, before, players, victim.name);
  const others = rows.filter(({ name }) => name !== victim.name);
  const tip = Math.max(...others.map(({ height }) => height));
  const index = Number(victim.name.split('-')[1]);
  await eventually(async () => {
    const { validators } = await readerJson(cluster, `/explorer/validators?minHeight=${tip}`);
    const row = (validators as { lastSignedHeight: number | null }[] | undefined)?.[index];
    return (row?.lastSignedHeight ?? 0) > tip;
  }, `${victim.name} signs results above height ${tip}`);
  return rows;
}

const processesOf = (rows: readonly ClusterRow[]) => rows.map(({ name, pid }) => ({ name, pid }));

function playersOf(cluster: ClusterUnderTest) {
  const second = `ws://127.0.0.1:${cluster.basePort + 11}/play`;
  return { genesis: cluster.genesis(), gatewayUrls: [cluster.gatewayUrl, second] };
}

/** Every accepted command has ended: its sender has proof of it, and the tables know the same. */
async function endAll(cluster: ClusterUnderTest, players: SteadyPlayers): Promise<void> {
  players.pause();
  const accepted = players.sent.filter((command) => command.accepted);
  const open = (): Sent[] => accepted.filter(({ end }) => end === null);
  const allEnded = eventually(() => open().length === 0, 'every accepted command has ended');
  await allEnded.catch(async (error: Error) => {
    const known = open().map(async ({ id }) => `${id} ${await commandOf(cluster, id)}`);
    throw new Error(`${error.message}: to the reader ${(await Promise.all(known)).join(', ')}`);
  });
  const checkOne = async ({ id, end }: Sent): Promise<void> => {
    const expected = end === 'expired' ? null : end;
    const isSame = async (): Promise<boolean> => (await commandOf(cluster, id)) === expected;
    await eventually(isSame, `the reader says that ${id} was ${end}`);
  };
  for (let from = 0; from < accepted.length; from += CHECKED_AT_ONCE) {
    await Promise.all(accepted.slice(from, from + CHECKED_AT_ONCE).map(checkOne));
  }
}

/** How the tables say that a command ended; null when they do not know it. */
async function commandOf(cluster: ClusterUnderTest, id: string): Promise<string | null> {
  const answer = await fetch(`${cluster.readerUrl}/explorer/commands/${id}`);
  if (answer.status === 404) return null;
  const { status } = (await answer.json()) as { readonly status: string };
  return status;
}

/**
 * Under load: kills the validator that writes the log, then another one, then the log's server,
 * then everything, `rounds` times, at moments that follow from `seed`. Nothing may be lost or
 * doubled by any of it.
 */
export async function killUnderLoad(
  cluster: ClusterUnderTest,
  seed: number,
  rounds: number,
): Promise<void> {
  process.stdout.write(`seed ${seed}: repeat with NULLSPACE_TEST_SEED=${seed}\n`);
  const prng = createPrng(seed);
  let rows = await cluster.up();
  const players = await openSteadyPlayers(playersOf(cluster));
  try {
    await goesOn(players, 10);
    for (const victim of await publisherAndOther(rows)) {
      rows = await killOneValidator(cluster, rows, players, victim);
    }
    rows = await killOne(cluster, rows, players, cluster.log);
    expect(processesOf(await cluster.status())).toEqual(processesOf(rows));
    for (let round = 0; round < rounds; round++) {
      await goesOn(players, 10);
      await new Promise((wake) => setTimeout(wake, prng.below(1_500)));
      await killAll(rows);
      rows = await cluster.up();
    }
    await goesOn(players, 5);
    await endAll(cluster, players);
  } finally {
    players.close();
  }
  expect(players.sent.filter(({ end }) => end === 'executed').length).toBeGreaterThan(10 * rounds);
  const report = await cluster.verify();
  // With its faults, and who wrote when: which records stand where is understood by that.
  const sound = { ok: true, repeated: 0, missing: 0, dropped: 0 };
  expect(report, `${JSON.stringify(report)}\n${whoWrote(cluster, rows)}`).toMatchObject(sound);
  await cluster.down();
  await expectCleanTables(cluster);
}

/** What the validators said of their writing, each line as it stands in its log. */
function whoWrote({ dataDir }: ClusterUnderTest, rows: readonly ClusterRow[]): string {
  const isOfWriting = /"msg":"((no longer |somebody else )?publish|(following )?the log)/;
  const lines = rows
    .filter(({ role }) => role === 'validator')
    .flatMap(({ name }) => {
      const words = readFileSync(join(dataDir, 'logs', `${name}.log`), 'utf8').split('\n');
      return words.filter((line) => isOfWriting.test(line)).map((line) => `${name} ${line}`);
    });
  return lines.join('\n');
}

/** The tables that lived through it all equal those of a fold that nothing disturbed. */
async function expectCleanTables(cluster: ClusterUnderTest): Promise<void> {
  const { dataDir, log: kind, brokers, basePort } = cluster;
  const logger = createLogger('test', 'error');
  const genesis = cluster.genesis();
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres'), log: logger });
  const ports = { broker: basePort + 50, controller: basePort + 51 };
  const kafka =
    kind === 'kafka'
      ? await startKafka({ dataDir: join(dataDir, 'kafka'), ports, log: logger })
      : null;
  const log = await openLog(
    { log: kind, databaseUrl: postgres.url, kafkaBrokers: [brokers] },
    logger,
  );
  try {
    const lived = await foldToEnd({ genesis, log, databaseUrl: postgres.url });
    const databaseUrl = await createDatabase(postgres.url, 'clean');
    const clean = await foldToEnd({ genesis, log, databaseUrl });
    expect(lived).toEqual(clean);
    expect(clean.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(0);
  } finally {
    await log.close();
    await kafka?.stop();
    await postgres.stop();
  }
}

/** The seed of this run: a given one, to repeat it, else another each time. */
export function chosenSeed(): number {
  const { NULLSPACE_TEST_SEED } = process.env;
  return NULLSPACE_TEST_SEED === undefined
    ? Math.floor(Math.random() * 2 ** 31)
    : Number(NULLSPACE_TEST_SEED);
}
