import { AssertionError } from '../../schemas/kernel/assert.js';

/**
 * What can go wrong between us and a Postgres server. `retriable` says whether the same call may
 * succeed later without anybody changing anything.
 */
export type PostgresErrorCode =
  /** The platform has no server binaries, or they cannot be run. */
  | 'binariesMissing'
  /** No user to run the server as, or it may not enter or own its folder. */
  | 'permission'
  /** Another process holds the data folder. */
  | 'folderInUse'
  /** Something else listens on the port. */
  | 'portTaken'
  /** No space left, in the server's folder or ours. */
  | 'diskFull'
  | 'outOfMemory'
  /** The folder points to a database that is gone. */
  | 'dataMissing'
  /** The data was written by another major version of the server. */
  | 'versionMismatch'
  /** initdb failed for another reason; the message ends with its own words. */
  | 'initFailed'
  /** The server ended while starting; the message ends with its own words. */
  | 'startFailed'
  | 'startTimeout'
  | 'stopTimeout'
  /** A server's settings or a role's rights do not allow a standby; the message names them. */
  | 'unsuited'
  /** A standby streams by this slot, or it is none for standbys. */
  | 'slotInUse'
  /** There is a database in the folder already. */
  | 'folderNotEmpty'
  /** Somebody wanted it to end. */
  | 'interrupted'
  /** pg_basebackup failed for another reason; the message ends with its own words. */
  | 'backupFailed'
  /** The old primary takes writes, or nobody can tell whether it does: two would. */
  | 'primaryAlive'
  /** No connection could be made, or it broke; the outcome of a running statement is unknown. */
  | 'unreachable'
  /** All of our own connections are in use: the server may be well. */
  | 'busy'
  /** Wrong password, unknown role or database. */
  | 'authentication'
  /** The server takes no writes now: its owner has stopped them, or it is a standby. */
  | 'readOnly'
  /** Deadlock, serialisation failure or a lock that was not got in time: nothing was written. */
  | 'contention'
  /** The statement took longer than its limit and was cancelled. */
  | 'timeout'
  /** A statement the server refused; `sqlState` says why. */
  | 'refused';

const RETRIABLE: ReadonlySet<PostgresErrorCode> = new Set([
  'folderInUse',
  'portTaken',
  'diskFull',
  'outOfMemory',
  'startTimeout',
  'stopTimeout',
  'unreachable',
  'busy',
  'readOnly',
  'contention',
  'timeout',
]);

/** The server's owner mends them: changes a password, gives a right. */
const MENDED_BY_OTHERS: ReadonlySet<PostgresErrorCode> = new Set(['authentication', 'permission']);

export class PostgresError extends Error {
  override readonly name = 'PostgresError';
  readonly code: PostgresErrorCode;
  readonly retriable: boolean;
  /** Not retriable, but somebody else may mend it: who starts says so and ends, who runs waits. */
  readonly mendedByOthers: boolean;
  /** The server's five-character code, where it gave one. */
  readonly sqlState: string | null;

