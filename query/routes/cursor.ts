import { concatBytes, readUint32, uint32, uint64 } from '../../schemas/kernel/bytes.js';
import { decodeBase64Url, encodeBase64Url } from './base64Url.js';

/** A place in a list: rows after it, in the list's order, are on the next page. */
export interface Position {
  readonly height: number;
  readonly executionIndex: number;
  readonly eventIndex: number;
}

/** A place in a ranking of accounts by what they hold. */
export interface Rank {
  readonly balance: bigint;
  readonly account: Uint8Array;
}

/** Lists have their own cursors, so that one list's cursor is an error in another. */
export type CursorKind = 'blocks' | 'commands' | 'blockCommands' | 'history' | 'games';

const KIND_BYTES: Readonly<Record<CursorKind, number>> = {
  blocks: 1,
  commands: 2,
  blockCommands: 3,
  history: 4,
  games: 5,
};
const RANK_BYTE = 6;
const CURSOR_BYTES = 1 + 8 + 4 + 4;
const ACCOUNT_BYTES = 32;
const RANK_BYTES = 1 + 8 + ACCOUNT_BYTES;
const INT8_MAX = 2n ** 63n - 1n;

export function encodeCursor(kind: CursorKind, position: Position): string {
  const bytes = concatBytes(
    Uint8Array.of(KIND_BYTES[kind]),
    uint64(position.height),
    uint32(position.executionIndex),
    uint32(position.eventIndex),
  );
  return encodeBase64Url(bytes);
}

/** Null for anything that `encodeCursor` would not have written for this list. Total. */
export function decodeCursor(kind: CursorKind, text: string): Position | null {
  const bytes = decodeBase64Url(text, CURSOR_BYTES);
  if (bytes === null || bytes[0] !== KIND_BYTES[kind]) return null;
  const height = readUint32(bytes, 1) * 2 ** 32 + readUint32(bytes, 5);
  if (!Number.isSafeInteger(height)) return null;
  return { height, executionIndex: readUint32(bytes, 9), eventIndex: readUint32(bytes, 13) };
}

export function encodeRank({ balance, account }: Rank): string {
  return encodeBase64Url(concatBytes(Uint8Array.of(RANK_BYTE), uint64(balance), account));
}

/** Null for anything that `encodeRank` would not have written. Total. */
export function decodeRank(text: string): Rank | null {
  const bytes = decodeBase64Url(text, RANK_BYTES);
  if (bytes === null || bytes[0] !== RANK_BYTE) return null;
  const balance = (BigInt(readUint32(bytes, 1)) << 32n) + BigInt(readUint32(bytes, 5));
  if (balance > INT8_MAX) return null;
  return { balance, account: bytes.slice(1 + 8) };
}
