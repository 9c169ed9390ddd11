import pg from 'pg';
import { VIEW_SCHEMA } from '../../projections/readModels.js';
import type { RawRow, Sql, SqlSource, SqlValue } from '../../query/ports.js';
import { READ_STATEMENTS_MAX } from '../../schemas/limits.js';
import { type ConnectionOptions, createPool } from '../postgres/connection.js';
import { PostgresError, toPostgresError } from '../postgres/errors.js';

/** Answers wait for a slow query no longer than this. */
const READ_STATEMENT_MS_MAX = 5_000;
/** Of a server that is there and says nothing: longer than its own limit. */
const READ_ANSWER_MS_MAX = READ_STATEMENT_MS_MAX + 1_000;
const CONNECTIONS_MAX = 8;
/** Statements that may wait for one of them, and for how long. */
const WAITING_MAX = 256;
const WAITING_MS_MAX = 5_000;
const BUSY = 'the database has more to answer than it can: again in a moment';

/** One database, asked for every height. */
export interface ReadDatabase extends Sql, SqlSource {
  /** Over a connection of its own: what is visible is not heard of behind long answers. */
  readonly watch: Sql;
  close(): Promise<void>;
}

const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    if (oid === pg.types.builtins.INT8) return (text: string) => BigInt(text);
    return pg.types.getTypeParser(oid, format);
  },
} as pg.CustomTypesConfig;

/** Settings of every connection, in its start-up message: no query has to go before others. */
function withSettings(url: string): string {
  const settled = new URL(url);
  const given = settled.searchParams.get('options');
  const own = `-c search_path=${VIEW_SCHEMA} -c default_transaction_read_only=on`;
  settled.searchParams.set('options', given === null ? own : `${given} ${own}`);
  return settled.href;
}

/** The projections' views over connections that can read only. Errors are PostgresErrors. */
export function openReadDatabase(options: ConnectionOptions): ReadDatabase {
  const [readers, watcher] = [CONNECTIONS_MAX, 1].map((max) =>
    createPool({
      statementTimeoutMs: READ_STATEMENT_MS_MAX,
      answerTimeoutMs: READ_ANSWER_MS_MAX,
      connectTimeoutMs: WAITING_MS_MAX,
      ...options,
      url: withSettings(options.url),
      max,
    }),
  ) as [pg.Pool, pg.Pool];
  const sql = sqlOver(readers);
  return {
    ...sql,
    at: () => sql,
    watch: sqlOver(watcher),
    async close() {
      await Promise.all([readers.end(), watcher.end()]);
    },
  };
}

/** Nothing was sent: the pool had no connection for it in time. */
function isQueueTimeout(error: unknown): boolean {
  return (error as Error).message === 'timeout exceeded when trying to connect';
}

function sqlOver(pool: pg.Pool): Sql {
  let names = new StatementNames(0);
  const run = async (text: string, values: readonly SqlValue[]): Promise<readonly RawRow[]> => {
    if (pool.waitingCount >= WAITING_MAX) throw new PostgresError('busy', BUSY);
    const name = names.of(text);
    try {
      const query = { text, values: [...values], types };
      const { rows } = await pool.query(name === null ? query : { ...query, name });
      return rows;
    } catch (error) {
      if (isQueueTimeout(error)) throw new PostgresError('busy', BUSY, { cause: error });
      throw toPostgresError(error);
    }
  };
  return {
    async rows(text, values) {
      try {
        return await run(text, values);
      } catch (error) {
        if ((error as PostgresError).sqlState !== OTHER_RESULT_STATE) throw error;
        names = names.next();
        return await run(text, values);
      }
    },
  };
}

/** A view has other columns now than when a statement was prepared. */
const OTHER_RESULT_STATE = '0A000';

/**
 * Statements are named, so that a connection parses and plans each once: planning one costs the
 * server twice as much as running it.
 */
class StatementNames {
  readonly #round: number;
  readonly #ofText = new Map<string, string>();

  constructor(round: number) {
    this.#round = round;
  }

  /** Null past the bound: then it is not kept. */
  of(text: string): string | null {
    const known = this.#ofText.get(text);
    if (known !== undefined) return known;
    if (this.#ofText.size >= READ_STATEMENTS_MAX) return null;
    const name = `nullspace_read_${this.#round}_${this.#ofText.size}`;
    this.#ofText.set(text, name);
    return name;
  }

  /** Other names for all. */
  next(): StatementNames {
    return new StatementNames(this.#round + 1);
  }
}
