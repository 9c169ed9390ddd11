import type { RawRow, Sql, SqlSource, SqlValue, StartWakeups } from '../../query/ports.js';
import type { AdapterLog } from '../postgres/connection.js';
import {
  isAway,
  PostgresError,
  type PostgresErrorCode,
  toPostgresError,
} from '../postgres/errors.js';
import type { Metrics } from '../telemetry/metrics.js';
import { createHeightPace } from './heightPace.js';
import { openReadDatabase, type ReadDatabase } from './readDatabase.js';
import { type FollowedHeights, followHeights, type ReadHeights } from './readHeights.js';
import { createShownHeight } from './shownHeight.js';

/** One of a reader's databases, as its status tells of it. */
export interface DatabaseStatus {
  readonly database: string;
  readonly visibleHeight: number;
  /** Behind the newest that any of them has. */
  readonly lagHeights: number;
  readonly inUse: boolean;
  /** Why it was not reached, where it was not. */
  readonly failure: PostgresErrorCode | null;
}

/** Several databases with the tables of one chain, behind one visible height. */
export interface ReadDatabases {
  readonly sql: SqlSource;
  readonly heights: ReadHeights;
  status(): readonly DatabaseStatus[];
  close(): Promise<void>;
}

export interface ReadDatabasesOptions {
  readonly databases: readonly { readonly name: string; readonly url: string }[];
  readonly applicationName: string;
  readonly shard: number;
  /** Null: polls. */
  readonly wakeups: StartWakeups | null;
  readonly metrics: Metrics;
  readonly log: AdapterLog;
  /** Whether tables are of the reader's chain; null while they are empty. */
  readonly areOurs: (sql: Sql) => Promise<boolean | null>;
}

/** A database holds what another chain did: nothing of it may be told as this one's. */
export class ForeignTablesError extends Error {
  override readonly name = 'ForeignTablesError';
  readonly code = 'foreignTables';
  readonly retriable = false;

  constructor(database: string) {
    super(`${database} holds tables of another chain than that of the genesis file`);
  }
}

interface Member {
  readonly name: string;
  readonly database: ReadDatabase;
  /** Null until it was reached for the first time. */
  heights: FollowedHeights | null;
  reaching: Promise<void> | null;
  /** Why the last statement did not reach it; null when it did. */
  failure: PostgresError | null;
  /** In a row; the next knock waits longer after each. */
  failures: number;
  quietUntilMs: number;
  /** Null until it is known. */
  areOurs: boolean | null;
  checking: Promise<void> | null;
  /** It is asked. The only database is, whether it answers or not. */
  inUse: boolean;
  /** It is asked, and answers. */
  serves: boolean;
  running: number;
}

/** A database that lacks what another one had this long ago is left out. */
const LAG_MS_MAX = 2_000;
/** What was shown and no database has any more is waited for this long; then answers go back. */
const BACK_MS = 5_000;
const LOOK_MS = 250;
/** A server that lets nobody in is not knocked at without pause: that fills its log. */
const QUIET_MS = { min: 100, max: 1_000, maxOfLogins: 5_000 } as const;
/** Tables whose height could not be read for so long are held up by a lock, not by the question. */
const HELD_UP_MS = 1_000;

/** That a database is away is said once, when it is left out, and not after every look at it. */
function quieter(log: AdapterLog): AdapterLog {
  const debug = log.debug.bind(log);
  return { debug, info: log.info.bind(log), warn: debug, error: log.error.bind(log) };
}

/** What has no heights has nothing of another chain either. */
const mayBeAsked = (member: Member): boolean =>
  member.heights !== null && (member.areOurs === true || heightOf(member) === 0);
const answers = ({ failure, heights }: Member): boolean =>
  failure === null && heights?.isFresh() === true;
const heightOf = ({ heights }: Member): number => heights?.current().height ?? 0;

/**
 * The visible height is the lowest of the databases in use, so that each of them can answer
 * everything, and has all that was ever shown: the loss of one takes nothing back. In use are those
 * that answer, have what was shown, and have what the newest had LAG_MS_MAX ago.
 * @throws PostgresError when none can be reached at the start
 */
export async function openReadDatabases(options: ReadDatabasesOptions): Promise<ReadDatabases> {
  const databases = new RoutedDatabases(options);
  try {
    await databases.start();
  } catch (error) {
    await databases.close();
    throw error;
  }
  return databases;
}

class RoutedDatabases implements ReadDatabases {
  readonly #options: ReadDatabasesOptions;
  readonly #members: readonly Member[];
  readonly #shown = createShownHeight();
  readonly #wakes = new Set<(height: number) => void>();
  readonly #wakeups: ReturnType<StartWakeups> | null;
  readonly #timer: NodeJS.Timeout;
  #pace = createHeightPace();
  /** Since when nothing that answers has what was shown. */
  #lostAtMs: number | null = null;
  #turn = 0;
  #isClosed = false;

