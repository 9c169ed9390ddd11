import pg from 'pg';
import { VIEW_SCHEMA } from '../../projections/readModels.js';
import type { Sql } from '../../query/ports.js';
import { type ConnectionOptions, createPool } from '../postgres/connection.js';
import { toPostgresError } from '../postgres/errors.js';

/** Answers wait for a slow query no longer than this. */
const READ_STATEMENT_MS_MAX = 5_000;
const CONNECTIONS_MAX = 8;

export interface ReadDatabase extends Sql {
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

/** The projections' views over a pool that can read only. Errors are PostgresErrors. */
export function openReadDatabase(options: ConnectionOptions): ReadDatabase {
  const pool = createPool({
    statementTimeoutMs: READ_STATEMENT_MS_MAX,
    ...options,
    url: withSettings(options.url),
    max: CONNECTIONS_MAX,
  });
  return {
    async rows(text, values) {
      try {
        const { rows } = await pool.query({ text, values: [...values], types });
        return rows;
      } catch (error) {
        throw toPostgresError(error);
      }
    },
    close: () => pool.end(),
  };
}

/** Before the first projector has started, its schema or tables are not there. */
export function isUnprojected(error: unknown): boolean {
  const state = toPostgresError(error).sqlState;
  return state === '42P01' || state === '3F000';
}
