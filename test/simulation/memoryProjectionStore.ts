import {
  BLOCKS_PARTITION,
  type Checkpoint,
  type ProjectionStore,
  type SourceCommit,
  ZombieWriterError,
} from '../../projections/ports.js';
import {
  type CellValue,
  keyColumns,
  type MergeRule,
  type Table,
} from '../../projections/readModel.js';
import { readModels } from '../../projections/readModels.js';
import type { StoredRow } from '../../projections/runner/rowMerger.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import { assert, unreachable } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Genesis } from '../../schemas/types/genesis.js';

/** Tables and checkpoints in memory, in transactions, for one shard; all leases to whoever asks. */
export interface MemoryProjectionStore extends ProjectionStore {
  /** One line a row, `table key columns`, sorted: equal tables give equal lines. */
  lines(): string[];
  /** Remembers what is there; what it returns forgets all that came later. */
  remember(): () => void;
}

export function createMemoryProjectionStore(genesis: Genesis): MemoryProjectionStore {
  const tables = new Map<Table, Map<string, StoredRow>>();
  const complete = new WeakSet<StoredRow>();
  const checkpoints = new Map(startOf(genesis).map((start) => [start.partition, start]));
  return {
    acquireLeases: async () => [...checkpoints.keys()],
    releaseLeases: async () => undefined,
    checkpoints: async () => [...checkpoints.values()],
    async commit(commits) {
      for (const { partition, fromHeight } of commits) {
        if (checkpoints.get(partition)?.height !== fromHeight) {
          throw new ZombieWriterError(partition, fromHeight);
        }
      }
      for (const commit of commits) write(tables, complete, commit);
      for (const { partition, checkpoint } of commits) checkpoints.set(partition, checkpoint);
    },
    lines: () => linesOf(tables),
    remember() {
      const rows = [...tables].map(([table, kept]) => [table, new Map(kept)] as const);
      const heights = [...checkpoints];
      return () => {
        for (const kept of tables.values()) kept.clear();
        for (const [table, kept] of rows) tables.set(table, new Map(kept));
        for (const [partition, checkpoint] of heights) checkpoints.set(partition, checkpoint);
      };
    },
  };
}

function startOf(genesis: Genesis): Checkpoint[] {
  const { blockDigest, resultDigest, seed, timestampMs } = genesisTip(genesis, 0);
  const none = new Uint8Array(0);
  const start = {
    shard: 0,
    height: 0,
    lastEventHeight: 0,
    resultDigest,
    timestampMs,
    position: 0n,
  };
  const events = Array.from({ length: genesis.eventPartitions }, (_, partition) => ({
    ...start,
    ...{ partition, blockDigest: none, seed: none },
  }));
  return [{ ...start, partition: BLOCKS_PARTITION, blockDigest, seed }, ...events];
}

/** As Postgres, no row begins twice; stricter than that, none changes once it is complete. */
function write(
  tables: Map<Table, Map<string, StoredRow>>,
  complete: WeakSet<StoredRow>,
  { rows }: SourceCommit,
): void {
  for (const { tables: own } of readModels) {
    for (const table of own) {
      const kept = tables.get(table) ?? new Map<string, StoredRow>();
      tables.set(table, kept);
      const { begun, others } = rows.foldedByOrigin(table);
      for (const row of [...(rows.appended.get(table) ?? []), ...begun]) {
        const key = keyOf(table, row);
        assert(!kept.has(key), `${table.name}: row ${key} is there already`);
        kept.set(key, row);
      }
      for (const row of rows.appended.get(table) ?? []) complete.add(row);
      for (const row of others) {
        const key = keyOf(table, row);
        const older = kept.get(key);
        const isOpen = older === undefined || !complete.has(older);
        assert(isOpen, `${table.name}: row ${key} is complete already`);
        kept.set(key, older === undefined ? row : mergedRow(table, older, row));
      }
    }
  }
}

function isLess(one: CellValue, other: CellValue): boolean {
  if (typeof one === 'bigint' && typeof other === 'bigint') return one < other;
  assert(typeof one === 'number' && typeof other === 'number', 'order of what is no number');
  return one < other;
}

/** One cell out of an older and a newer one, by the rule of its column. */
function mergeCell(rule: MergeRule, older: CellValue, newer: CellValue): CellValue {
  switch (rule) {
    case 'key':
    case 'once':
      return older;
    case 'latest':
      return newer;
    case 'sum':
      if (typeof older === 'bigint' && typeof newer === 'bigint') return older + newer;
      assert(typeof older === 'number' && typeof newer === 'number', 'sum of what is no number');
      return older + newer;
    case 'least':
      return isLess(newer, older) ? newer : older;
    case 'greatest':
      return isLess(older, newer) ? newer : older;
    default:
      return unreachable(rule);
  }
}

/** Both rows as one: the plain reading of the rules that the projector has made into code. */
export function mergedRow(table: Table, older: StoredRow, newer: StoredRow): StoredRow {
  return Object.fromEntries(
    Object.entries(table.columns).map(([name, column]) => [
      name,
      mergeCell(column.merge, older[name]!, newer[name]!),
    ]),
  );
}

function text(value: CellValue | undefined): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return `[${value.map(text).join(' ')}]`;
  return typeof value === 'bigint' ? `${value}` : JSON.stringify(value ?? null);
}

function keyOf(table: Table, row: StoredRow): string {
  return keyColumns(table)
    .map((name) => text(row[name]))
    .join('/');
}

function linesOf(tables: Map<Table, Map<string, StoredRow>>): string[] {
  const lines: string[] = [];
  for (const [table, rows] of tables) {
    for (const row of rows.values()) {
      const columns = Object.keys(table.columns).map((name) => text(row[name]));
      lines.push(`${table.name} ${columns.join(' ')}`);
    }
  }
  return lines.sort();
}
