import { assert, fail } from '../../schemas/kernel/assert.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { PROJECTION_KNOWN_ROWS_MAX, PROJECTION_LOOSE_ROWS_MAX } from '../../schemas/limits.js';
import {
  type CellValue,
  type Column,
  isListType,
  type ListValue,
  type RowOf,
  type Rows,
  type Table,
} from '../readModel.js';
import { type FoldedRow, type RowMerger, rowMerger, type StoredRow } from './rowMerger.js';

interface TableShape {
  readonly merger: RowMerger;
  readonly keys: readonly (readonly [name: string, column: Column])[];
  /** Whether a newer row may change an older one. */
  readonly isChanging: boolean;
  /** The first column of lists: a row stands for as many as it holds. */
  readonly list: string | undefined;
}

const shapes = new Map<Table, TableShape>();

function shapeOf(table: Table): TableShape {
  const known = shapes.get(table);
  if (known !== undefined) return known;
  const columns = Object.entries(table.columns);
  const keys = columns.filter(([, { merge }]) => merge === 'key');
  const isChanging = columns.some(([, { merge }]) => merge !== 'key' && merge !== 'once');
  const list = columns.find(([, { type }]) => isListType(type))?.[0];
  const shape = { merger: rowMerger(table, nameOf), keys, isChanging, list };
  shapes.set(table, shape);
  return shape;
}

/** Of nearly all keys. */
const HASH_BYTES = 32;
let lastBytes: Uint8Array = new Uint8Array(0);
let lastName = nameOfBytes(lastBytes);

/** Says its own length, so that names that follow each other are told apart. */
function nameOfBytes(bytes: Uint8Array): string {
  const { length } = bytes;
  return (length === HASH_BYTES ? '=' : `${length}:`) + byteKey(bytes);
}

/** The same, made once for the rows of an account that follow each other and share its bytes. */
function nameOf(bytes: Uint8Array): string {
  if (bytes === lastBytes) return lastName;
  lastBytes = bytes;
  lastName = nameOfBytes(bytes);
  return lastName;
}

/** Rows, or what the lists in them hold; one without its list is a row. */
export function rowWeight(table: Table, row: StoredRow): number {
  const { list } = shapeOf(table);
  return list === undefined ? 1 : ((row[list] as ListValue | null)?.length ?? 1);
}

/**
 * Rows of one source that nothing changes once they are there: those of tables with nothing but
 * keys. Who did something in an hour does it again and again, and is written once. For one session:
 * what it has put is in the tables, or the session has failed.
 */
export class KnownRows {
  readonly #ofTable = new Map<Table, KnownKeys>();

  /** True when the row was put before; forgets all of a table at the bound. */
  has(table: Table, row: StoredRow): boolean {
    let known = this.#ofTable.get(table);
    if (known === undefined) this.#ofTable.set(table, (known = new KnownKeys(table)));
    return known.has(row);
  }
}

/** Keys of one table, by what is not bytes in them: rows that share it come one after another. */
class KnownKeys {
  readonly #plain: readonly string[];
  readonly #bytes: readonly string[];
  readonly #places = new Map<string, Set<string>>();
  #lastPlace: readonly CellValue[] = [];
  #lastKeys = new Set<string>();
  #count = 0;

  constructor(table: Table) {
    const { keys } = shapeOf(table);
    this.#bytes = keys.filter(([, { type }]) => type === 'bytes').map(([name]) => name);
    this.#plain = keys.filter(([, { type }]) => type !== 'bytes').map(([name]) => name);
  }

  has(row: StoredRow): boolean {
    const keys = this.#keysAt(row);
    let key = '';
    for (const name of this.#bytes) key += nameOf(row[name] as Uint8Array);
    if (keys.has(key)) return true;
    if (this.#count >= PROJECTION_KNOWN_ROWS_MAX) this.#forget();
    this.#keysAt(row).add(key);
    this.#count += 1;
    return false;
  }

  #keysAt(row: StoredRow): Set<string> {
    if (this.#count > 0 && this.#isLastPlace(row)) return this.#lastKeys;
    const place = this.#plain.map((name) => row[name] ?? null);
    const name = place.map(plainName).join(' ');
    let keys = this.#places.get(name);
    if (keys === undefined) this.#places.set(name, (keys = new Set()));
    this.#lastPlace = place;
    this.#lastKeys = keys;
    return keys;
  }

  #isLastPlace(row: StoredRow): boolean {
    const names = this.#plain;
    for (let i = 0; i < names.length; i++) {
      if (row[names[i]!] !== this.#lastPlace[i]) return false;
    }
    return true;
  }

  #forget(): void {
    this.#places.clear();
    this.#count = 0;
  }
}

/** Numbers hold no space; a text says its length. */
function plainName(value: CellValue): string {
  return typeof value === 'string' ? `${value.length}:${value}` : String(value);
}

/** Rows of one table that nothing merges with, in the form in which a store writes them. */
export interface PackedRows {
  readonly count: number;
  add(row: StoredRow): void;
}

/** How a store packs. Rows that are packed as they come need not live until they are written. */
export type PackRows = (table: Table) => PackedRows;

/**
 * Rows of one source gathered for one transaction. Rows that nothing merges with, all those of an
 * `append` table and the complete ones of a `fold` table, are kept as they come, and packed once
 * they are many, if the store packs; others merge by key, so that a busy account costs one row a
 * transaction.
 */
export class RowBatch implements Rows {
  readonly appended = new Map<Table, StoredRow[]>();
  /** A table's rows that nothing merges with are here or in `appended`. */
  readonly packed = new Map<Table, PackedRows>();
  /** Of the rows in `appended`. */
  readonly #weights = new Map<Table, number>();
  readonly #folded = new Map<Table, Map<string, FoldedRow>>();
  readonly #begun = new Set<StoredRow>();
  /** Keys of complete rows in `appended`. Those of many would cost more than they show. */
  readonly #completed = new Map<Table, Set<string>>();
  readonly #known: KnownRows;
  readonly #pack: PackRows | null;
  #count = 0;

