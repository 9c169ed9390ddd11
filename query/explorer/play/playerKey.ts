import { publicKeyOf, SEED_BYTES } from '../../../schemas/crypto/ed25519.js';
import { parseHex, toHex } from '../../../schemas/kernel/bytes.js';

/** The key of the player of this browser. It is kept here and nowhere else. */
const STORED = 'nullspace.player-seed';

/** Names the form of an exported key. */
const KIND = 'nullspace player key';

function seedOf(hex: string): Uint8Array | null {
  const seed = parseHex(hex.trim());
  return seed !== null && seed.length === SEED_BYTES ? seed : null;
}

export function storedSeed(): Uint8Array | null {
  return seedOf(localStorage.getItem(STORED) ?? '');
}

export function storeSeed(seed: Uint8Array): void {
  localStorage.setItem(STORED, toHex(seed));
}

export function forgetSeed(): void {
  localStorage.removeItem(STORED);
}

export function newSeed(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(SEED_BYTES));
}

/** What is saved as a file: whoever holds it plays with this account's chips. */
export function exportedKey(seed: Uint8Array): string {
  const account = toHex(publicKeyOf(seed));
  return `${JSON.stringify({ kind: KIND, account, seed: toHex(seed) }, null, 2)}\n`;
}

/** The seed in an exported file or in 64 pasted digits; a text says what is wrong. */
export function importedSeed(text: string): Uint8Array | string {
  const bare = seedOf(text);
  if (bare !== null) return bare;
  let json: { readonly kind?: unknown; readonly seed?: unknown; readonly account?: unknown };
  try {
    json = JSON.parse(text) as typeof json;
  } catch (error) {
    if (error instanceof SyntaxError) return 'neither a saved key nor 64 hex digits';
    throw error;
  }
  const seed = seedOf(String(json?.seed ?? ''));
  if (json?.kind !== KIND || seed === null) return 'this file holds no player key';
  if (toHex(publicKeyOf(seed)) !== json.account) return 'seed and account do not belong together';
  return seed;
}
