import { parseArgs } from 'node:util';
import { type Case, runSeed } from './core/runSeed.js';

/** What a seed is run on: one Byzantine validator of four, two of seven; loss, crashes, partitions. */
const CASES: readonly Case[] = [
  {
    name: 'n=4, f=1',
    validators: 4,
    crimes: [null],
    delayMs: [5, 35],
    loss: 0.2,
    crashes: 3,
    hasPartitions: true,
  },
  {
    name: 'n=7, f=2',
    validators: 7,
    crimes: [null, null],
    delayMs: [5, 35],
    loss: 0.2,
    crashes: 5,
    hasPartitions: true,
  },
];

function whole(text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`expected a whole number, got ${text}`);
}

/** `npm run simulate -- --seed S | --seeds N [--from S] [--json]`: the consensus core, from seeds. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      from: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const from = whole(values.seed ?? values.from, 1);
  const seeds = values.seed === undefined ? whole(values.seeds, 20) : 1;
  const startedMs = performance.now();
  let unsafe = 0;
  let stuck = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    for (const kind of CASES) {
      const result = runSeed(kind, seed);
      if (result.breaches.length > 0) unsafe++;
      if (result.stuck.length > 0) stuck++;
      if (result.breaches.length === 0 && result.stuck.length === 0) continue;
      process.stderr.write(`${kind.name}, seed ${seed}: ${JSON.stringify(result)}\n`);
      process.stderr.write(`repeat it with: npm run simulate -- --seed ${seed}\n`);
    }
  }
  const hours = (performance.now() - startedMs) / 3_600_000;
  const report = { seeds, unsafe, stuck, seedsPerHour: Math.round(seeds / hours) };
  process.stdout.write(
    values.json
      ? `${JSON.stringify(report)}\n`
      : `${Object.entries(report)
          .map(([name, value]) => `${name} ${value}`)
          .join('\n')}\n`,
  );
  return unsafe + stuck === 0 ? 0 : 1;
}
