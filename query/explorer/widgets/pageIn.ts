export interface PageAt {
  /** 0 is the first page. */
  readonly index: number;
  /** Null: the first page. */
  readonly cursor: string | null;
  /** Cursors that led to the page before this one; null where nobody knows them. */
  readonly before: readonly string[] | null;
}

/** What the address says of the first page of a list: nothing. */
export const FIRST_PAGE = { cursor: null, page: null } as const;

/** What an address says besides the page of a list. */
export function queryOfFirstPage(search: string): string {
  const query = new URLSearchParams(search);
  for (const name of Object.keys(FIRST_PAGE)) query.delete(name);
  return query.size === 0 ? '' : `?${query}`;
}

const FIRST: PageAt = { index: 0, cursor: null, before: [] };

/**
 * Which page of a list the address names. `state` is what the history keeps beside the address: one
 * that came from elsewhere has none, and the way back is not known ('' in a way that began there).
 */
export function pageIn(query: URLSearchParams, state: unknown): PageAt {
  const cursor = query.get('cursor');
  if (cursor === null || cursor === '') return FIRST;
  const page = query.get('page') ?? '';
  const index = /^[1-9][0-9]{0,8}$/.test(page) ? Math.max(1, Number(page) - 1) : 1;
  const { cursors } = (state ?? {}) as { readonly cursors?: readonly string[] };
  const isTrail = Array.isArray(cursors) && cursors.length === index && cursors.at(-1) === cursor;
  const before =
    isTrail && cursors?.at(-2) !== '' ? (cursors as readonly string[]).slice(0, -1) : null;
  // From the second page back is the first one, which has no cursor.
  if (before === null && index === 1) return { index, cursor, before: [] };
  return { index, cursor, before };
}
