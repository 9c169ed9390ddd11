import type { CertifiedBlock } from '../schemas/types/block.js';
import type { EventEnvelope, HeightMark } from '../schemas/types/event.js';

/**
 * Types of columns and what they hold in memory: `bytes` bytea · `count` bigint as a safe integer
 * (heights, counters, ms) · `amount` bigint as bigint (money, as one event says it) · `total`
 * numeric as bigint (a sum of amounts: the same money, passed on and on, takes it beyond 64 bits) ·
 * `small` integer · `text` text · `json` jsonb as a value of JSON.
 */
export type ScalarType = 'bytes' | 'count' | 'amount' | 'total' | 'small' | 'text' | 'json';

/** The element type of each list type; a list is an array column of it, without nulls. */
export const LIST_ELEMENTS = {
  bytesList: 'bytes',
  countList: 'count',
  smallList: 'small',
  textList: 'text',
} as const satisfies Readonly<Record<string, ScalarType>>;

export type ListType = keyof typeof LIST_ELEMENTS;
export type ColumnType = ScalarType | ListType;

export function isListType(type: ColumnType): type is ListType {
  return Object.hasOwn(LIST_ELEMENTS, type);
}

/**
 * How two rows of one key become one, in memory and in the store alike. `once` keeps the first,
 * `latest` takes the newer, `sum`, `least` and `greatest` say what they do. Every rule is
 * associative, so the cut between batches never shows in the tables.
 */
export type MergeRule = 'key' | 'once' | 'latest' | 'sum' | 'least' | 'greatest';

/** Names a row. Its types have one text for each value, and are never null. */
interface KeyColumn {
  readonly type: 'bytes' | 'count' | 'small' | 'text';
  readonly merge: 'key';
  readonly nullable?: never;
}

/** Whole numbers, never null: memory and SQL merge nulls, texts and lists in ways of their own. */
interface NumberColumn {
  readonly type: 'count' | 'amount' | 'total' | 'small';
  readonly merge: 'sum' | 'least' | 'greatest';
  readonly nullable?: never;
}

interface KeptColumn {
  readonly type: ColumnType;
  readonly merge: 'once' | 'latest';
  readonly nullable?: true;
}

/** The compiler refuses a rule that does not fit the type. */
export type Column = KeyColumn | NumberColumn | KeptColumn;

/**
 * A table as its writers see it. `append`: a key is written once, ever. `fold`: rows of one key
 * merge. Columns stand in the order of `table.sql`; keys come first.
 */
export interface Table {
  readonly name: string;
  readonly kind: 'append' | 'fold';
  readonly columns: { readonly [name: string]: Column };
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

interface MemoryTypes {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly amount: bigint;
  readonly total: bigint;
  readonly small: number;
  readonly text: string;
  readonly json: JsonObject;
  readonly bytesList: readonly Uint8Array[];
  readonly countList: readonly number[];
  readonly smallList: readonly number[];
  readonly textList: readonly string[];
}

export type ListValue = readonly (Uint8Array | number | string)[];
export type CellValue = Uint8Array | number | bigint | string | JsonObject | ListValue | null;

type CellOf<C extends Column> = C['nullable'] extends true
  ? MemoryTypes[C['type']] | null
  : MemoryTypes[C['type']];

/** The row type of a table, derived from its definition. */
export type RowOf<T extends Table> = {
  readonly [Name in keyof T['columns']]: CellOf<T['columns'][Name]>;
};

/** Where folds put their rows. A row is given away: later ones of its key change it. */
export interface Rows {
  put<T extends Table>(table: T, row: RowOf<T>): void;
  /** Puts a row of a `fold` table of nothing but keys; false when it is known to be there. */
  putOnce<T extends Table>(table: T, row: RowOf<T>): boolean;
  /**
   * The first row of its key ever, of a `fold` table. This is the fold's word, and no store has to
   * look for an older row before it writes: where there is one, the transaction fails.
   */
  begin<T extends Table>(table: T, row: RowOf<T>): void;
  /**
   * The only row of its key ever, of a `fold` table: nothing merges with it, before or after. The
   * fold's word as well: it fails over an older row, and a batch refuses another row of the key
   * while it holds few of them. A later transaction's row merges with it in Postgres.
   */
  complete<T extends Table>(table: T, row: RowOf<T>): void;
}

/** A block that the reader's rule accepted. `value` is its record in the blocks topic. */
export interface CommittedBlock {
  readonly shard: number;
  readonly certified: CertifiedBlock;
  readonly value: Uint8Array;
}

/** An event whose hash a certified mark lists. `value` is its record in the events topic. */
export interface CommittedEvent {
  readonly event: EventEnvelope;
  readonly value: Uint8Array;
}

/** All events of one partition at one height, in their order; never empty. */
export interface CommittedEvents {
  readonly shard: number;
  readonly partition: number;
  readonly height: number;
  readonly timestampMs: number;
  readonly mark: HeightMark;
  readonly events: readonly CommittedEvent[];
}

/**
 * Tables and the folds that fill them. A fold is pure and sees each block and each partition's
 * height once, in order; it never reads a table. A row written from events belongs to the events'
 * partition alone, so that no two projectors ever write one row.
 */
export interface ReadModel {
  readonly name: string;
  readonly tables: readonly Table[];
  /** Names of views that `table.sql` makes of them, for readers and analysts. */
  readonly views?: readonly string[];
  foldBlock?(block: CommittedBlock, rows: Rows): void;
  foldEvents?(events: CommittedEvents, rows: Rows): void;
}

/** Columns that name a row. */
export function keyColumns(table: Table): readonly string[] {
  return Object.keys(table.columns).filter((name) => table.columns[name]!.merge === 'key');
}