  constructor(known = new KnownRows(), pack: PackRows | null = null) {
    this.#known = known;
    this.#pack = pack;
  }

  /** Rows put so far; an upper bound of the rows that will be written. */
  get count(): number {
    return this.#count;
  }

  put<T extends Table>(table: T, row: RowOf<T>): void {
    if (table.kind === 'fold') this.#merge(table, row);
    else this.#append(table, row);
  }

  putOnce<T extends Table>(table: T, row: RowOf<T>): boolean {
    assert(!shapeOf(table).isChanging, 'a later row may change this one');
    return this.#merge(table, row);
  }

  begin<T extends Table>(table: T, row: RowOf<T>): void {
    assert(table.kind === 'fold', 'every row of an append table is the first of its key');
    if (!this.#merge(table, row)) fail(`${table.name}: a row begins after another of its key`);
    this.#begun.add(row);
  }

  complete<T extends Table>(table: T, row: RowOf<T>): void {
    assert(table.kind === 'fold', 'every row of an append table is complete');
    if (!this.packed.has(table)) this.#complete(table, shapeOf(table).merger.keyOf(row));
    this.#append(table, row);
  }

  /** Merged rows of a `fold` table, in the order in which their keys came first. */
  folded(table: Table): Iterable<StoredRow> {
    return this.#folded.get(table)?.values() ?? [];
  }

  /** The same rows: those that no older one can precede, and those that may have to merge. */
  foldedByOrigin(table: Table): { readonly begun: StoredRow[]; readonly others: StoredRow[] } {
    const begun: StoredRow[] = [];
    const others: StoredRow[] = [];
    for (const row of this.folded(table)) (this.#begun.has(row) ? begun : others).push(row);
    return { begun, others };
  }

  #append(table: Table, row: StoredRow): void {
    this.#count += 1;
    const packed = this.packed.get(table);
    if (packed !== undefined) {
      packed.add(row);
      return;
    }
    const rows = listOf<Table, StoredRow>(this.appended, table);
    rows.push(row);
    if (this.#pack === null) return;
    const weight = (this.#weights.get(table) ?? 0) + rowWeight(table, row);
    this.#weights.set(table, weight);
    if (weight <= PROJECTION_LOOSE_ROWS_MAX) return;
    const target = this.#pack(table);
    for (const loose of rows) target.add(loose);
    this.packed.set(table, target);
    this.appended.delete(table);
    this.#completed.delete(table);
  }

  #complete(table: Table, key: string): void {
    let keys = this.#completed.get(table);
    if (keys === undefined) this.#completed.set(table, (keys = new Set()));
    if (keys.has(key) || this.#folded.get(table)?.has(key)) {
      fail(`${table.name}: a complete row has another of its key`);
    }
    keys.add(key);
  }

  /** False when the row went into one that was there. */
  #merge(table: Table, row: FoldedRow): boolean {
    const { merger, isChanging } = shapeOf(table);
    if (!isChanging && this.#known.has(table, row)) return false;
    const key = merger.keyOf(row);
    this.#count += 1;
    let rows = this.#folded.get(table);
    if (rows === undefined) this.#folded.set(table, (rows = new Map()));
    const older = rows.get(key);
    if (older === undefined) {
      if (this.#completed.get(table)?.has(key)) {
        fail(`${table.name}: a row has the key of one that is complete`);
      }
      rows.set(key, row);
      return true;
    }
    merger.merge(older, row);
    return false;
  }
}

function listOf<K, V>(lists: Map<K, V[]>, key: K): V[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}
