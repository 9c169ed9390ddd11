import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DATABASE } from '../../../infra/postgres/embeddedPostgres.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { present } from '../../../schemas/kernel/assert.js';
import type { LogRecord } from '../../../schemas/log.js';
import { topicNames } from '../../../schemas/topics.js';
import { chainLog } from '../chainFile.js';
import { type Bench, besides, figure, type Measure, median, OptionError } from '../measure.js';
import { type PlayedChainOptions, playedGenesis } from '../playedChain.js';
import {
  type Bed,
  benchPool,
  databaseUrl,
  publishChain,
  type Run,
  runChildren,
  withBed,
} from '../projectorRuns.js';
import { expectEqualTables } from './equalTables.js';
import { type EvmBlock, evmBlock, evmChain } from './evmChain.js';
import { PEER_PACKAGES, type PeerRun, runPeer, setUpPeer } from './ponderPeer.js';
import { EVM_CHAIN_ID } from './ponderSources.js';
import { type RpcServer, startRpcServer } from './rpcServer.js';

const EVENTS_DEFAULT = '200000';
/** Below, nobody has played yet: the first 10,000 commands are claims of newcomers. */
const EVENTS_MIN = 50_000;
const EVENTS_MAX = 700_000;
const ROUNDS_DEFAULT = '3';
const ROUNDS_MAX = 20;
/** Empty blocks above: the peer takes the newest 30 of a chain for not final. */
const TAIL_BLOCKS = 64;
const PEER_DATABASE = 'peer';

/** The chain that `projection` plays and keeps: its first heights are ours. */
const CHAIN: PlayedChainOptions = {
  heights: 200,
  commandsPerBlock: 1_000,
  players: 10_000,
  seed: 1,
};

interface Played {
  readonly heights: readonly (readonly LogRecord[])[];
  readonly blocks: readonly EvmBlock[];
  readonly events: number;
}

/** The first heights that have this many events, for both sides. */
async function takeHeights(events: number, say: (line: string) => void): Promise<Played> {
  const topics = topicNames(genesisEpoch(playedGenesis, 0).chainId);
  const heights: (readonly LogRecord[])[] = [];
  const blocks: EvmBlock[] = [];
  let taken = 0;
  for await (const records of chainLog(CHAIN, say)) {
    const block = evmBlock(records, topics);
    heights.push(records);
    blocks.push(block);
    taken += block.logs.length;
    if (taken >= events) return { heights, blocks, events: taken };
  }
  throw new OptionError(`--events: the played chain has ${taken}`);
}

function serve({ heights, blocks }: Played): Promise<RpcServer> {
  const timeOf = (records: readonly LogRecord[] | undefined): number =>
    present(records?.[0], 'a record').timestampMs;
  const times = { firstMs: timeOf(heights[0]), lastMs: timeOf(heights.at(-1)) };
  return startRpcServer(evmChain(blocks, times, TAIL_BLOCKS), EVM_CHAIN_ID);
}

interface Round {
  readonly ours: Run;
  readonly theirs: PeerRun;
}

interface Setting {
  readonly bed: Bed;
  readonly folder: string;
  readonly rpcUrl: string;
  readonly say: (line: string) => void;
}

function peerRun({ bed, folder, rpcUrl }: Setting, schema: string): Promise<PeerRun> {
  const url = databaseUrl(bed, PEER_DATABASE);
  return runPeer({ folder, schema, databaseUrl: url, rpcUrl, serverPid: bed.server.pid });
}

/**
 * What both read is at rest before anything is measured: else the server would tidy up behind the
 * one run during the next.
 */
async function settle(bed: Bed): Promise<void> {
  for (const name of [DATABASE, PEER_DATABASE]) {
    const pool = benchPool(databaseUrl(bed, name));
    await pool.query('vacuum (analyze)');
    await pool.end();
  }
  await bed.admin.query('checkpoint');
}

