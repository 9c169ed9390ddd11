import type pg from 'pg';
import { assert } from '../../schemas/kernel/assert.js';
import { toPostgresError } from './errors.js';

/** Signature, flags, and the extension's length, which is 0 (PostgreSQL manual, COPY). */
const HEADER_BYTES = 11 + 4 + 4;
const FIRST_SIGNATURE_BYTE = 0x50;
/** Number of fields in the tuple that ends the data. */
const END = -1;

/** Values of a row in Postgres' binary form; null stands for SQL's. */
export type BinaryRow = readonly (Buffer | null)[];

/**
 * One COPY TO STDOUT in binary, submitted as a query. A message of data is a row (PostgreSQL
 * manual, "Message Flow", COPY Operations); the first has the format's header in front.
 */
class CopyOut implements pg.Submittable {
  readonly rows: Promise<readonly BinaryRow[]>;
  readonly #text: string;
  readonly #rows: BinaryRow[] = [];
  #hasHeader = true;
  #resolve: (rows: readonly BinaryRow[]) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(text: string) {
    this.#text = text;
    this.rows = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: pg.Connection): void {
    (connection as unknown as { query(text: string): void }).query(this.#text);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    const start = this.#hasHeader ? HEADER_BYTES : 0;
    assert(start === 0 || chunk[0] === FIRST_SIGNATURE_BYTE, 'no binary COPY');
    this.#hasHeader = false;
    if (start === chunk.length || chunk.readInt16BE(start) === END) return;
    // The driver reads the next messages into the same memory.
    const own = Buffer.allocUnsafeSlow(chunk.length - start);
    chunk.copy(own, 0, start);
    this.#rows.push(readRow(own));
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#resolve(this.#rows);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }
}

function readRow(bytes: Buffer): BinaryRow {
  const fields: (Buffer | null)[] = [];
  let position = 2;
  for (let count = bytes.readInt16BE(0); count > 0; count--) {
    const length = bytes.readInt32BE(position);
    position += 4;
    fields.push(length < 0 ? null : bytes.subarray(position, position + length));
    if (length > 0) position += length;
  }
  return fields;
}

/**
 * The rows of a query without parameters, in binary: bytes travel as they are, where the driver's
 * own results are text, which is twice as long and read twice. Planned anew each time.
 * @throws PostgresError
 */
export async function copyRowsOut(pool: pg.Pool, query: string): Promise<readonly BinaryRow[]> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toPostgresError(error);
  });
  let failure: Error | undefined;
  try {
    return await client.query(new CopyOut(`copy (${query}) to stdout (format binary)`)).rows;
  } catch (error) {
    failure = toPostgresError(error);
    throw failure;
  } finally {
    client.release(failure);
  }
}
