import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import avro from 'avsc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode, encode, framedName } from '../../../schemas/codec/codec.js';
import { type CodecSchemas, recordVersions } from '../../../schemas/codec/recordVersions.js';
import { VersionedCodec } from '../../../schemas/codec/versionedCodec.js';
import { wholeSchema } from '../../../schemas/codec/wholeSchema.js';
import { blockDigest } from '../../../schemas/crypto/digests.js';
import { DOMAIN, taggedHash } from '../../../schemas/crypto/domain.js';
import { present } from '../../../schemas/kernel/assert.js';
import { fromHex, readUint32, toHex } from '../../../schemas/kernel/bytes.js';
import { MAX_FRAME_BYTES } from '../../../schemas/limits.js';
import { SCHEMA_IDS } from '../../../schemas/types/definitions.js';
import { type CodecVector, versionCases } from './codecVectors.js';
import { compatibilityFault, readAs, type Schema } from './compatibility.js';
import {
  BONUS_GRANTED,
  NEXT_CHANGES,
  NEXT_VALUES,
  type NextTypes,
  nextSchemas,
} from './nextRelease.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const json = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const next = nextSchemas();
const codec = new VersionedCodec<NextTypes>(next);
const golden = json('test/vectors/codec/nextRelease.json') as {
  readonly header: Record<'old' | 'new', { readonly bytes: string; readonly digest: string }>;
  readonly versions: Record<string, CodecVector>;
} & Record<'posting' | 'reason' | 'branch', Record<'old' | 'new', string>>;
const EVENT_CHANGES = ['posting', 'reason', 'branch'] as const;

/** What the next release reads. */
function read<Name extends keyof NextTypes>(name: Name, hex: string): NextTypes[Name] {
  const decoded = codec.decode(name, fromHex(hex), MAX_FRAME_BYTES);
  if (!decoded.ok) return expect.unreachable(decoded.reason);
  return decoded.value;
}

describe('the release after this one', () => {
  it('gives what changes other ids, and keeps the rule of versions', () => {
    const changed = Object.keys(SCHEMA_IDS).filter((name) => {
      const older = SCHEMA_IDS[name as keyof typeof SCHEMA_IDS];
      return next.ids[name] !== older;
    });
    expect(changed).toEqual(
      expect.arrayContaining(['BlockHeader', 'Block', 'CertifiedBlock', 'EventsRecord']),
    );
    expect(changed).not.toContain('Command');
    expect(() => recordVersions(next)).not.toThrow();
  });

  it('reads what this release wrote, and comes to the same bytes and digests', () => {
    const { old } = golden.header;
    const header = read('BlockHeader', old.bytes);
    expect(header).toEqual(NEXT_VALUES.header.old);
    expect(toHex(codec.encode('BlockHeader', header))).toBe(old.bytes);
    expect(toHex(blockDigest(NEXT_VALUES.header.old))).toBe(old.digest);
    expect(toHex(encode('BlockHeader', NEXT_VALUES.header.old))).toBe(old.bytes);
    for (const change of EVENT_CHANGES) {
      const value = read('EventsRecord', golden[change].old);
      expect(value).toEqual(NEXT_VALUES[change].old);
      expect(toHex(encode('EventsRecord', value as never))).toBe(golden[change].old);
    }
  });

  it('writes another schema id only where something new is said, and hashes it', () => {
    const { new: header, old } = golden.header;
    expect(readUint32(fromHex(header.bytes), 1)).toBe(next.ids.BlockHeader);
    expect(readUint32(fromHex(old.bytes), 1)).toBe(SCHEMA_IDS.BlockHeader);
    expect(read('BlockHeader', header.bytes)).toEqual(NEXT_VALUES.header.new);
    expect(toHex(taggedHash(DOMAIN.block, fromHex(header.bytes)))).toBe(header.digest);
    expect(header.digest).not.toBe(old.digest);
    for (const change of EVENT_CHANGES) {
      expect(readUint32(fromHex(golden[change].new), 1)).toBe(next.ids.EventsRecord);
      expect(read('EventsRecord', golden[change].new)).toEqual(NEXT_VALUES[change].new);
    }
  });

  it('refuses the new form of what the old one says: one value has one sequence of bytes', () => {
    const twin = codec.encode('BlockHeader', NEXT_VALUES.header.new);
    twin[twin.length - 1] = 0; // readyFor, the default
    expect(codec.decode('BlockHeader', twin, MAX_FRAME_BYTES)).toEqual({
      ok: false,
      reason: 'not canonical',
    });
  });

  it('keeps the vectors of the versions that this release has', () => {
    const records = json('test/vectors/codec/records.json') as Record<string, CodecVector>;
    for (const name of ['BlockHeader', 'EventsRecord']) {
      expect(golden.versions[name]).toEqual(records[name]);
      expect(golden.versions[`${name}/2`]).toBeDefined();
    }
  });

  it('reads any value back, whichever version it takes', () => {
    const ids = new Set<number>();
    for (const name of ['BlockHeader', 'EventsRecord', 'BlocksRecord', 'PeerMessage'] as const) {
      for (const { values } of versionCases(next, name)) {
        for (const value of values()) {
          const bytes = codec.encode(name, value as never);
          ids.add(readUint32(bytes, 1));
          expect(codec.decode(name, bytes, MAX_FRAME_BYTES)).toEqual({ ok: true, value });
          const isOld = readUint32(bytes, 1) === SCHEMA_IDS[name];
          expect(framedName(bytes)).toBe(isOld ? name : null);
        }
      }
    }
    expect(ids.size).toBe(8);
  });
});

