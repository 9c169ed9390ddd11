import type { FramedName } from '../../../schemas/codec/codec.js';
import type { CodecSchemas } from '../../../schemas/codec/recordVersions.js';
import { present } from '../../../schemas/kernel/assert.js';
import {
  DEFINITIONS,
  type FramedTypes,
  OLDER_VERSIONS,
  SCHEMA_IDS,
} from '../../../schemas/types/definitions.js';
import { codecVectors, versionCases } from './codecVectors.js';
import { nextReleaseVectors } from './nextRelease.js';

export const FRAMED_NAMES = Object.keys(SCHEMA_IDS) as FramedName[];
const RELEASE: CodecSchemas = {
  definitions: DEFINITIONS,
  ids: SCHEMA_IDS,
  olderVersions: OLDER_VERSIONS,
};

/** The values of a record's newest version. */
export function codecCases(name: FramedName): Iterable<FramedTypes[FramedName]> {
  const newest = present(versionCases(RELEASE, name).at(-1), name);
  return newest.values() as Iterable<FramedTypes[FramedName]>;
}

/** Text of a generated file by its path from the root of the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const text = (vectors: object): string => `${JSON.stringify(vectors, null, 2)}\n`;
  return new Map([
    ['test/vectors/codec/records.json', text(codecVectors(RELEASE, FRAMED_NAMES))],
    ['test/vectors/codec/nextRelease.json', text(nextReleaseVectors())],
  ]);
}