/** Ours, then the peer's from its warm cache into a schema of its own; then both are compared. */
async function playRound(setting: Setting, number: number): Promise<Round> {
  const { bed, say } = setting;
  await settle(bed);
  say(`round ${number}: our projector`);
  const database = `ours_${number}`;
  const ours = await runChildren(bed, database, [{ kind: 'projector', partitions: null }]);
  say(`round ${number}: ponder, from its warm cache`);
  await settle(bed);
  const schema = `round_${number}`;
  const theirs = await peerRun(setting, schema);
  const pools = [database, PEER_DATABASE].map((name) => benchPool(databaseUrl(bed, name)));
  const [own, peer] = pools as [(typeof pools)[0], (typeof pools)[0]];
  try {
    await expectEqualTables(own, { pool: peer, schema });
    await peer.query(`drop schema ${schema} cascade`);
  } finally {
    await own.end();
    await peer.end();
  }
  await bed.admin.query(`drop database ${database}`);
  return { ours, theirs };
}

function ratioOf({ ours, theirs }: Round): number {
  return theirs.sinceFirstEvent.wallMs / ours.wallMs;
}

function lines(events: number, cold: PeerRun, rounds: readonly Round[]): Measure[] {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const rate = (wallMs: number): number => (events * 1000) / wallMs;
  const cost = (cpuMs: number): number => (cpuMs * 1000) / events;
  const name = `ponder ${PEER_PACKAGES.ponder}`;
  return [
    figure('events', events, 'events'),
    besides(
      'catch-up from ready, the peer from its first event',
      rate(of(({ ours }) => ours.wallMs)),
      'events/s',
      name,
      rate(of(({ theirs }) => theirs.sinceFirstEvent.wallMs)),
    ),
    figure('- the least ratio of a round', Math.min(...rounds.map(ratioOf)), 'times'),
    besides(
      'both from the start of the process',
      rate(of(({ ours }) => ours.sinceStartMs)),
      'events/s',
      name,
      rate(of(({ theirs }) => theirs.sinceStart.wallMs)),
    ),
    besides(
      'processor time in all, without starts',
      cost(of(({ ours }) => ours.ownCpuMs + ours.serverCpuMs)),
      'us/event',
      name,
      cost(of(({ theirs: { sinceFirstEvent: each } }) => each.ownCpuMs + each.serverCpuMs)),
    ),
    besides(
      '- of it in Postgres',
      cost(of(({ ours }) => ours.serverCpuMs)),
      'us/event',
      name,
      cost(of(({ theirs }) => theirs.sinceFirstEvent.serverCpuMs)),
    ),
    figure('ponder with a cold cache, from its start', rate(cold.sinceStart.wallMs), 'events/s'),
  ];
}

function optionsOf(args: readonly string[]): { events: number; rounds: number; folder: string } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string', default: EVENTS_DEFAULT },
      rounds: { type: 'string', default: ROUNDS_DEFAULT },
      'peer-dir': { type: 'string', default: join(tmpdir(), 'nullspace-bench', 'ponder') },
    },
  });
  const whole = (name: 'events' | 'rounds', min: number, max: number): number => {
    const number = Number(values[name]);
    if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
    throw new OptionError(`--${name}: expected a number from ${min} to ${max}`);
  };
  return {
    events: whole('events', EVENTS_MIN, EVENTS_MAX),
    rounds: whole('rounds', 1, ROUNDS_MAX),
    folder: resolve(values['peer-dir']),
  };
}

/** How fast the same events become tables here and at an indexer that others use. */
export const ponderBench: Bench = {
  about: 'catch-up of the projector beside Ponder indexing the same events from its warm cache',
  usage: '[--events N] [--rounds N] [--peer-dir FOLDER] (needs the npm registry, the first time)',
  async run(args, say) {
    const { events, rounds: count, folder } = optionsOf(args);
    const played = await takeHeights(events, say);
    await setUpPeer(folder, played.heights.length, say);
    const rpc = await serve(played);
    try {
      return await withBed({ ...CHAIN, heights: played.heights.length }, async (bed) => {
        await publishChain(bed, played.heights);
        await bed.admin.query(`create database ${PEER_DATABASE}`);
        const setting = { bed, folder, rpcUrl: rpc.url, say };
        say('ponder, filling its cache');
        const cold = await peerRun(setting, 'cold');
        const rounds: Round[] = [];
        for (let number = 1; number <= count; number++) {
          rounds.push(await playRound(setting, number));
        }
        return lines(played.events, cold, rounds);
      });
    } finally {
      await rpc.close();
    }
  },
};
