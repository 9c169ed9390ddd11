import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import type { SchemaObject } from '../../schemas/kernel/schemaDefinitions.js';
import type * as Definitions from '../../schemas/types/definitions.js';
import { engineGenesis } from '../../test/simulation/engineChain.js';
import { getSchema } from './getSchema.js';
import type { Answer, ReadContext } from './route.js';
import { getSubjectVersion, listSubjects, listSubjectVersions } from './subjects.js';

// The whole program as a release would have it in which EventsRecord has a second version.
const SECOND_ID = vi.hoisted(() => 1_000);
vi.mock('../../schemas/types/definitions.js', async (original) => {
  const { DEFINITIONS, SCHEMA_IDS } = await original<typeof Definitions>();
  const path = new URL('../../schemas/avro/versions.json', import.meta.url);
  const { EventsRecord } = JSON.parse(readFileSync(path, 'utf8'));
  const added = { name: 'note', type: 'string', default: '' };
  const grown = ({ fields = [], ...own }: SchemaObject) => ({ ...own, fields: [...fields, added] });
  return {
    DEFINITIONS: DEFINITIONS.map((each) => (each.name === 'HeightMark' ? grown(each) : each)),
    SCHEMA_IDS: { ...SCHEMA_IDS, EventsRecord: SECOND_ID },
    OLDER_VERSIONS: [
      { name: 'EventsRecord', id: SCHEMA_IDS.EventsRecord, schema: EventsRecord.at(-1) },
    ],
  };
});

const context = { genesis: engineGenesis } as unknown as ReadContext;
type Json = Record<string, unknown>;

function found(answer: Answer): unknown {
  if (answer.kind !== 'found') return expect.unreachable(JSON.stringify(answer));
  return answer.body;
}

it('serves every version of a subject, by number, as the latest and by schema id', async () => {
  const subjects = found(await listSubjects.read(context, {})) as string[];
  const [blocks, events] = subjects as [string, string];
  expect(found(await listSubjectVersions.read(context, { subject: blocks }))).toEqual([1]);
  expect(found(await listSubjectVersions.read(context, { subject: events }))).toEqual([1, 2]);
  const version = async (number: string) =>
    found(await getSubjectVersion.read(context, { subject: events, version: number })) as Json;
  const [first, second] = [await version('1'), await version('2')];
  expect(await version('latest')).toEqual(second);
  expect([first.version, second.version, second.id]).toEqual([1, 2, SECOND_ID]);
  expect(first.schema).not.toContain('"note"');
  expect(second.schema).toContain('"note"');
  for (const { id, schema } of [first, second]) {
    expect(found(await getSchema.read(context, { id: id as number }))).toEqual({ schema });
  }
  const third = await getSubjectVersion.read(context, { subject: events, version: '3' });
  expect(third.kind).toBe('refused');
});