  constructor(
    code: PostgresErrorCode,
    message: string,
    options: { cause?: unknown; sqlState?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retriable = RETRIABLE.has(code);
    this.mendedByOthers = MENDED_BY_OTHERS.has(code);
    this.sqlState = options.sqlState ?? null;
  }
}

/**
 * Classes and codes of the SQLSTATE table (PostgreSQL 18, appendix A) that mean more than a
 * refusal.
 */
const CODE_OF_SQL_STATE: ReadonlyMap<string, PostgresErrorCode> = new Map([
  ['08', 'unreachable'],
  ['25006', 'readOnly'],
  ['25P03', 'unreachable'], // idle in a transaction for longer than its owner lets anybody
  ['25P04', 'timeout'],
  ['28', 'authentication'],
  ['3D000', 'authentication'],
  ['40', 'contention'],
  ['42501', 'permission'],
  ['53100', 'diskFull'],
  ['53200', 'outOfMemory'],
  ['53', 'unreachable'],
  ['55P03', 'contention'],
  ['57014', 'timeout'],
  ['57P', 'unreachable'],
  ['58000', 'unreachable'], // the system under the server refused it something
  ['58030', 'diskFull'],
]);

/** What an operator looks at: the server's own words name the first statement that it refuses. */
const ADVICE: Partial<Record<PostgresErrorCode, string>> = {
  readOnly:
    'a standby, or a server that was set to take no writes: name the primary as DATABASE_URL; ' +
    '`nullspace standby status` says what a server is',
};

function codeOfSqlState(sqlState: string): PostgresErrorCode {
  for (const length of [5, 3, 2]) {
    const code = CODE_OF_SQL_STATE.get(sqlState.slice(0, length));
    if (code !== undefined) return code;
  }
  return 'refused';
}

/** Of a login that got no further: no password where one is asked for, a server without proof. */
const LOGIN_WORDS = /^SASL: |^Unknown authenticationOk message/;

/**
 * Everything else the driver throws is about the socket: errno codes, "Connection terminated",
 * "timeout exceeded when trying to connect", messages out of turn.
 */
const CONNECTION_WORDS = /connect|terminated|timeout|not queryable|message from backend/i;

/** A bug is no answer of a server's. Errors with a code are of the platform or the driver. */
function isBug(error: unknown): boolean {
  if (error instanceof AssertionError) return true;
  return (error instanceof TypeError || error instanceof RangeError) && !('code' in error);
}

/**
 * The typed form of whatever the driver threw. A PostgresError passes through; a bug is thrown as
 * it is. @throws AssertionError, TypeError, RangeError
 */
export function toPostgresError(error: unknown): PostgresError {
  if (isBug(error)) throw error;
  if (error instanceof PostgresError) return error;
  if (!(error instanceof Error)) {
    return new PostgresError('refused', `not an error: ${String(error)}`);
  }
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error) {
    const known = codeOfSqlState(code);
    const advice = ADVICE[known];
    const message = advice === undefined ? error.message : `${error.message} (${advice})`;
    const options = { cause: error, sqlState: code };
    return new PostgresError(known, `Postgres: ${message}`, options);
  }
  if (code === 'ENOSPC') return new PostgresError('diskFull', error.message, { cause: error });
  if (LOGIN_WORDS.test(error.message)) {
    return new PostgresError('authentication', `Postgres: ${error.message}`, { cause: error });
  }
  if (typeof code === 'string' || CONNECTION_WORDS.test(error.message)) {
    const message = `Postgres cannot be reached: ${error.message || String(code)}`;
    return new PostgresError('unreachable', message, { cause: error });
  }
  return new PostgresError('refused', `Postgres: ${error.message}`, { cause: error });
}

/** Retriable, and not of a statement but of the whole server. */
const SERVER_AWAY: ReadonlySet<PostgresErrorCode> = new Set([
  'unreachable',
  'diskFull',
  'outOfMemory',
]);

/**
 * The server cannot be asked now, by anybody or by this role: it is away, full, or lets nobody in.
 * Another one with the same rows can.
 */
export function isAway(error: unknown): boolean {
  const { code, mendedByOthers } = toPostgresError(error);
  return mendedByOthers || SERVER_AWAY.has(code);
}

/**
 * What a server or initdb wrote before it gave up, as a code; `otherwise` when it says nothing
 * known.
 */
export function codeOfServerOutput(text: string, otherwise: PostgresErrorCode): PostgresErrorCode {
  if (/No space left on device|Disk quota exceeded/i.test(text)) return 'diskFull';
  if (/Address already in use|could not create any TCP\/IP sockets/i.test(text)) return 'portTaken';
  if (/incompatible with (this version of PostgreSQL|server)/i.test(text)) return 'versionMismatch';
  if (/lock file ".*" already exists|pre-existing shared memory block/i.test(text)) {
    return 'folderInUse';
  }
  if (/Cannot allocate memory|out of memory/i.test(text)) return 'outOfMemory';
  if (/Permission denied|could not look up effective user|has wrong ownership/i.test(text)) {
    return 'permission';
  }
  return otherwise;
}

/** Before the first projector has started, its schema or tables are not there. */
export function isUnprojected(error: unknown): boolean {
  const state = toPostgresError(error).sqlState;
  return state === '42P01' || state === '3F000';
}
