import { createRequire } from 'node:module';

/** The part of sodium-native that we call; the package has no types of its own. */
export interface Sodium {
  /** True or false, or undefined when an argument lies in shared memory, which it cannot read. */
  crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ): boolean | undefined;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_hash_sha256(digest: Uint8Array, data: Uint8Array): void;
}

/** What loading gave: the library, or why this platform has none (then node:crypto serves). */
export type LoadedSodium =
  | { readonly sodium: Sodium; readonly reason: null }
  | { readonly sodium: null; readonly reason: string };

let loaded: LoadedSodium | null = null;

/** Loads sodium-native once. A missing or unloadable binary is an answer here, not an error. */
export function loadSodium(): LoadedSodium {
  loaded ??= load();
  return loaded;
}

function load(): LoadedSodium {
  try {
    return { sodium: createRequire(import.meta.url)('sodium-native') as Sodium, reason: null };
  } catch (error) {
    return { sodium: null, reason: error instanceof Error ? error.message : String(error) };
  }
}
