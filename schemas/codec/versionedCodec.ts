import { assert, present } from '../kernel/assert.js';
import { readUint32 } from '../kernel/bytes.js';
import type { ByteArena } from './byteArena.js';
import { BytesTap, DecodeError, HEADER_BYTES } from './bytesTap.js';
import { type CodecSchemas, type RecordVersion, recordVersions } from './recordVersions.js';

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

const KEEP_SCRATCH_BYTES = 1 << 20;

/**
 * Reads and writes what travels in a frame, in every version that its schema has had. A value is
 * written in the oldest version that can say it: so it has one sequence of bytes and one hash in
 * every release, and what is new costs other bytes only where it is used. `codec.ts` says what each
 * method promises.
 */
export class VersionedCodec<Types> {
  readonly #byName: Readonly<Record<string, RecordVersion>>;
  readonly #byId: ReadonlyMap<number, RecordVersion>;
  readonly #scratch = new BytesTap();
  /** One for all that is certified: they are many, and most are small. */
  readonly #certified = new BytesTap(new Uint8Array(0));

  constructor(schemas: CodecSchemas) {
    const { byName, byId } = recordVersions(schemas);
    this.#byName = byName;
    this.#byId = byId;
    this.#certified.views = true;
    this.#certified.fixedViews = true;
  }

  encode<Name extends keyof Types & string>(name: Name, value: Types[Name]): Uint8Array {
    const bytes = this.encodeBriefly(name, value).slice();
    this.#shrinkScratch();
    return bytes;
  }

  encodeBriefly<Name extends keyof Types & string>(name: Name, value: Types[Name]): Uint8Array {
    const scratch = this.#scratch;
    scratch.pos = 0;
    this.#writeFrame(scratch, name, value);
    return scratch.buf.subarray(0, scratch.pos);
  }

  encodeIn<Name extends keyof Types & string>(
    { tap }: ByteArena,
    name: Name,
    value: Types[Name],
  ): Uint8Array {
    tap.pos = tap.start;
    this.#writeFrame(tap, name, value);
    return tap.take();
  }

  framedName(bytes: Uint8Array): (keyof Types & string) | null {
    return (this.#versionOf(bytes)?.name ?? null) as (keyof Types & string) | null;
  }

  decode<Name extends keyof Types & string>(
    name: Name,
    bytes: Uint8Array,
    maxBytes: number,
  ): Decoded<Types[Name]> {
    return this.#decodeFrom(name, new BytesTap(bytes), bytes, maxBytes);
  }

  decodeViews<Name extends keyof Types & string>(
    name: Name,
    bytes: Uint8Array,
    maxBytes: number,
  ): Decoded<Types[Name]> {
    const tap = new BytesTap(bytes);
    tap.views = true;
    return this.#decodeFrom(name, tap, bytes, maxBytes);
  }

  decodeTrusted<Name extends keyof Types & string>(name: Name, bytes: Uint8Array): Types[Name] {
    const decoded = this.decode(name, bytes, Number.MAX_SAFE_INTEGER);
    assert(decoded.ok, `undecodable ${name}: ${decoded.ok ? '' : decoded.reason}`);
    return decoded.value;
  }

  decodeCertified<Name extends keyof Types & string>(name: Name, bytes: Uint8Array): Types[Name] {
    this.#certified.buf = bytes;
    const decoded = this.#readFrame(name, this.#certified, bytes);
    assert(decoded.ok, `certified but undecodable ${name}: ${decoded.ok ? '' : decoded.reason}`);
    return decoded.value;
  }

  newestBody<Name extends keyof Types & string>(name: Name, bytes: Uint8Array): Uint8Array {
    const newest = present(this.#byName[name], name);
    if (this.#versionOf(bytes) === newest) return bytes.subarray(HEADER_BYTES);
    const tap = new BytesTap(new Uint8Array(bytes.length));
    newest.type._write(tap, this.decodeTrusted(name, bytes));
    return tap.take();
  }

  #writeFrame(tap: BytesTap, name: string, value: unknown): void {
    const newest = this.#byName[name] as RecordVersion;
    const version = newest.older === null ? newest : oldestThatHolds(newest, value);
    tap.writeHeader(version.id);
    version.type._write(tap, value);
  }

  #shrinkScratch(): void {
    const scratch = this.#scratch;
    if (scratch.buf.length > KEEP_SCRATCH_BYTES) scratch.buf = new Uint8Array(KEEP_SCRATCH_BYTES);
  }

  /** Null for a foreign frame and for an id that no version has. */
  #versionOf(bytes: Uint8Array): RecordVersion | null {
    return isFramed(bytes) ? (this.#byId.get(readUint32(bytes, 1)) ?? null) : null;
  }

  #decodeFrom<Name extends keyof Types & string>(
    name: Name,
    tap: BytesTap,
    bytes: Uint8Array,
    maxBytes: number,
  ): Decoded<Types[Name]> {
    if (bytes.length > maxBytes) return { ok: false, reason: 'oversized' };
    const decoded = this.#readFrame(name, tap, bytes);
    if (!decoded.ok) return decoded;
    // Whether `encode` would write exactly these bytes, without making them.
    const scratch = this.#scratch;
    scratch.pos = 0;
    this.#writeFrame(scratch, name, decoded.value);
    const isCanonical = scratch.holds(bytes);
    this.#shrinkScratch();
    return isCanonical ? decoded : { ok: false, reason: 'not canonical' };
  }

  #readFrame<Name extends keyof Types & string>(
    name: Name,
    tap: BytesTap,
    bytes: Uint8Array,
  ): Decoded<Types[Name]> {
    const version = this.#versionOf(bytes);
    if (version?.name !== name) return { ok: false, reason: foreignReason(name, version, bytes) };
    tap.pos = HEADER_BYTES;
    let value: Types[Name];
    try {
      value = version.type._read(tap) as Types[Name];
    } catch (error) {
      if (error instanceof DecodeError) return { ok: false, reason: error.message };
      // avsc reports a bad enum symbol or an impossible count with a plain Error.
      if (error instanceof Error) return { ok: false, reason: error.message };
      throw error;
    }
    if (tap.pos !== bytes.length) return { ok: false, reason: 'trailing bytes' };
    // The value is nobody else's yet.
    version.growth?.complete(value);
    return { ok: true, value };
  }
}

function oldestThatHolds(newest: RecordVersion, value: unknown): RecordVersion {
  return newest.older?.find(({ growth }) => growth?.holds(value)) ?? newest;
}

function isFramed(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && bytes[0] === 0;
}

/** Names an id that no version has: a newer release may have written it. */
function foreignReason(name: string, version: RecordVersion | null, bytes: Uint8Array): string {
  const isUnknown = version === null && isFramed(bytes);
  return isUnknown ? `unknown schema id ${readUint32(bytes, 1)}` : `not a framed ${name}`;
}
