import { listGenerations } from '../../infra/postgres/generations.js';
import { tableHashes } from '../../infra/postgres/tableHashes.js';
import { BLOCKS_PARTITION } from '../../projections/ports.js';
import { chainLog } from './chainFile.js';
import { type Bench, besides, figure, type Measure } from './measure.js';
import { playedGenesis } from './playedChain.js';
import {
  type Bed,
  benchPool,
  databaseUrl,
  publishChain,
  type Run,
  runChildren,
  withBed,
} from './projectorRuns.js';

const COMMANDS_DEFAULT = 200_000;
const COMMANDS_PER_BLOCK = 1_000;

async function hashesOf(bed: Bed, database: string): Promise<string> {
  const pool = benchPool(databaseUrl(bed, database));
  try {
    const [generation] = await listGenerations(pool);
    return JSON.stringify(await tableHashes(pool, generation?.schema));
  } finally {
    await pool.end();
  }
}

function halves(): [number[], number[]] {
  const all = [BLOCKS_PARTITION, ...Array.from({ length: playedGenesis.eventPartitions }).keys()];
  const even = all.filter((partition) => partition % 2 === 0);
  return [all.filter((partition) => !even.includes(partition)), even];
}

async function measure(bed: Bed, say: (line: string) => void): Promise<readonly Measure[]> {
  const all = [{ kind: 'projector', partitions: null }] as const;
  const [first, second] = halves();
  say('bare COPY and upserts of the rows');
  const bare = await runChildren(bed, 'bare', [{ kind: 'bare', partitions: null }]);
  say('one projector');
  const one = await runChildren(bed, 'one', all);
  say('two projectors');
  const two = await runChildren(bed, 'two', [
    { kind: 'projector', partitions: first },
    { kind: 'projector', partitions: second },
  ]);
  say('bare COPY without indexes, and a rebuild');
  const bareRebuild = await runChildren(bed, 'bare_rebuild', [
    { kind: 'bareRebuild', partitions: null },
  ]);
  const rebuild = await runChildren(bed, 'rebuild', [{ kind: 'rebuild', partitions: null }]);
  say('comparing the tables');
  const hashes = [];
  const databases = ['bare', 'one', 'two', 'bare_rebuild', 'rebuild'];
  for (const database of databases) hashes.push(await hashesOf(bed, database));
  if (new Set(hashes).size !== 1) throw new Error(`tables differ: ${hashes.join('\n')}`);
  const commands = bed.chain.heights * bed.chain.commandsPerBlock;
  const rate = ({ wallMs }: Run): number => (commands * 1000) / wallMs;
  const cost = (ms: number): number => (ms * 1000) / commands;
  const total = ({ ownCpuMs, serverCpuMs: serverMs }: Run): number => cost(ownCpuMs + serverMs);
  const busier = (each: Run): number => cost(Math.max(each.ownCpuMs, each.serverCpuMs));
  const bareName = 'bare loop';
  return [
    besides('catch-up with live indexes', rate(one), 'commands/s', bareName, rate(bare)),
    besides(
      'catch-up, processor time of the busier side',
      busier(one),
      'us/command',
      bareName,
      busier(bare),
    ),
    figure('catch-up, processor time of the projector', cost(one.ownCpuMs), 'us/command'),
    besides(
      'catch-up, processor time of Postgres',
      cost(one.serverCpuMs),
      'us/command',
      bareName,
      cost(bare.serverCpuMs),
    ),
    besides('two projectors', rate(two), 'commands/s', 'one projector', rate(one)),
    besides(
      'two projectors, processor time in all',
      total(two),
      'us/command',
      'one projector',
      total(one),
    ),
    besides('rebuild, with its indexes', rate(rebuild), 'commands/s', bareName, rate(bareRebuild)),
    besides(
      'rebuild, processor time of the busier side',
      busier(rebuild),
      'us/command',
      bareName,
      busier(bareRebuild),
    ),
  ];
}

function commandsOf(args: readonly string[]): number {
  const at = args.indexOf('--commands');
  if (at === -1) return COMMANDS_DEFAULT;
  const commands = Number(args[at + 1]);
  if (Number.isSafeInteger(commands) && commands >= COMMANDS_PER_BLOCK) return commands;
  throw new Error(`--commands: expected a number from ${COMMANDS_PER_BLOCK} on`);
}

/** How fast a log of real blocks becomes tables, beside a loop that only writes the same rows. */
export const projectionBench: Bench = {
  about: 'catch-up of the projector over a log of real play, beside bare COPY of the same rows',
  usage: '[--commands N] (default 200000; the first run plays them and keeps the log)',
  async run(args, say) {
    const chain = {
      heights: Math.ceil(commandsOf(args) / COMMANDS_PER_BLOCK),
      commandsPerBlock: COMMANDS_PER_BLOCK,
      players: 10_000,
      seed: 1,
    };
    return await withBed(chain, async (bed) => {
      await publishChain(bed, chainLog(chain, say));
      return await measure(bed, say);
    });
  },
};
