import { parseArgs } from 'node:util';
import { listGenerations } from '../../infra/postgres/generations.js';
import { tableHashes } from '../../infra/postgres/tableHashes.js';
import { BLOCKS_PARTITION } from '../../projections/ports.js';
import { chainLog } from './chainFile.js';
import { type Bench, besides, figure, type Measure, median, numberOption } from './measure.js';
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

const COMMANDS_DEFAULT = '200000';
const ROUNDS_DEFAULT = '3';
const COMMANDS_PER_HEIGHT_DEFAULT = '1000';

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

const KINDS = ['bare', 'one', 'two', 'bareRebuild', 'rebuild'] as const;
type Kind = (typeof KINDS)[number];
type Round = Readonly<Record<Kind, Run>>;

const TASKS: Readonly<Record<Kind, Parameters<typeof runChildren>[2]>> = {
  bare: [{ kind: 'bare', partitions: null }],
  one: [{ kind: 'projector', partitions: null }],
  two: halves().map((partitions) => ({ kind: 'projector', partitions })),
  bareRebuild: [{ kind: 'bareRebuild', partitions: null }],
  rebuild: [{ kind: 'rebuild', partitions: null }],
};

const WHAT: Readonly<Record<Kind, string>> = {
  bare: 'bare COPY and upserts of the rows',
  one: 'one projector',
  two: 'two projectors',
  bareRebuild: 'bare COPY without indexes',
  rebuild: 'a rebuild',
};

/** All kinds one after the other, whose tables must be equal. */
async function runRound(bed: Bed, number: number, say: (line: string) => void): Promise<Round> {
  const runs: Partial<Record<Kind, Run>> = {};
  const hashes = new Set<string>();
  for (const kind of KINDS) {
    say(`round ${number}: ${WHAT[kind]}`);
    const database = `round_${number}_${kind.toLowerCase()}`;
    runs[kind] = await runChildren(bed, database, TASKS[kind]);
    hashes.add(await hashesOf(bed, database));
    await bed.admin.query(`drop database ${database} with (force)`);
  }
  if (hashes.size !== 1) throw new Error(`tables differ: ${[...hashes].join('\n')}`);
  return runs as Round;
}

/** Medians of the rounds, each figure for itself. */
function measuresOf(commands: number, rounds: readonly Round[]): readonly Measure[] {
  const of = (kind: Kind, pick: (run: Run) => number): number =>
    median(rounds.map((round) => pick(round[kind])));
  const rate = ({ wallMs }: Run): number => (commands * 1000) / wallMs;
  const cost = (ms: number): number => (ms * 1000) / commands;
  const own = ({ ownCpuMs }: Run): number => cost(ownCpuMs);
  const server = ({ serverCpuMs: serverMs }: Run): number => cost(serverMs);
  const total = (run: Run): number => own(run) + server(run);
  const busier = (run: Run): number => Math.max(own(run), server(run));
  const beside = (
    what: string,
    pick: (run: Run) => number,
    [kind, other]: readonly [Kind, Kind],
  ): Measure => {
    const unit = pick === rate ? 'commands/s' : 'us/command';
    const name = other === 'one' ? 'one projector' : 'bare loop';
    return besides(what, of(kind, pick), unit, name, of(other, pick));
  };
  const least = (kind: Kind, other: Kind): Measure => {
    const ratios = rounds.map((round) => rate(round[kind]) / rate(round[other]));
    return figure('- the least ratio of a round', Math.min(...ratios), 'times');
  };
  return [
    beside('catch-up with live indexes', rate, ['one', 'bare']),
    least('one', 'bare'),
    beside('catch-up, processor time of the busier side', busier, ['one', 'bare']),
    figure('catch-up, processor time of the projector', of('one', own), 'us/command'),
    beside('catch-up, processor time of Postgres', server, ['one', 'bare']),
    beside('two projectors', rate, ['two', 'one']),
    least('two', 'one'),
    beside('two projectors, processor time in all', total, ['two', 'one']),
    beside('rebuild, with its indexes', rate, ['rebuild', 'bareRebuild']),
    least('rebuild', 'bareRebuild'),
    beside('rebuild, processor time of the busier side', busier, ['rebuild', 'bareRebuild']),
  ];
}

interface Asked {
  readonly commands: number;
  readonly commandsPerHeight: number;
  readonly rounds: number;
}

function optionsOf(args: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      commands: { type: 'string', default: COMMANDS_DEFAULT },
      'commands-per-height': { type: 'string', default: COMMANDS_PER_HEIGHT_DEFAULT },
      rounds: { type: 'string', default: ROUNDS_DEFAULT },
    },
  });
  const commandsPerHeight = numberOption('commands-per-height', values['commands-per-height']);
  return {
    commands: numberOption('commands', values.commands, commandsPerHeight),
    commandsPerHeight,
    rounds: numberOption('rounds', values.rounds),
  };
}

/** How fast a log of real blocks becomes tables, beside a loop that only writes the same rows. */
export const projectionBench: Bench = {
  about: 'catch-up of the projector over a log of real play, beside bare COPY of the same rows',
  usage:
    '[--commands N] [--commands-per-height N] [--rounds N] ' +
    '(the first run plays the commands and keeps the log)',
  async run(args, say) {
    const { commands, commandsPerHeight, rounds: count } = optionsOf(args);
    const chain = {
      heights: Math.ceil(commands / commandsPerHeight),
      commandsPerBlock: commandsPerHeight,
      players: 10_000,
      seed: 1,
    };
    return await withBed(chain, async (bed) => {
      await publishChain(bed, chainLog(chain, say));
      const rounds: Round[] = [];
      while (rounds.length < count) rounds.push(await runRound(bed, rounds.length + 1, say));
      return measuresOf(chain.heights * commandsPerHeight, rounds);
    });
  },
};
