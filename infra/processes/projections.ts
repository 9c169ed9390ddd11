import type pg from 'pg';
import { z } from 'zod';
import { PROJECTION_VERSION } from '../../projections/readModels.js';
import { PROJECTION_GRACE_MS, PROJECTION_REBUILD_THREADS_MAX } from '../../schemas/limits.js';
import { ConfigError, isFlagIn, loadConfig } from '../config/loadConfig.js';
import { optionNames } from '../config/optionNames.js';
import { answerHelp } from '../config/optionsHelp.js';
import { count, flag } from '../config/optionTypes.js';
import {
  type DropOutcome,
  dropGeneration,
  isHeld,
  pruneGenerations,
} from '../postgres/generationSwap.js';
import { listGenerations } from '../postgres/generations.js';
import { projectionContent } from '../postgres/projectionSql.js';
import { type GenerationStatus, readGenerationStatus } from '../projections/generationStatus.js';
import { generationWords } from '../projections/generationWords.js';
import { rebuildProjections, swapProjections } from '../projections/rebuildProjections.js';
import { storedLogOptions } from './storedLog.js';
import { REBUILD_THREADS_DEFAULT, type StoredTables, withStoredTables } from './storedTables.js';

const USAGE = 'usage: nullspace projections status|rebuild|swap|prune [OPTIONS]';

const configSchema = z.object({
  ...storedLogOptions,
  json: flag.default(false),
  keep: flag.default(false).describe('rebuild: leave the new tables beside the old ones'),
  threads: count(PROJECTION_REBUILD_THREADS_MAX)
    .default(REBUILD_THREADS_DEFAULT)
    .describe('rebuild: that fold, each some partitions; fewer leave cores to what else runs'),
  schema: z
    .string()
    .optional()
    .describe('swap: which tables; default the newest that are built. prune: these, however old'),
  graceMs: z.coerce
    .number()
    .int()
    .min(0)
    .default(PROJECTION_GRACE_MS)
    .describe('prune: how long replaced tables are kept'),
});

type Config = z.infer<typeof configSchema>;

interface Place extends StoredTables {
  readonly config: Config;
}