  constructor(options: ReadDatabasesOptions) {
    this.#options = options;
    const { applicationName, log } = options;
    this.#members = options.databases.map(({ name, url }) => ({
      ...{ name, database: openReadDatabase({ url, applicationName, log }) },
      ...{ heights: null, reaching: null, failure: null, failures: 0, quietUntilMs: 0 },
      ...{ areOurs: null, checking: null, inUse: false, serves: false, running: 0 },
    }));
    const wakeAll = (height: number): void => {
      for (const wake of this.#wakes) wake(height);
    };
    this.#wakeups = options.wakeups?.(wakeAll) ?? null;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  async start(): Promise<void> {
    this.#look();
    await Promise.all(this.#members.map(({ reaching }) => reaching));
    this.#look();
    await Promise.all(this.#members.map(({ checking }) => checking));
    const foreign = this.#members.find(({ areOurs }) => areOurs === false);
    if (foreign !== undefined) throw new ForeignTablesError(foreign.name);
    if (this.#members.every(({ heights }) => heights === null)) {
      throw toPostgresError(this.#members[0]?.failure);
    }
    for (const { name: database, heights, failure: err } of this.#members) {
      if (heights === null) this.#options.log.warn({ database, err }, 'a database is left out');
    }
  }

  readonly sql: SqlSource = { at: (height) => this.#at(height) };

  readonly heights: ReadHeights = {
    ...this.#shown,
    isFresh: () =>
      this.#members.some((member) => mayBeAsked(member) && member.heights?.isFresh() === true),
    hasTables: () =>
      this.#members.some((member) => mayBeAsked(member) && member.heights?.hasTables() === true),
    tables: () => {
      // Any of them may make the next answer: each of their tables has a part in its tag.
      const used = this.#members.filter(({ inUse }) => inUse);
      const all = new Set(used.map(({ heights }) => heights?.tables() ?? ''));
      return [...all].sort().join('+');
    },
    close: () => this.close(),
  };

  status(): DatabaseStatus[] {
    const newest = Math.max(...this.#members.map(heightOf));
    return this.#members.map((member) => {
      const visibleHeight = heightOf(member);
      const lagHeights = newest - visibleHeight;
      const failure = member.failure?.code ?? null;
      return { database: member.name, visibleHeight, lagHeights, inUse: member.serves, failure };
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#wakeups?.close();
    for (const { heights, reaching, checking, database } of this.#members) {
      await reaching;
      await checking;
      await heights?.close();
      await database.close();
    }
    this.#shown.end();
  }

  async #reach(member: Member): Promise<void> {
    const { shard, wakeups, log } = this.#options;
    const shared: StartWakeups = (wake) => {
      this.#wakes.add(wake);
      return { close: async () => void this.#wakes.delete(wake) };
    };
    const sql = this.#quietly(member);
    const own = { sql, shard, wakeups: wakeups === null ? null : shared };
    const heights = await followHeights({ ...own, log: quieter(log) });
    heights.onChange(() => this.#look());
    member.heights = heights;
  }

  async #ask(
    member: Member,
    text: string,
    values: readonly SqlValue[],
    by: Sql = member.database,
  ): Promise<readonly RawRow[]> {
    member.running += 1;
    try {
      const rows = await by.rows(text, values);
      this.#note(member, null);
      return rows;
    } catch (error) {
      const typed = toPostgresError(error);
      if (typed.code !== 'busy') this.#note(member, isAway(typed) ? typed : null);
      throw error;
    } finally {
      member.running -= 1;
    }
  }

  /** Its connections may live on while it lets no new ones in: then it rests before it serves. */
  #note(member: Member, failure: PostgresError | null): void {
    const nowMs = performance.now();
    if (failure === null) {
      if (member.failure === null || nowMs < member.quietUntilMs) return;
      member.failures = 0;
    } else if (nowMs >= member.quietUntilMs) {
      const max = failure.code === 'authentication' ? QUIET_MS.maxOfLogins : QUIET_MS.max;
      member.quietUntilMs = nowMs + Math.min(QUIET_MS.min * 2 ** member.failures, max);
      member.failures += 1;
    }
    const before = member.failure;
    member.failure = failure;
    if ((before === null) !== (failure === null)) this.#look();
    else if (before?.code !== failure?.code) {
      const { name: database } = member;
      this.#options.log.warn({ database, err: failure }, 'a database is away for another reason');
    }
  }

  /** For what asks by itself, again and again. */
  #quietly(member: Member): Sql {
    return {
      rows: async (text, values) => {
        const { failure, quietUntilMs } = member;
        if (failure !== null && performance.now() < quietUntilMs) throw failure;
        return await this.#ask(member, text, values, member.database.watch);
      },
    };
  }

  /** One database for all reads of an answer, and another for what fails on it. */
  #at(height: number): Sql {
    let member = this.#choose(height);
    return {
      rows: async (text, values) => {
        member ??= this.#choose(height);
        if (member === null) {
          const message = `no database that answers has height ${height}`;
          throw new PostgresError('unreachable', message);
        }
        const first = member;
        try {
          return await this.#ask(first, text, values);
        } catch (error) {
          const other = this.#afterFailure(error, height, first);
          if (other === null) throw error;
          this.#options.metrics.count('reader_database_retries_total', { database: first.name });
          member = other;
          return await this.#ask(other, text, values);
        }
      },
    };
  }

  /**
   * A standby cancels what stands in the way of its replay, as a conflict: repeated at worst. One
   * whose replay waits for a lock holds up all that comes behind that; others may not.
   */
  #afterFailure(error: unknown, height: number, failed: Member): Member | null {
    const { code } = toPostgresError(error);
    const isHeldUp = code === 'timeout' && (failed.heights?.ageMs() ?? 0) > HELD_UP_MS;
    const isElsewhere = isAway(error) || isHeldUp || code === 'busy';
    if (!isElsewhere && code !== 'contention') return null;
    return this.#choose(height, failed) ?? (code === 'contention' ? failed : null);
  }

  /** The least busy of those in use that have the height; in turn, where they are equal. */
  #choose(height: number, besides?: Member): Member | null {
    this.#turn += 1;
    const count = this.#members.length;
    let best: Member | null = null;
    for (let index = 0; index < count; index++) {
      const member = this.#members[(index + this.#turn) % count]!;
      if (!member.inUse || member === besides || heightOf(member) < height) continue;
      if (best === null || member.running < best.running) best = member;
    }
    return best;
  }

  /** Decides which are in use, and what is visible. */
  #look(): void {
    if (this.#isClosed) return;
    for (const member of this.#members) {
      this.#reachLater(member);
      this.#checkLater(member);
    }
    const nowMs = performance.now();
    const isAlone = this.#members.length === 1;
    const answering = this.#members.filter(
      (member) => mayBeAsked(member) && (isAlone || answers(member)),
    );
    const used = answering.length === 0 ? [] : this.#usable(answering, nowMs);
    for (const member of this.#members) this.#use(member, used.includes(member));
    const [lowest] = used.toSorted((a, b) => heightOf(a) - heightOf(b));
    if (lowest?.heights) this.#shown.show(lowest.heights.current());
  }

  #reachLater(member: Member): void {
    if (member.heights !== null || member.reaching !== null) return;
    if (performance.now() < member.quietUntilMs) return;
    const { log } = this.#options;
    member.reaching = this.#reach(member)
      .catch((error: unknown) => {
        member.failure ??= toPostgresError(error);
        log.debug({ err: error, database: member.name }, 'a database cannot be reached yet');
      })
      .finally(() => {
        member.reaching = null;
      });
  }

  /** Once it has something to tell whose tables they are by. */
  #checkLater(member: Member): void {
    if (member.areOurs !== null || member.checking !== null || heightOf(member) === 0) return;
    const { log, areOurs } = this.#options;
    const sql = this.#quietly(member);
    member.checking = areOurs(sql)
      .then((are) => {
        member.areOurs = are;
        if (are === false) log.error({}, new ForeignTablesError(member.name).message);
        if (are === true) this.#look();
      })
      .catch((error: unknown) => {
        log.debug({ err: error, database: member.name }, 'whose tables they are is not known yet');
      })
      .finally(() => {
        member.checking = null;
      });
  }

  #usable(answering: readonly Member[], nowMs: number): readonly Member[] {
    const newest = Math.max(...answering.map(heightOf));
    this.#pace.note(newest, nowMs);
    const shown = this.#shown.current().height;
    const needed = Math.max(shown, Math.min(newest, this.#pace.at(nowMs - LAG_MS_MAX)));
    if (newest >= shown) {
      this.#lostAtMs = null;
      return answering.filter((member) => heightOf(member) >= needed);
    }
    // What was shown is nowhere; a database that does not answer may come back with it.
    this.#lostAtMs ??= nowMs;
    const isAway = answering.length < this.#members.length;
    if (isAway && nowMs - this.#lostAtMs < BACK_MS) return [];
    this.#options.log.warn({ from: shown, to: newest }, 'the visible height goes back');
    this.#lostAtMs = null;
    this.#pace = createHeightPace();
    return answering.filter((member) => heightOf(member) === newest);
  }

  #use(member: Member, inUse: boolean): void {
    const { metrics, log } = this.#options;
    const { name: database } = member;
    const height = heightOf(member);
    const lag = Math.max(...this.#members.map(heightOf)) - height;
    metrics.gauge('reader_database_visible_height', height, { database });
    metrics.gauge('reader_database_lag_heights', lag, { database });
    const serves = inUse && answers(member);
    metrics.gauge('reader_database_in_use', serves ? 1 : 0, { database });
    member.inUse = inUse;
    if (member.serves === serves) return;
    member.serves = serves;
    if (serves) log.info({ database, height }, 'the database is in use');
    else {
      const { failure: err } = member;
      const what = inUse ? 'the only database does not answer' : 'a database is left out';
      log.warn({ database, height, lag, answers: answers(member), err: err ?? undefined }, what);
    }
  }
}
