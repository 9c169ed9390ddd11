import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type SourceCommit, ZombieWriterError } from '../../projections/ports.js';
import type { Table } from '../../projections/readModel.js';
import { type PackedRows, rowWeight } from '../../projections/runner/rowBatch.js';
import type { StoredRow } from '../../projections/runner/rowMerger.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { PROJECTION_COPY_ROWS_MIN } from '../../schemas/limits.js';
import { CopyRows, copyBinary, rowArray } from './binaryRows.js';
import { withTransaction } from './connection.js';
import { PostgresError, toPostgresError } from './errors.js';
import { commitSql, copySql, qualified, storedTables } from './projectionSql.js';
import { forgetRowTypes, knownRowTypes, type RowTypes } from './rowTypes.js';

/** Sends what `copyBinary` made, in order, and waits for the server to have taken it. */
export async function copyChunks(
  client: pg.ClientBase,
  schema: string,
  table: Table,
  chunks: Iterable<Buffer>,
): Promise<void> {
  const sink = client.query(copyFrom(copySql(schema, table)));
  await pipeline(Readable.from(chunks, { objectMode: false }), sink);
}

/** A table's part of a transaction: what goes by COPY, and what a statement carries. */
interface TableWrite {
  readonly copy: readonly Buffer[] | null;
  /** Of a `fold` table: what has to be the first row of its key. */
  readonly begun: readonly StoredRow[];
  readonly rows: readonly StoredRow[];
}

/** Rows that nothing can precede go by COPY once they are many: it costs half of an upsert. */
function writeOf(table: Table, commits: readonly SourceCommit[]): TableWrite {
  const parts = commits.flatMap(({ rows }) => rows.packed.get(table) ?? []);
  const loose = commits.flatMap(({ rows }) => rows.appended.get(table) ?? []);
  const folded = commits.map(({ rows }) => rows.foldedByOrigin(table));
  const first = [...loose, ...folded.flatMap(({ begun }) => begun)];
  const others = folded.flatMap((part) => part.others);
  const weight = first.reduce((sum, row) => sum + rowWeight(table, row), 0);
  if (parts.length === 0 && weight < PROJECTION_COPY_ROWS_MIN) {
    const isFold = table.kind === 'fold';
    return { copy: null, begun: isFold ? first : [], rows: isFold ? others : first };
  }
  const copy = copyBinary([...parts.map(ownRows), packed(table, first)]);
  return { copy, begun: [], rows: others };
}

function packed(table: Table, rows: readonly StoredRow[]): CopyRows {
  const target = new CopyRows(table);
  for (const row of rows) target.add(row);
  return target;
}

