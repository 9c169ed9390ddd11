import { present } from '../../../schemas/kernel/assert.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import { type Cell, type Changeable, emptyCell } from './cell.js';
import { type Changes, ownValue, write } from './changes.js';

/**
 * What the engine holds in memory about one key: its cells, found without hashing. Maps are made
 * when first needed, since most accounts have no session, request or game.
 */
export interface AccountEntry {
  readonly publicKey: Uint8Array;
  /** Of its events. */
  readonly partition: number;
  readonly cell: Cell<'AccountValue'>;
  /** By authorization number. */
  lanes: Map<number, LaneEntry> | null;
  /** By hex of the request's id. */
  requests: Map<string, Cell<'RequestValue'>> | null;
  /** By the account's game number. */
  games: Map<number, Cell<'HiLoValue'>> | null;
}

/** The account's value, to be changed by the current command. There must be one. */
export function accountToChange(
  changes: Changes,
  { cell }: AccountEntry,
): Changeable<'AccountValue'> {
  const own = ownValue(changes, cell);
  if (own !== null) return own;
  const value = present(cell.value, 'account');
  // Field by field: a spread costs a microsecond here.
  const copy = {
    kind: value.kind,
    balances: value.balances,
    nextNonce: value.nextNonce,
    nextAuthorization: value.nextAuthorization,
    nextGame: value.nextGame,
    nextKeySequence: value.nextKeySequence,
    faucetClaimedAtMs: value.faucetClaimedAtMs,
  };
  write(changes, cell, copy);
  return copy;
}

export interface LaneEntry {
  readonly signer: Uint8Array;
  readonly authorization: number;
  readonly cell: Cell<'LaneValue'>;
}

export function newAccountEntry(publicKey: Uint8Array, partition: number): AccountEntry {
  const cell = emptyCell<'AccountValue'>({ kind: 'AccountKey', account: publicKey });
  return { publicKey, partition, cell, lanes: null, requests: null, games: null };
}

/** The lane's place, made when there is none. */
export function laneEntry(
  entry: AccountEntry,
  signer: Uint8Array,
  authorization: number,
): LaneEntry {
  entry.lanes ??= new Map();
  const known = entry.lanes.get(authorization);
  if (known !== undefined) return known;
  const account = entry.publicKey;
  const cell = emptyCell<'LaneValue'>({ kind: 'LaneKey', account, signer, authorization });
  const lane = { signer, authorization, cell };
  entry.lanes.set(authorization, lane);
  return lane;
}

/** The request's place, made when there is none. */
export function requestCell(entry: AccountEntry, id: Uint8Array): Cell<'RequestValue'> {
  entry.requests ??= new Map();
  const name = toHex(id);
  const known = entry.requests.get(name);
  if (known !== undefined) return known;
  const cell = emptyCell<'RequestValue'>({ kind: 'RequestKey', account: entry.publicKey, id });
  entry.requests.set(name, cell);
  return cell;
}

/** The game's place, made when there is none. */
export function gameCell(entry: AccountEntry, game: number): Cell<'HiLoValue'> {
  entry.games ??= new Map();
  const known = entry.games.get(game);
  if (known !== undefined) return known;
  const cell = emptyCell<'HiLoValue'>({ kind: 'GameKey', account: entry.publicKey, game });
  entry.games.set(game, cell);
  return cell;
}
