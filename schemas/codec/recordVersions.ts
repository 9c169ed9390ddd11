import { assert, present } from '../kernel/assert.js';
import {
  definitionsOf,
  type OlderVersion,
  type SchemaObject,
} from '../kernel/schemaDefinitions.js';
import { type AvroType, buildTypes } from './avroTypes.js';
import { type Growth, growthOf } from './growth.js';

/** Everything a release knows of what travels in a frame. */
export interface CodecSchemas {
  /** The newest version of every definition, dependencies first. */
  readonly definitions: readonly SchemaObject[];
  /** Schema ids of the newest versions by the record's name. */
  readonly ids: Readonly<Record<string, number>>;
  /** Of each record the oldest first. */
  readonly olderVersions: readonly OlderVersion[];
}

/** A version of a record that travels in a frame. */
export interface RecordVersion {
  readonly name: string;
  readonly id: number;
  readonly type: AvroType;
  /** What the newest version has more; null when this is the newest. */
  readonly growth: Growth | null;
  /** The versions before the newest one, oldest first; null when there are none, or of such. */
  readonly older: readonly RecordVersion[] | null;
}

const NAMESPACE = 'nullspace';

/** The versions of every record: the newest by name, all by schema id. */
export function recordVersions({ definitions, ids, olderVersions }: CodecSchemas): {
  readonly byName: Readonly<Record<string, RecordVersion>>;
  readonly byId: ReadonlyMap<number, RecordVersion>;
} {
  const types = buildTypes(definitions);
  const byId = new Map<number, RecordVersion>();
  const byName: Record<string, RecordVersion> = {};
  const add = (version: RecordVersion): RecordVersion => {
    assert(!byId.has(version.id), `schema id ${version.id} is used twice`);
    byId.set(version.id, version);
    return version;
  };
  for (const [name, id] of Object.entries(ids)) {
    const own = olderVersions.filter((version) => version.name === name);
    const older = own.map((version) => add(olderVersion(version, definitions)));
    const type = present(types.get(`${NAMESPACE}.${name}`), name);
    byName[name] = add({
      ...{ name, id, type, growth: null },
      older: older.length === 0 ? null : older,
    });
  }
  return { byName, byId };
}

function olderVersion(
  { name, id, schema }: OlderVersion,
  definitions: readonly SchemaObject[],
): RecordVersion {
  const own = definitionsOf(schema);
  const fullName = `${NAMESPACE}.${name}`;
  const type = present(buildTypes(own).get(fullName), name);
  const growth = present(growthOf(own, definitions, fullName), `what is new since ${name} ${id}`);
  return { name, id, type, growth, older: null };
}