function ownRows(rows: PackedRows): CopyRows {
  assert(rows instanceof CopyRows, 'rows of another store');
  return rows;
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function checkpointValues(commits: readonly SourceCommit[]): unknown[] {
  const to = commits.map(({ checkpoint }) => checkpoint);
  return [
    present(to[0], 'a commit').shard,
    to.map(({ partition }) => partition),
    commits.map(({ fromHeight }) => fromHeight),
    to.map(({ height }) => height),
    to.map(({ lastEventHeight }) => lastEventHeight),
    to.map(({ blockDigest }) => asBuffer(blockDigest)),
    to.map(({ resultDigest }) => asBuffer(resultDigest)),
    to.map(({ seed }) => asBuffer(seed)),
    to.map(({ timestampMs }) => timestampMs),
    to.map(({ position }) => position.toString()),
  ];
}

/** Tables to write to. */
interface Target {
  readonly schema: string;
  readonly rowTypes: RowTypes;
}

/** What a statement carries, by table. */
type TableRows = ReadonlyMap<Table, readonly StoredRow[]>;

const texts = new Map<string, string>();

/** By its name, which says what it is made of. */
function textFor(name: string, schema: string, begun: readonly Table[]): string {
  let text = texts.get(name);
  if (text === undefined) texts.set(name, (text = commitSql(schema, begun)));
  return text;
}

/** A server's refusal of a table's rows says which table; other errors say no more than they do. */
function inTable(table: string | undefined, error: unknown): PostgresError {
  const typed = toPostgresError(error);
  const { code, message, sqlState, cause } = typed;
  if (table === undefined || sqlState === null) return typed;
  return new PostgresError(code, `table ${table}: ${message}`, { cause, sqlState });
}

/** The table of a constraint, or the one whose rows are the parameter that could not be read. */
function tableOf(error: unknown, firstPlace: number, tables: readonly Table[]): string | undefined {
  const { table, where } = error as { readonly table?: string; readonly where?: string };
  if (table !== undefined) return table;
  const place = /parameter \$(\d+)/.exec(where ?? '');
  return place === null ? undefined : tables[Number(place[1]) - firstPlace]?.name;
}

/**
 * Everything but what COPY has written. Rows that begin are a parameter of their own only where
 * there are some, so that nobody pays for an insert of none: that makes two statements, as long as
 * one table has such rows.
 */
async function runStatement(
  client: Pick<pg.ClientBase, 'query'>,
  { schema, rowTypes }: Target,
  commits: readonly SourceCommit[],
  rows: { readonly begun: TableRows; readonly merging: TableRows },
): Promise<void> {
  const values = checkpointValues(commits);
  const first = values.length + 1;
  const begun = storedTables.filter((table) => rows.begun.has(table));
  const carry = (table: Table, of: TableRows): void => {
    values.push(rowArray(table, present(rowTypes.get(table), 'a row type'), of.get(table) ?? []));
  };
  for (const table of storedTables) carry(table, rows.merging);
  for (const table of begun) carry(table, rows.begun);
  // Named, so that each connection plans it once for these tables.
  const [type] = rowTypes.values();
  const places = begun.map((table) => `_${storedTables.indexOf(table)}`).join('');
  const name = `nullspace_commit_${schema}_${type}${places}`;
  const config = { name, text: textFor(name, schema, begun), values };
  const { rows: answers } = await client
    .query<{ strays: number[] | null }>(config)
    .catch((error: unknown) => {
      throw inTable(tableOf(error, first, [...storedTables, ...begun]), error);
    });
  throwStray(present(answers[0], 'an answer').strays, commits);
}

function throwStray(strays: readonly number[] | null, commits: readonly SourceCommit[]): void {
  if (strays === null) return;
  const lost = commits.find(({ partition }) => strays.includes(partition));
  const { partition, fromHeight } = present(lost, 'a commit that strayed');
  throw new ZombieWriterError(partition, fromHeight);
}

/** The same comparison before a COPY, which would meet the rows of whoever came first. */
async function lockCheckpoints(
  client: pg.ClientBase,
  schema: string,
  commits: readonly SourceCommit[],
): Promise<void> {
  const { shard } = present(commits[0], 'a commit').checkpoint;
  const { rows } = await client.query<{ partition: number; height: string }>(
    `select partition, height from ${qualified(schema, 'checkpoints')}
     where shard = $1 and partition = any($2::integer[]) order by partition for update`,
    [shard, commits.map(({ partition }) => partition)],
  );
  const heights = new Map(rows.map(({ partition, height }) => [partition, Number(height)]));
  const strays = commits
    .filter(({ partition, fromHeight }) => heights.get(partition) !== fromHeight)
    .map(({ partition }) => partition);
  throwStray(strays.length === 0 ? null : strays, commits);
}

/**
 * All rows and checkpoints in one transaction. At the tail that is one statement; tables with many
 * new rows go in by COPY before it. @throws PostgresError, ZombieWriterError
 */
export async function commitRows(
  pool: pg.Pool,
  schema: string,
  commits: readonly SourceCommit[],
): Promise<void> {
  if (commits.length === 0) return;
  try {
    const rowTypes = await knownRowTypes(pool, schema);
    await writeRows(pool, { schema, rowTypes }, commits);
  } catch (error) {
    forgetRowTypes(pool);
    if (error instanceof ZombieWriterError) throw error;
    throw toPostgresError(error);
  }
}

async function writeRows(
  pool: pg.Pool,
  target: Target,
  commits: readonly SourceCommit[],
): Promise<void> {
  const few = {
    begun: new Map<Table, readonly StoredRow[]>(),
    merging: new Map<Table, readonly StoredRow[]>(),
  };
  const many = new Map<Table, readonly Buffer[]>();
  for (const table of storedTables) {
    const { copy, begun, rows } = writeOf(table, commits);
    if (copy !== null) many.set(table, copy);
    if (begun.length > 0) few.begun.set(table, begun);
    if (rows.length > 0) few.merging.set(table, rows);
  }
  if (many.size === 0) {
    await runStatement(pool, target, commits, few);
    return;
  }
  const { schema } = target;
  await withTransaction(pool, async (client) => {
    await lockCheckpoints(client, schema, commits);
    for (const [table, chunks] of many) {
      await copyChunks(client, schema, table, chunks).catch((error: unknown) => {
        throw inTable(table.name, error);
      });
    }
    await runStatement(client, target, commits, few);
  });
}
