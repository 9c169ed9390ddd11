import { z } from 'zod';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { flag } from '../config/optionTypes.js';
import { dropGeneration } from '../postgres/generationSwap.js';
import { activeGeneration } from '../postgres/generations.js';
import { RebuildMismatchError, rebuildProjections } from '../projections/rebuildProjections.js';
import type { VerifyReport } from '../verify/verifyLog.js';
import { storedLogOptions } from './storedLog.js';
import { type StoredTables, withStoredTables } from './storedTables.js';
import { verifyStored } from './verify.js';

const configSchema = z.object({ ...storedLogOptions, json: flag.default(false) });

/** The line of `nullspace drill --json`. */
interface DrillReport {
  readonly ok: boolean;
  readonly state: VerifyReport & { readonly seconds: number };
  readonly tables: {
    /** Row for row those that readers see. */
    readonly equal: boolean;
    readonly compared: number;
    readonly seconds: number;
    /** Where they differ; the new ones are left to be looked at. */
    readonly fault?: string;
  };
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const startMs = performance.now();
  const result = await work();
  return { result, seconds: Math.round(performance.now() - startMs) / 1_000 };
}

/** Makes the tables from nothing, compares them with those that readers see, and drops them. */
async function rebuildTables({ pool, rebuild }: StoredTables) {
  try {
    const { schema, compared } = await rebuildProjections({ ...rebuild, swap: false });
    // What somebody has put before readers meanwhile stays.
    await dropGeneration(pool, schema);
    return { equal: compared > 0, compared };
  } catch (error) {
    if (!(error instanceof RebuildMismatchError)) throw error;
    return { equal: false, compared: 0, fault: error.message };
  }
}

async function rehearse(tables: StoredTables): Promise<DrillReport> {
  if ((await activeGeneration(tables.pool)) === null) {
    throw new ConfigError('no tables to compare with: a projector makes them');
  }
  const state = await timed(() => verifyStored(tables, 0));
  const rebuilt = await timed(() => rebuildTables(tables));
  return {
    ok: state.result.ok && rebuilt.result.equal,
    state: { ...state.result, seconds: state.seconds },
    tables: { ...rebuilt.result, seconds: rebuilt.seconds },
  };
}

function linesOf({ ok, state, tables }: DrillReport): readonly string[] {
  return [
    `state ${state.ok ? 'equal' : 'differs'}: ${state.commands} commands executed again in ` +
      `${state.seconds} s, height ${state.height}, root ${state.stateRoot}`,
    ...(state.faults ?? []).map((fault) => `fault ${fault}`),
    tables.equal
      ? `tables equal: ${tables.compared} made again in ${tables.seconds} s`
      : `tables differ: "nullspace projections swap" puts the new ones in place of the old`,
    ...(tables.fault === undefined ? [] : [`fault ${tables.fault}`]),
    `ok ${ok}`,
  ];
}

/**
 * `nullspace drill`: the loss of everything but the log, rehearsed. Executes the log from genesis
 * to the state that a quorum certified last, makes all tables from it anew and compares them with
 * those that readers see. What is in use is not touched, and may run.
 */
export async function drill(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  const report = await withStoredTables(config, 'drill', rehearse);
  const lines = config.json ? [JSON.stringify(report)] : linesOf(report);
  process.stdout.write(`${lines.join('\n')}\n`);
  if (!report.ok) process.exitCode = 1;
}
