import { concatBytes, readUint32, uint32, uint64 } from '../../schemas/kernel/bytes.js';

/** A place in a list: rows after it, in the list's order, are on the next page. */
export interface Position {
  readonly height: number;
  readonly executionIndex: number;
  readonly eventIndex: number;
}

/** Lists have their own cursors, so that one list's cursor is an error in another. */
export type CursorKind = 'blocks' | 'commands' | 'blockCommands' | 'history';

const KIND_BYTES: Readonly<Record<CursorKind, number>> = {
  blocks: 1,
  commands: 2,
  blockCommands: 3,
  history: 4,
};

/** RFC 4648 section 5, without padding. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const CURSOR_BYTES = 17;
const CURSOR_CHARACTERS = 23;

export function encodeCursor(kind: CursorKind, position: Position): string {
  const bytes = concatBytes(
    Uint8Array.of(KIND_BYTES[kind]),
    uint64(position.height),
    uint32(position.executionIndex),
    uint32(position.eventIndex),
  );
  let text = '';
  let bits = 0;
  let pending = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += ALPHABET[(pending >> bits) & 63];
    }
    pending &= (1 << bits) - 1;
  }
  return text + ALPHABET[(pending << (6 - bits)) & 63];
}

/** Null for anything that `encodeCursor` would not have written for this list. Total. */
export function decodeCursor(kind: CursorKind, text: string): Position | null {
  if (text.length !== CURSOR_CHARACTERS) return null;
  const bytes = new Uint8Array(CURSOR_BYTES);
  let length = 0;
  let bits = 0;
  let pending = 0;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return null;
    pending = (pending << 6) | digit;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = (pending >> bits) & 255;
    pending &= (1 << bits) - 1;
  }
  const height = readUint32(bytes, 1) * 2 ** 32 + readUint32(bytes, 5);
  if (!Number.isSafeInteger(height)) return null;
  const position = {
    height,
    executionIndex: readUint32(bytes, 9),
    eventIndex: readUint32(bytes, 13),
  };
  return encodeCursor(kind, position) === text ? position : null;
}
