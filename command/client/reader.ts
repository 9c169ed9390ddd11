import {
  isAccount,
  isBlock,
  isBlockByTime,
  isCommand,
  isEpochs,
  isFullBlock,
  isFullCommand,
  isGame,
  isHistoryRow,
  isHolder,
  isPageOf,
  isSearchAnswer,
  isSeries,
  isStateAnswer,
  isStats,
  isStatus,
  isValidators,
} from './answerShapes.js';
import type {
  Account,
  Block,
  Command,
  Epochs,
  FullBlock,
  FullCommand,
  Game,
  HistoryRow,
  Holder,
  Page,
  ReadersWord,
  SearchAnswer,
  SeriesAnswer,
  SeriesName,
  StateAnswer,
  Stats,
  Status,
  Validators,
} from './answers.js';
import type { ClientSignal } from './ports.js';
import { ReaderError } from './readerError.js';
import { type Prove, type Readers, type ReadWorld, readersOf, readJson } from './readJson.js';
import { anything, type Check } from './shapes.js';

/** So much of a wrong key is repeated in the error. */
const KEY_SHOWN_MAX = 80;

type Value = string | number | boolean | undefined;
type Query = Readonly<Record<string, Value>>;

/** Whoever aborts `signal` waits no longer: the call rejects with its reason. */
export interface Abortable {
  readonly signal?: ClientSignal | undefined;
}

/** Waits until the height can be read: what one was told was executed. */
export interface AtLeast extends Abortable {
  readonly minHeight?: number;
}

/**
 * Looks at an answer before it is taken: throws UnprovenError, and the next reader is asked, or
 * ReaderError with `notYetVisible`, and it is asked for again.
 */
export interface Proving<T> extends Abortable {
  readonly prove?: Prove<T> | undefined;
}

/** Pins what an answer is of: it never changes. */
export interface AsOf extends AtLeast {
  readonly asOf?: number;
}

/** Rows of a list; `limit` is that of a page, more are read as they are asked for. */
export interface ListQuery extends AsOf {
  readonly fromHeight?: number;
  readonly limit?: number;
}

export interface CommandQuery extends ListQuery {
  readonly kind?: string;
  readonly status?: 'executed' | 'refused';
}

/** Buckets of block time, the newest last: `points` of them up to `untilMs`, else up to now. */
export interface SeriesQuery {
  readonly span?: 'minute' | 'hour' | 'day';
  /** Of them, the last up to `untilMs`, or the first from `fromMs` on. */
  readonly points?: number;
  /**
   * The bucket that it lies in is the first, but none before the first block: a whole series is
   * read from `fromMs: 0` on, each time with `nextFromMs` of the answer before, until that is null.
   */
  readonly fromMs?: number;
  /** The bucket that it lies in is the last; default: the reader's block time. */
  readonly untilMs?: number;
  /** Of amounts; else the first of genesis. */
  readonly asset?: number;
}

/**
 * The read API, typed. All that it gives is a reader's word (`ReadersWord`): of the right form, and
 * true if the reader is honest. Keys and ids are hex; what is none is refused (`badParameter`) and
 * not asked for. Every call rejects with ReaderError, or with
 * the reason of its signal.
 */
export interface Reader {
  /** Genesis in JSON form: openTrust makes of it what is believed. */
  genesis(proving?: Proving<object>): Promise<ReadersWord<object>>;
  epochs(proving?: Proving<Epochs>): Promise<ReadersWord<Epochs>>;
  account(account: string, at?: AsOf): Promise<ReadersWord<Account>>;
  block(
    heightOrDigest: number | string,
    at?: AtLeast & Proving<FullBlock>,
  ): Promise<ReadersWord<FullBlock>>;
  command(id: string, at?: AtLeast & Proving<FullCommand>): Promise<ReadersWord<FullCommand>>;
  /** `key`: hex of a framed StateKey. `height`: one of the last 64, 0 the newest. */
  state(
    key: string,
    height?: number,
    proving?: Proving<StateAnswer>,
  ): Promise<ReadersWord<StateAnswer>>;
  search(q: string, options?: Abortable): Promise<ReadersWord<SearchAnswer>>;
  /** Newest first, page by page, as the rows are taken. */
  history(account: string, query?: ListQuery & { asset?: number }): Rows<HistoryRow>;
  blocks(query?: ListQuery & { nonEmpty?: boolean }): Rows<Block>;
  commands(query?: CommandQuery & { account?: string }): Rows<Command>;
  games(query?: ListQuery & { account?: string; game?: string; status?: string }): Rows<Game>;
  /** In the order of their execution. */
  blockCommands(heightOrDigest: number | string, options?: Abortable): Rows<Command>;
  /** Totals, the pace of the last blocks, and the last hours (24, if not said otherwise). */
  stats(query?: Abortable & { readonly hours?: number }): Promise<ReadersWord<Stats>>;
  series(name: SeriesName, query?: SeriesQuery): Promise<ReadersWord<SeriesAnswer>>;
  validators(options?: Abortable): Promise<ReadersWord<Validators>>;
  /** How far the tables are that the reader answers from. */
  status(options?: Abortable): Promise<ReadersWord<Status>>;
  /** Who holds an asset, the largest first; in a ranking that moves an account may come twice. */
  holders(query?: AtLeast & { asset?: number; limit?: number }): Rows<Holder>;
  /** The last block whose time is not after this one. */
  blockByTime(timestampMs: number, at?: AtLeast): Promise<ReadersWord<Block>>;
}

