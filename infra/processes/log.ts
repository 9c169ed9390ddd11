import { once } from 'node:events';
import { z } from 'zod';
import { csv } from '../../query/routes/csv.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { answerHelp } from '../config/optionsHelp.js';
import { flag } from '../config/optionTypes.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import type { Cell } from '../export/exportFile.js';
import { EXPORT_COLUMNS, exportRecords } from '../export/exportRows.js';
import { verifiedHeights } from '../export/verifiedHeights.js';
import { heightRange, heightRangeOptions, requireReached } from './heightRange.js';
import { logAccess, logAccessOptions } from './logAccess.js';
import { logTopics, logTopicsOptions } from './logTopics.js';
import { storedLogOptions, withStoredLog } from './storedLog.js';

const configSchema = z.object({
  ...storedLogOptions,
  ...heightRangeOptions,
  topic: z.enum(['events', 'blocks']).default('events').describe('cat: whose records'),
  json: flag.default(false).describe('cat: a line of JSON a record, as is done anyway'),
  csv: flag.default(false).describe('cat: CSV'),
});

type Row = Readonly<Record<string, Cell>>;

/** One line of JSON: 64-bit integers as they are where JSON has them exactly, else as strings. */
function jsonLine(row: Row, json: ReadonlySet<string>): string {
  const fields = Object.entries(row).map(([name, cell]) => {
    const exact = typeof cell === 'bigint' && BigInt.asIntN(53, cell) === cell;
    const text = json.has(name) ? cell : JSON.stringify(exact ? Number(cell) : cell.toString());
    return `${JSON.stringify(name)}:${typeof cell === 'number' ? cell : text}`;
  });
  return `{${fields.join(',')}}\n`;
}

async function write(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Who reads our lines may have enough of them, as `head` has: then there is nothing left to do. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

const ACTIONS: Readonly<Record<string, (argv: readonly string[]) => Promise<void>>> = {
  cat,
  topics: logTopics,
  access: logAccess,
};

/** `nullspace log cat | topics | access`. */
export async function log(argv: readonly string[]): Promise<void> {
  const [name = '', ...rest] = argv;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action !== undefined) return action(rest);
  answerHelp(z.object({ ...configSchema.shape, ...logTopicsOptions, ...logAccessOptions }), argv);
  const settings = 'topics --apply | --check, access [--apply | --check]';
  throw new ConfigError(`log: expected cat [--from H] [--to H] [--topic T], ${settings}`);
}

/** Verified records of a topic, a line each. */
async function cat(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  if (config.json && config.csv) throw new ConfigError('--csv: --json was given as well');
  const range = heightRange(config);
  endWithReader();
  const columns = EXPORT_COLUMNS[config.topic];
  const names = Object.keys(columns);
  const json = new Set(names.filter((name) => columns[name] === 'json'));
  const cells = names.map((name) => [name, (row: Row) => row[name] ?? ''] as const);
  const head = csv(cells, []);
  await withStoredLog(config, 'log', async ({ genesis, log: stored }) => {
    const checks = { signatures: nativeVerifier(), beacons: await createNativeBeacon() };
    // Until the log's end is seen.
    let endHeight = Number.MAX_SAFE_INTEGER;
    const onEnd = (lastHeight: number): void => {
      endHeight = lastHeight;
    };
    const options = { genesis, shard: 0, reader: stored.reader, ...checks, ...range, onEnd };
    if (config.csv) await write(head);
    for await (const height of verifiedHeights(options)) {
      const rows = exportRecords(config.topic, height).map(({ row }) => row);
      const lines = config.csv
        ? csv(cells, rows).slice(head.length)
        : rows.map((row) => jsonLine(row, json)).join('');
      await write(lines);
    }
    // Whoever asks again and again for what is new may begin behind the end.
    requireReached({ from: 0, to: config.to }, endHeight);
  });
}