function print(config: Config, value: object, lines: readonly string[]): void {
  process.stdout.write(config.json ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`);
}

function remarkOn({ isBare, mismatch }: GenerationStatus): string {
  if (mismatch !== null) return ' (differs from what readers saw)';
  return isBare ? ' (no indexes yet)' : '';
}

async function status(place: Place): Promise<void> {
  const { config } = place;
  const generations = await readGenerationStatus(place);
  const lines = generations.map((each) => {
    const percent = (Math.floor(each.share * 1_000) / 10).toFixed(1);
    const megabytes = Math.round(each.sizeBytes / 1e6);
    const lag = each.lagMs === null ? '' : `  ${Math.round(each.lagMs / 1000)} s behind now`;
    const isOwn = each.content === projectionContent() ? ", this program's" : '';
    return (
      `${each.schema}  version ${each.version}${isOwn}  ${each.state}` +
      `${remarkOn(each)}  ${percent} % of the log  ` +
      `height ${each.height}${lag}  ${megabytes} MB  ` +
      `projectors: ${each.projectors.join(', ') || 'none'}`
    );
  });
  const own = { content: projectionContent(), version: PROJECTION_VERSION };
  const words = generationWords(generations, own);
  print(config, { ...own, generations, words }, [...lines, ...words]);
}

async function rebuild({ config, rebuild: options }: Place): Promise<void> {
  const { schema, compared, swapped } = await rebuildProjections({
    ...options,
    threads: { ...options.threads, count: config.threads },
    swap: !config.keep,
  });
  const equal =
    compared > 0 ? `${compared} tables equal to the old ones` : 'nothing to compare with';
  const end = swapped ? 'readers see them' : `"nullspace projections swap --schema ${schema}"`;
  print(config, { schema, compared, swapped }, [`${schema}: ${equal}; ${end}`]);
}

async function swap({ config, pool, rebuild: options }: Place): Promise<void> {
  const all = await listGenerations(pool);
  const built = all.findLast(({ state, isBare, content, mismatch }) => {
    const isWhole = !isBare && mismatch === null;
    return state !== 'active' && isWhole && content === projectionContent();
  });
  const schema = config.schema ?? built?.schema;
  if (schema === undefined) throw new ConfigError('no built tables to swap to: rebuild first');
  const found = all.find((generation) => generation.schema === schema);
  if (found === undefined) throw new ConfigError(`--schema: there is no ${schema}`);
  if (found.content !== projectionContent()) {
    throw new ConfigError(`--schema: ${schema} is of another version of the program`);
  }
  if (await isHeld(pool, schema)) {
    throw new ConfigError(`--schema: a rebuild makes ${schema} now, and swaps by itself`);
  }
  if (found.isBare) {
    throw new ConfigError(`--schema: ${schema} has no indexes, its rebuild died: prune, rebuild`);
  }
  if (found.mismatch !== null) {
    throw new ConfigError(`--schema: ${schema} differs from what readers saw: ${found.mismatch}`);
  }
  await swapProjections(options, schema);
  print(config, { schema, swapped: true }, [`readers see ${schema}`]);
}

const NOT_DROPPED: Readonly<Record<Exclude<DropOutcome, 'dropped'>, string>> = {
  active: 'readers see',
  held: 'a rebuild makes',
  filled: 'a projector, which has to be stopped first, fills',
  unknown: 'there is no',
};

async function dropOne(pool: pg.Pool, schema: string): Promise<readonly string[]> {
  const outcome = await dropGeneration(pool, schema);
  if (outcome === 'dropped') return [schema];
  throw new ConfigError(`--schema: ${NOT_DROPPED[outcome]} ${schema}`);
}

async function prune({ config, pool }: Place): Promise<void> {
  const pruned =
    config.schema === undefined
      ? await pruneGenerations(pool, config.graceMs)
      : await dropOne(pool, config.schema);
  const lines =
    pruned.length === 0 ? ['nothing to prune'] : pruned.map((name) => `dropped ${name}`);
  print(config, { pruned }, lines);
}

interface Action {
  run(place: Place): Promise<void>;
  /** Of the options that not every action heeds. */
  readonly heeds: readonly string[];
}

const ACTIONS: Readonly<Record<string, Action>> = {
  status: { run: status, heeds: [] },
  rebuild: { run: rebuild, heeds: ['keep', 'threads'] },
  swap: { run: swap, heeds: ['schema'] },
  prune: { run: prune, heeds: ['schema', 'graceMs'] },
};

/**
 * Who gives a flag means it: tables that are named and not touched would pass for done. Variables
 * and config files are of all commands, and may say what this one does not heed.
 */
function refuseUnheeded(name: string, { heeds }: Action, argv: readonly string[]): void {
  const all = Object.values(ACTIONS).flatMap((action) => action.heeds);
  const option = all.find((each) => !heeds.includes(each) && isFlagIn(argv, each));
  if (option === undefined) return;
  const takers = Object.keys(ACTIONS).filter((each) => ACTIONS[each]?.heeds.includes(option));
  throw new ConfigError(`${optionNames(option)}: is of ${takers.join(' and ')}, not of ${name}`);
}

/**
 * `nullspace projections ACTION`: look at the tables, make them anew beside the old, change over.
 */
export async function projections(argv: readonly string[]): Promise<void> {
  const [name = '', ...rest] = argv;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) answerHelp(configSchema, argv);
  if (action === undefined) throw new ConfigError(USAGE);
  const config = loadConfig(configSchema, rest, process.env);
  refuseUnheeded(name, action, rest);
  await withStoredTables(config, 'projections', (tables) => action.run({ config, ...tables }));
}