describe('this release', () => {
  it('says of bytes of the next one which schema it lacks', () => {
    const reason = `unknown schema id ${next.ids.BlockHeader}`;
    expect(decode('BlockHeader', fromHex(golden.header.new.bytes))).toEqual({ ok: false, reason });
    for (const change of EVENT_CHANGES) {
      const bytes = fromHex(golden[change].new);
      const missing = `unknown schema id ${next.ids.EventsRecord}`;
      expect(decode('EventsRecord', bytes)).toEqual({ ok: false, reason: missing });
    }
  });

  it("is enough for Avro's own readers where a field is new; for others there is the id", () => {
    const whole = (name: keyof typeof SCHEMA_IDS) =>
      present(wholeSchema(SCHEMA_IDS[name]), name) as Schema;
    const body = (hex: string) => Buffer.from(hex, 'hex').subarray(5);
    const newer = wholeOf(next, 'BlockHeader');
    const header = readAs(whole('BlockHeader'), newer, body(golden.header.new.bytes));
    expect(header).toMatchObject({ height: 7n, proposer: 3 });
    expect(header).not.toHaveProperty('readyFor');
    // A deserializer asks the registry for the schema that the record names.
    const written = wholeOf(next, 'EventsRecord');
    for (const change of EVENT_CHANGES) {
      expect(() => readAs(written, written, body(golden[change].new))).not.toThrow();
    }
    expect(() => readAs(whole('EventsRecord'), written, body(golden.branch.new))).toThrow();
  });
});

describe('a developer who changes the schemas', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nullspace-schemas-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let said = '';

  beforeAll(() => {
    cpSync(join(root, 'schemas/avro'), join(folder, 'avro'), { recursive: true });
    const write = (group: string, name: string, schema: object) =>
      writeFileSync(join(folder, 'avro', group, `${name}.avsc`), JSON.stringify(schema));
    for (const { group, name, change } of NEXT_CHANGES) {
      write(group, name, change(json(`schemas/avro/${group}/${name}.avsc`)));
    }
    write('event', 'BonusGranted', BONUS_GRANTED);
    const tool = join(root, 'infra/tools/generateTypes.mjs');
    const args = [tool, '--add-versions', '--folder', folder];
    said = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: 'pipe' });
  }, 60_000);

  it('is told what has another version, and gets the release that was meant', async () => {
    expect(said).toContain(`new: BlockHeader ${next.ids.BlockHeader}`);
    const url = pathToFileURL(join(folder, 'types/definitions.ts')).href;
    const made = await import(/* @vite-ignore */ url);
    expect(made.SCHEMA_IDS).toEqual(next.ids);
    expect(made.OLDER_VERSIONS).toEqual(next.olderVersions);
    const byName = (definitions: CodecSchemas['definitions']) =>
      Object.fromEntries(definitions.map((each) => [each.name, each]));
    expect(byName(made.DEFINITIONS)).toEqual(byName(next.definitions));
  });

  it('finds each version behind those before, none of which is changed', () => {
    const before = json('schemas/avro/versions.json') as Record<string, Schema[]>;
    const after = JSON.parse(readFileSync(join(folder, 'avro/versions.json'), 'utf8'));
    for (const [name, versions] of Object.entries(before)) {
      expect(after[name].slice(0, versions.length)).toEqual(versions);
      expect(compatibilityFault(versions[0] as Schema, after[name].at(-1))).toBeNull();
      const isNew = next.ids[name] !== SCHEMA_IDS[name as keyof typeof SCHEMA_IDS];
      expect(after[name], name).toHaveLength(versions.length + (isNew ? 1 : 0));
    }
  });
});

/** A record's newest schema in a release, whole. */
function wholeOf({ definitions }: CodecSchemas, name: string): Schema {
  const registry = {};
  const types = definitions.map((each) =>
    avro.Type.forSchema(each as avro.Schema, { registry, wrapUnions: true }),
  );
  const type = present(
    types.find((each) => each.branchName === `nullspace.${name}`),
    name,
  );
  return type.schema() as Schema;
}
