import { installNativeCrypto } from '../../infra/crypto/nativeSha256.js';
import { apiBench } from './api/apiBench.js';
import { ceilingsBench } from './ceilingsBench.js';
import { commandsBench } from './commands/commandsBench.js';
import { engineBench } from './engine/engineBench.js';
import { feedBench } from './feed/feedBench.js';
import { logBench } from './log/logBench.js';
import { type Bench, type Measure, OptionError } from './measure.js';
import { ponderBench } from './ponder/ponderBench.js';
import { projectionBench } from './projectionBench.js';
import { recoveryBench } from './recovery/recoveryBench.js';
import { replayBench } from './replay/replayBench.js';

/** Every benchmark by its name; a new one is one line here. */
const BENCHES: Readonly<Record<string, Bench>> = {
  api: apiBench,
  ceilings: ceilingsBench,
  commands: commandsBench,
  engine: engineBench,
  feed: feedBench,
  log: logBench,
  ponder: ponderBench,
  projection: projectionBench,
  recovery: recoveryBench,
  replay: replayBench,
};

function listing(): string {
  const lines = Object.entries(BENCHES).flatMap(([name, { about, usage }]) => {
    const first = `  ${name.padEnd(12)} ${about}`;
    return usage === undefined ? [first] : [first, `  ${''.padEnd(12)} ${usage}`];
  });
  return `npm run bench -- NAME [--json]\n${lines.join('\n')}\n`;
}

function row({ measure, value, unit, beside, besideValue, ratio }: Measure): string {
  const own = `${measure.padEnd(56)} ${value.toLocaleString('en-US').padStart(12)} ${unit}`;
  if (beside === null || besideValue === null) return own;
  const times = ratio === null ? 'beside' : `${ratio}x of`;
  return `${own.padEnd(86)} ${times} ${besideValue.toLocaleString('en-US')} (${beside})`;
}

/** What somebody typed, not a benchmark that failed. */
function isOptionFault(error: unknown): error is Error {
  if (error instanceof OptionError) return true;
  return error instanceof TypeError && String(Reflect.get(error, 'code')).startsWith('ERR_PARSE_');
}

/**
 * `npm run bench` lists the benchmarks, `npm run bench -- NAME [--json]` runs one. With --json the
 * last line of the output is the array of its measures, without it a table; progress is on stderr.
 */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args.filter((arg) => arg !== '--json');
  if (name === undefined) {
    process.stdout.write(listing());
    return 0;
  }
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (bench === undefined) {
    process.stderr.write(`bench: there is no "${name}"\n${listing()}`);
    return 2;
  }
  installNativeCrypto();
  let measures: readonly Measure[];
  try {
    measures = await bench.run(rest, (line) => process.stderr.write(`${line}\n`));
  } catch (error) {
    if (!isOptionFault(error)) throw error;
    process.stderr.write(`bench ${name}: ${error.message}\n${listing()}`);
    return 2;
  }
  const text = args.includes('--json') ? JSON.stringify(measures) : measures.map(row).join('\n');
  process.stdout.write(`${text}\n`);
  return 0;
}
