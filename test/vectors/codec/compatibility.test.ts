import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES } from '../../../schemas/codec/codec.js';
import { wholeSchema } from '../../../schemas/codec/wholeSchema.js';
import { present } from '../../../schemas/kernel/assert.js';
import { SCHEMA_IDS } from '../../../schemas/types/definitions.js';
import { compatibilityFault, readAs, type Schema, withoutDocs, writeAs } from './compatibility.js';
import type { CodecVector } from './generate.js';

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

  it('reads the golden bytes, whichever version wrote them, and writes them again', () => {
    const bytes = Buffer.from(present(vectors[name], 'a vector').first, 'hex');
    const body = bytes.subarray(FRAME_HEADER_BYTES);
    const newest = present(history.at(-1), 'a version');
    for (const version of history) {
      const value = readAs(newest, version, body);
      if (version === newest) expect(writeAs(newest, value)).toEqual(body);
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
  const kinds = (...symbols: string[]): Schema =>
    record('R', [{ name: 'kind', type: { type: 'enum', name: 'Kind', symbols } }]);
  const inner = (fields: object[]): Schema => union(record('A', fields), b);

  it.each<[what: string, older: Schema, newer: Schema]>([
    ['nothing', a, a],
    ['a field with a default', a, record('A', [long, { ...added, default: '' }])],
    ['a defaulted field that goes', record('A', [long, { ...added, default: '' }]), a],
    ['a branch at the end of a union', union(a, b), union(a, b, c)],
    ['a defaulted field inside a branch', inner([long]), inner([long, { ...added, default: '' }])],
  ])('may be %s', (_what, older, newer) => {
    expect(compatibilityFault(older, newer)).toBeNull();
  });

  it.each<[what: string, older: Schema, newer: Schema]>([
    ['a field without a default', a, record('A', [long, added])],
    ['a field that goes and had no default', record('A', [long, added]), a],
    ['another type, though it can be promoted', record('A', [{ ...long, type: 'int' }]), a],
    ['another name', a, record('A', [{ ...long, name: 'level' }])],
    ['a branch before others', union(a, b), union(c, a, b)],
    ['branches in another order', union(a, b), union(b, a)],
    ['a branch that goes', union(a, b, c), union(a, b)],
    ['a symbol that old readers do not know', kinds('X'), kinds('X', 'Y')],
    ['a field without a default inside a branch', inner([long]), inner([long, added])],
  ])('may not be %s', (_what, older, newer) => {
    expect(compatibilityFault(older, newer)).not.toBeNull();
  });
});
