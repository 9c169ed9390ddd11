import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES } from '../../../schemas/codec/codec.js';
import { growthOf } from '../../../schemas/codec/growth.js';
import { schemaVersions, wholeSchema } from '../../../schemas/codec/wholeSchema.js';
import { AssertionError, present } from '../../../schemas/kernel/assert.js';
import { readUint32 } from '../../../schemas/kernel/bytes.js';
import { definitionsOf } from '../../../schemas/kernel/schemaDefinitions.js';
import { SCHEMA_IDS } from '../../../schemas/types/definitions.js';
import type { CodecVector } from './codecVectors.js';
import { compatibilityFault, readAs, type Schema, withoutDocs, writeAs } from './compatibility.js';

const root = new URL('../../../', import.meta.url);
const json = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));
/** Every version that a framed record ever had, oldest first, by name. Only added to. */
const versions = json('schemas/avro/versions.json') as Record<string, Schema[]>;
const vectors = json('test/vectors/codec/records.json') as Record<string, CodecVector>;
const names = Object.keys(SCHEMA_IDS) as (keyof typeof SCHEMA_IDS)[];

describe.each(names)('the schema of %s', (name) => {
  const history = present(versions[name], `schemas/avro/versions.json has no ${name}`);

  it('is the newest of its versions: a change of it is added there', () => {
    const now = present(wholeSchema(SCHEMA_IDS[name]), 'a schema') as Schema;
    expect(history.at(-1)).toEqual(withoutDocs(now));
  });

  it('can follow every version before it', () => {
    for (const [index, newer] of history.entries()) {
      for (const older of history.slice(0, index)) {
        expect(compatibilityFault(older, newer)).toBeNull();
      }
    }
  });

  it('has an id for each version', () => {
    expect(schemaVersions(name)).toHaveLength(history.length);
  });

  it('reads the golden bytes of every version, and writes its own again', () => {
    const newest = present(history.at(-1), 'a version');
    for (const [index] of history.entries()) {
      const title = index === 0 ? name : `${name}/${index + 1}`;
      const bytes = Buffer.from(present(vectors[title], `a vector ${title}`).first, 'hex');
      const body = bytes.subarray(FRAME_HEADER_BYTES);
      const writer = history[schemaVersions(name).indexOf(readUint32(bytes, 1))];
      const value = readAs(newest, present(writer, 'the version of its id'), body);
      if (writer === newest) expect(writeAs(newest, value)).toEqual(body);
    }
  });
});

describe('a change of a schema', () => {
  const record = (name: string, fields: object[]): Schema => ({ type: 'record', name, fields });
  const long = { name: 'height', type: 'long' };
  const added = { name: 'note', type: 'string' };
  const a = record('A', [long]);
  const b = record('B', []);
  const c = record('C', []);
  const union = (...branches: Schema[]): Schema => record('R', [{ name: 'body', type: branches }]);
  const kinds = (symbols: readonly string[], fallback?: string): Schema =>
    record('R', [
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols, default: fallback } },
    ]);
  const noted = (note: unknown, ...more: object[]): Schema =>
    record('A', [long, { ...added, default: note }, ...more]);
  const fixed = (size: number): Schema =>
    record('R', [{ name: 'hash', type: { type: 'fixed', name: 'Hash', size } }]);
  const optional = (type: Schema): Schema => record('R', [{ name: 'note', type }]);
  const inner = (fields: object[]): Schema => union(record('A', fields), b);

  it.each<[what: string, older: Schema, newer: Schema]>([
    ['nothing', a, a],
    ['a field with a default', a, record('A', [long, { ...added, default: '' }])],
    ['a branch at the end of a union', union(a, b), union(a, b, c)],
    ['a symbol at the end, beside a default', kinds(['X'], 'X'), kinds(['X', 'Y'], 'X')],
    ['a second field with a default', noted(''), noted('', { ...long, name: 'b', default: 0 })],
    ['a defaulted field inside a branch', inner([long]), inner([long, { ...added, default: '' }])],
  ])('may be %s', (_what, older, newer) => {
    expect(compatibilityFault(older, newer)).toBeNull();
    expect(() => codecGrowth(older, newer)).not.toThrow();
  });

  it.each<[what: string, older: Schema, newer: Schema]>([
    ['a field without a default', a, record('A', [long, added])],
    ['a field that goes and had no default', record('A', [long, added]), a],
    ['another type, though it can be promoted', record('A', [{ ...long, type: 'int' }]), a],
    ['another name', a, record('A', [{ ...long, name: 'level' }])],
    ['a branch before others', union(a, b), union(c, a, b)],
    ['branches in another order', union(a, b), union(b, a)],
    ['a branch that goes', union(a, b, c), union(a, b)],
    ['a symbol that old readers do not know', kinds(['X']), kinds(['X', 'Y'])],
    ['a symbol that goes', kinds(['X', 'Y'], 'X'), kinds(['X'], 'X')],
    ['symbols in another order', kinds(['X', 'Y'], 'X'), kinds(['Y', 'X'], 'X')],
    ['a symbol before others', kinds(['X'], 'X'), kinds(['W', 'X'], 'X')],
    ['another symbol to fall back on', kinds(['X', 'Y'], 'X'), kinds(['X', 'Y'], 'Y')],
    ['a defaulted field that goes', noted(''), a],
    ['another default', noted(''), noted('none')],
    ['a defaulted field before others', a, record('A', [{ ...added, default: '' }, long])],
    ['a fixed of another size', fixed(32), fixed(33)],
    ['a record in the place of a branch', union(a, b), union(a, c)],
    ['an optional that is always there', optional(['null', 'long']), optional('long')],
    ['a null in the place of a branch', optional(['null', 'long']), optional(['long', 'null'])],
    ['a field without a default inside a branch', inner([long]), inner([long, added])],
  ])('may not be %s', (_what, older, newer) => {
    expect(compatibilityFault(older, newer)).not.toBeNull();
  });

  it.each<[what: string, older: Schema, newer: Schema]>([
    ['a field without a default', a, record('A', [long, added])],
    ['a field that goes', noted(''), a],
    ['another type', a, record('A', [{ ...long, type: 'int' }])],
    ['another name', a, record('A', [{ ...long, name: 'level' }])],
    ['a branch before others', union(a, b), union(c, a, b)],
    ['a branch that goes', union(a, b, c), union(a, b)],
    ['a symbol that goes', kinds(['X', 'Y'], 'X'), kinds(['X'], 'X')],
    ['a symbol before others', kinds(['X'], 'X'), kinds(['W', 'X'], 'X')],
    ['a fixed of another size', fixed(32), fixed(33)],
    ['an optional that is always there', optional(['null', 'long']), optional('long')],
  ])('never starts a program with %s', (_what, older, newer) => {
    expect(() => codecGrowth(older, newer)).toThrow(AssertionError);
  });
});

/** What the codec itself makes of a change when it loads. */
function codecGrowth(older: Schema, newer: Schema): unknown {
  const { name } = newer as { readonly name: string };
  return growthOf(definitionsOf(older as object), definitionsOf(newer as object), name);
}
