import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { z } from 'zod';
import { assertBeaconSecret, BEACON_SECRET_BYTES } from '../../schemas/crypto/bls.js';
import { publicKeyOf, SEED_BYTES } from '../../schemas/crypto/ed25519.js';
import { assert } from '../../schemas/kernel/assert.js';
import { equalBytes, fromHex, toHex } from '../../schemas/kernel/bytes.js';
import { KEY_FILE_BYTES_MAX } from '../../schemas/limits.js';

/** The keys of one validator, player, admin or gateway. */
export interface KeyFile {
  /** Ed25519, RFC 8032 seed, 32 bytes. */
  readonly seed: Uint8Array;
  /** Derived from the seed, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** A validator's share of the beacon's secret, 32 bytes; null for everybody else. */
  readonly beaconShare: Uint8Array | null;
}

export type KeyFileErrorCode =
  /** There is no such file. */
  | 'key-file-missing'
  /** Writing found a file there; keys are never overwritten. */
  | 'key-file-exists'
  /** Others than the owner may read or write it. */
  | 'key-file-exposed'
  /** Not JSON of this format, or a public key that is not the seed's. */
  | 'key-file-malformed'
  /** The operating system refused; `cause` says why. */
  | 'key-file-unreadable';

/** Never retriable: somebody has to put the file right first. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
  readonly retriable = false;

  constructor(
    readonly code: KeyFileErrorCode,
    readonly path: string,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${path}: ${message}`, options);
  }
}

const FORMAT = 'nullspace-key-1';
const OWNER_ONLY = 0o600;
const ACCESS_OF_OTHERS = 0o077;

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  publicKey: hexOf(SEED_BYTES),
  seed: hexOf(SEED_BYTES),
  beaconShare: hexOf(BEACON_SECRET_BYTES).optional(),
});

/** Keys of a seed made of 32 bytes from the caller's source of randomness. */
export function keysOf(seed: Uint8Array, beaconShare: Uint8Array | null = null): KeyFile {
  if (beaconShare !== null) assertBeaconSecret(beaconShare);
  return { seed: Uint8Array.from(seed), publicKey: publicKeyOf(seed), beaconShare };
}

/** Creates the file, readable by its owner only, synced to disk. Throws KeyFileError. */
export function writeKeyFile(path: string, keys: KeyFile): void {
  assert(equalBytes(keys.publicKey, publicKeyOf(keys.seed)), 'public key of another seed');
  const content = {
    format: FORMAT,
    publicKey: toHex(keys.publicKey),
    seed: toHex(keys.seed),
    ...(keys.beaconShare === null ? {} : { beaconShare: toHex(keys.beaconShare) }),
  };
  guarded(path, () => {
    const file = openSync(path, 'wx', OWNER_ONLY);
    try {
      writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    chmodSync(path, OWNER_ONLY); // The umask can only have taken rights away; this states them.
  });
}

/** Reads and checks a key file. Throws KeyFileError; its messages never quote the content. */
export function readKeyFile(path: string): KeyFile {
  const text = guarded(path, () => {
    const { mode, size } = statSync(path);
    if ((mode & ACCESS_OF_OTHERS) !== 0) {
      const message = `others may access it (mode ${(mode & 0o777).toString(8)}); chmod 600 it`;
      throw new KeyFileError('key-file-exposed', path, message);
    }
    if (size > KEY_FILE_BYTES_MAX) throw malformed(path, `${size} bytes are too many`);
    return readFileSync(path, 'utf8');
  });
  const parsed = fileSchema.safeParse(parseJson(path, text));
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.') || issue.code);
    throw malformed(path, `wrong: ${fields.join(', ')}`);
  }
  const seed = fromHex(parsed.data.seed);
  const publicKey = publicKeyOf(seed);
  if (toHex(publicKey) !== parsed.data.publicKey) {
    throw malformed(path, 'the public key is not that of the seed');
  }
  const share = parsed.data.beaconShare;
  return { seed, publicKey, beaconShare: share === undefined ? null : parseShare(path, share) };
}

function parseShare(path: string, hex: string): Uint8Array {
  const share = fromHex(hex);
  try {
    assertBeaconSecret(share);
  } catch (cause) {
    throw malformed(path, 'the beacon share is out of range', cause);
  }
  return share;
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Node's message quotes the text, and the text holds a secret: so no cause.
    throw malformed(path, 'not JSON');
  }
}

function malformed(path: string, message: string, cause?: unknown): KeyFileError {
  return new KeyFileError('key-file-malformed', path, message, { cause });
}

/** Turns the operating system's refusals into ours. */
function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof KeyFileError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : null;
    throw new KeyFileError(ownCode(code), path, String(code ?? error), { cause: error });
  }
}

function ownCode(code: unknown): KeyFileErrorCode {
  if (code === 'ENOENT') return 'key-file-missing';
  return code === 'EEXIST' ? 'key-file-exists' : 'key-file-unreadable';
}
