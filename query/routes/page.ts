import type { JsonObject } from '../../projections/readModel.js';
import { present } from '../../schemas/kernel/assert.js';
import { PAGE_ROWS_DEFAULT, TABLE_ROWS_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { type Column, csv } from './csv.js';
import { type CursorKind, decodeCursor, encodeCursor, type Position } from './cursor.js';
import type { JsonSchema } from './jsonSchema.js';
import { type Answer, pinnedHeight, type ReadContext, refused } from './route.js';

/** Query parameters of every list. A type, not an interface: routes pass it as their Parameters. */
export type PageParameters = {
  readonly cursor?: string;
  readonly limit?: number;
  readonly asOf?: number;
  readonly fromHeight?: number;
};

/** Of lists that answer as a table too. */
export const formatParameter = {
  type: 'string',
  enum: ['json', 'csv'],
  description: `csv: up to ${TABLE_ROWS_MAX} rows; the Link header names the next page`,
} as const satisfies JsonSchema;

/** Parameters of a list as a table: a page of the most rows that one has, where none is asked. */
export function tableParameters<P extends PageParameters>(parameters: P): P {
  return { limit: TABLE_ROWS_MAX, ...parameters };
}

/** What a list reads: `limit` rows after `after`, at heights from `fromHeight` to `asOf`. */
export interface PageRequest {
  readonly after: Position;
  readonly asOf: number;
  readonly fromHeight: number;
  readonly limit: number;
}

/** The largest place, in lists that begin with the newest. */
const NEWEST: Position = {
  height: Number.MAX_SAFE_INTEGER,
  executionIndex: 0xffff_ffff,
  eventIndex: 0xffff_ffff,
};
const OLDEST: Position = { height: 0, executionIndex: 0, eventIndex: 0 };

/** What to read, or the refusal of a bad cursor. */
export function openPage(
  context: ReadContext,
  kind: CursorKind,
  parameters: PageParameters,
): { readonly request: PageRequest } | { readonly refusal: Answer } {
  const { cursor, limit = PAGE_ROWS_DEFAULT, asOf, fromHeight = 0 } = parameters;
  const start = kind === 'blockCommands' ? OLDEST : NEWEST;
  const after = cursor === undefined ? start : decodeCursor(kind, cursor);
  if (after === null) {
    return { refusal: refused(RejectCode.badCursor, 'this is no cursor of this list') };
  }
  return { request: { after, asOf: pinnedHeight(context, asOf), fromHeight, limit } };
}

/**
 * A page of `rows`, of which one more than `limit` was asked for: that there is one tells that
 * another page follows.
 */
export function closePage<Row>(options: {
  readonly context: ReadContext;
  readonly request: PageRequest;
  readonly kind: CursorKind;
  readonly rows: readonly Row[];
  readonly json: (row: Row) => JsonObject;
  readonly position: (row: Row) => Position;
}): Answer & { readonly kind: 'found' } {
  const { context, request, rows, json } = options;
  const items = rows.slice(0, request.limit);
  return {
    kind: 'found',
    body: {
      items: items.map(json),
      nextCursor: nextCursor(options),
      asOf: request.asOf,
      visibleHeight: context.visible.height,
    },
  };
}

/** The rows of a page as CSV, and where the next begin. */
export function closeTable<Row>(options: {
  readonly request: PageRequest;
  readonly kind: CursorKind;
  readonly rows: readonly Row[];
  readonly position: (row: Row) => Position;
  readonly fileName: string;
  readonly columns: readonly Column<Row>[];
}): Answer {
  const { request, rows, fileName, columns } = options;
  const text = csv(columns, rows.slice(0, request.limit));
  const cursor = nextCursor(options);
  const next = cursor === null ? null : ({ name: 'cursor', value: cursor } as const);
  return { kind: 'table', fileName, text, next };
}

function nextCursor<Row>(options: {
  readonly request: PageRequest;
  readonly kind: CursorKind;
  readonly rows: readonly Row[];
  readonly position: (row: Row) => Position;
}): string | null {
  const { request, kind, rows, position } = options;
  if (rows.length <= request.limit) return null;
  return encodeCursor(kind, position(present(rows[request.limit - 1], 'last row of a page')));
}