export type Rows<T> = AsyncIterable<ReadersWord<T>>;

/**
 * `urls`: of one reader or of several of the same chain; '' is the page's own origin.
 * @throws Error when there is no URL, or one that is none
 */
export function openReader(urls: string | readonly string[], world: ReadWorld): Reader {
  const readers = readersOf(urls, world);
  const get = async <T>(
    route: string,
    shape: Check,
    at: object = {},
    key?: Key,
  ): Promise<ReadersWord<T>> => {
    const { prove, signal, ...query } = at as Query & Proving<T>;
    const path = withQuery(pathOf(route, key), query);
    return readJson<T>(readers, path, {
      ...{ hasShape: isAtLeast(shape, query.minHeight), prove, signal },
    });
  };
  const list = <T>(route: string, shape: Check, query: object = {}, key?: Key): Rows<T> =>
    rowsOf<T>(readers, { route, key }, shape, query as Query & Abortable);
  return {
    genesis: (proving) => get('/genesis', anything, proving),
    epochs: (proving) => get('/epochs', isEpochs, proving),
    account: (account, at) => get('/account/:key', isAccount, at, account),
    block: (block, at) => get('/explorer/blocks/:key', isFullBlock, at, block),
    command: (id, at) => get('/explorer/commands/:key', isFullCommand, at, id),
    state: (key, height, proving) => get('/state/:key', isStateAnswer, { height, ...proving }, key),
    search: (q, options) => get('/explorer/search', isSearchAnswer, { ...options, q }),
    history: (account, query) =>
      list('/explorer/accounts/:key/history', isHistoryRow, query, account),
    blocks: (query) => list('/explorer/blocks', isBlock, query),
    commands: (query) => list('/explorer/commands', isCommand, query),
    games: (query) => list('/explorer/games', isGame, query),
    blockCommands: (block, options) =>
      list('/explorer/blocks/:key/commands', isCommand, options, block),
    stats: (query) => get('/explorer/stats', isStats, query),
    series: async (name, query) => get(`/explorer/stats/${plain(name)}`, isSeries, query),
    validators: (options) => get('/explorer/validators', isValidators, options),
    status: (options) => get('/explorer/status', isStatus, options),
    holders: (query) => list('/explorer/accounts', isHolder, query),
    blockByTime: async (timestampMs, at) => {
      const route = '/explorer/block-by-time/:key';
      type Found = { readonly block: ReadersWord<Block> };
      return (await get<Found>(route, isBlockByTime, at, timestampMs)).block;
    },
  };
}

/** A reader that shows less than it was asked for has not understood. */
function isAtLeast(shape: Check, minHeight: Value): Check {
  const least = typeof minHeight === 'number' ? minHeight : 0;
  return (value) =>
    shape(value) && ((value as { visibleHeight?: number }).visibleHeight ?? least) >= least;
}

type Key = string | number;

/** Keys, digests and ids are hex and heights digits: so nothing else can become part of a path. */
function pathOf(route: string, key: Key | undefined): string {
  if (!route.includes(':key')) return route;
  const text = String(key);
  if (/^[0-9a-fA-F]+$/.test(text)) return route.replace(':key', text);
  const said = `expected hex or a height, not '${text.slice(0, KEY_SHOWN_MAX)}'`;
  throw new ReaderError('badParameter', route, said);
}

/** A name of letters; nothing else can become part of a path. */
function plain(name: string): string {
  if (/^[a-zA-Z]+$/.test(name)) return name;
  const said = `expected the name of a series, not '${name.slice(0, KEY_SHOWN_MAX)}'`;
  throw new ReaderError('badParameter', '/explorer/stats', said);
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const texts = given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return texts.length === 0 ? path : `${path}?${texts.join('&')}`;
}

/**
 * All rows of a list; one page is held at a time. A cursor may stand above what another reader
 * shows: from its own top on that one would leave rows out. So the pages of a list that is not
 * pinned are of rising heights, and a reader that is behind waits, or another one is asked.
 */
async function* rowsOf<T>(
  readers: Readers,
  { route, key }: { readonly route: string; readonly key: Key | undefined },
  isRow: Check,
  { signal, ...query }: Query & Abortable,
): AsyncGenerator<ReadersWord<T>, void, undefined> {
  const path = pathOf(route, key);
  const isPage = isAtLeast(isPageOf(isRow), query.minHeight);
  const isPinned = query.asOf !== undefined;
  let shown = 0;
  const isNoneBehind: Check = (value) =>
    isPage(value) && (isPinned || (value as Page<T>).visibleHeight >= shown);
  for (let cursor: string | undefined; ; ) {
    const more = cursor === undefined ? {} : { ...(isPinned ? {} : { minHeight: shown }), cursor };
    const asked = withQuery(path, { ...query, ...more });
    const page: Page<ReadersWord<T>> = await readJson(readers, asked, {
      ...{ hasShape: isNoneBehind, signal },
    });
    yield* page.items;
    if (page.nextCursor === null) return;
    if (page.nextCursor === cursor || page.items.length === 0) {
      throw new ReaderError('malformed', path, 'a page that leads nowhere');
    }
    cursor = page.nextCursor;
    shown = Math.max(shown, page.visibleHeight);
  }
}
