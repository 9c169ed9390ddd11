import { parseArgs } from 'node:util';
import { installNativeCrypto } from '../../infra/crypto/nativeSha256.js';
import { caseOf } from './cluster/cases.js';
import { runClusterSeed } from './cluster/runSeed.js';
import { type Case, runSeed } from './core/runSeed.js';

/** What a seed is run on in the core: one Byzantine validator of four, two of seven. */
const CORE_CASES: readonly Case[] = [
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

/** One world that ran: what it was, and the sentences about what went wrong in it. */
interface Verdict {
  readonly world: string;
  readonly breaches: readonly string[];
  readonly stuck: readonly string[];
  /** Of the whole cluster: one line of figures. */
  readonly figures?: string;
}

function whole(text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`expected a whole number, got ${text}`);
}

function runCore(kind: Case, seed: number): Verdict {
  const { breaches, stuck } = runSeed(kind, seed);
  const behind = stuck.map((node) => `node ${node} finalized too little after the heal`);
  return { world: `core, ${kind.name}`, breaches, stuck: behind };
}

async function runCluster(seed: number): Promise<Verdict> {
  const kind = caseOf(seed);
  const result = await runClusterSeed(kind, seed);
  const { breaches, stuck, heights, commands, events, virtualMs, digest } = result;
  const figures = `${heights} heights, ${commands} commands, ${events} events, live after ${virtualMs} ms, ${digest.slice(0, 16)}`;
  return { world: `cluster, ${kind.name}`, breaches, stuck, figures };
}

function complain({ world, breaches, stuck }: Verdict, seed: number): void {
  const lines = [
    ...breaches.map((breach) => `unsafe: ${breach}`),
    ...stuck.map((what) => `stuck: ${what}`),
  ];
  process.stderr.write(`seed ${seed}, ${world}:\n  ${lines.join('\n  ')}\n`);
  process.stderr.write(`repeat it with: npm run simulate -- --seed ${seed}\n`);
}

interface Report {
  readonly seeds: number;
  unsafe: number;
  stuck: number;
  seedsPerHour: number;
}

async function runSeeds(from: number, seeds: number, isTalking: boolean): Promise<Report> {
  const startedMs = performance.now();
  const report: Report = { seeds, unsafe: 0, stuck: 0, seedsPerHour: 0 };
  for (let seed = from; seed < from + seeds; seed++) {
    const verdicts = [...CORE_CASES.map((kind) => runCore(kind, seed)), await runCluster(seed)];
    for (const verdict of verdicts) {
      const { world, breaches, stuck, figures } = verdict;
      if (breaches.length > 0) report.unsafe++;
      if (stuck.length > 0) report.stuck++;
      if (breaches.length + stuck.length > 0) complain(verdict, seed);
      if (isTalking && figures !== undefined) {
        process.stdout.write(`seed ${seed}: ${world}: ${figures}\n`);
      }
    }
  }
  const hours = (performance.now() - startedMs) / 3_600_000;
  report.seedsPerHour = Math.round(seeds / hours);
  return report;
}

/**
 * `npm run simulate -- --seed S | --seeds N [--from S] [--json]`: every seed runs the consensus
 * core twice (n = 4 and 7) and the whole cluster once, as its number says (cluster/cases.ts).
 */
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
  installNativeCrypto();
  const from = whole(values.seed ?? values.from, 1);
  const seeds = values.seed === undefined ? whole(values.seeds, 20) : 1;
  const report = await runSeeds(from, seeds, !values.json);
  process.stdout.write(
    values.json
      ? `${JSON.stringify(report)}\n`
      : `${Object.entries(report)
          .map(([name, value]) => `${name} ${value}`)
          .join('\n')}\n`,
  );
  return report.unsafe + report.stuck === 0 ? 0 : 1;
}
