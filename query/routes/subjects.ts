import { schemaVersions, wholeSchema } from '../../schemas/codec/wholeSchema.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { present } from '../../schemas/kernel/assert.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { topicNames } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { count, list, object, pathParameters, text } from './jsonSchema.js';
import { type Answer, type Route, refused } from './route.js';

/**
 * The read-only part of a schema registry that deserializers ask: subjects are the topics' values,
 * by the strategy that Connect, Flink and ksqlDB expect. Schema ids by subject, oldest version
 * first.
 */
function subjectsOf(genesis: Genesis): ReadonlyMap<string, readonly number[]> {
  const { blocks, events } = topicNames(chainIdOf(genesis));
  return new Map([
    [`${blocks}-value`, schemaVersions('BlocksRecord')],
    [`${events}-value`, schemaVersions('EventsRecord')],
  ]);
}

const subjectParameter = { type: 'string', maxLength: 249 };

function unknownSubject(subject: string): Answer {
  return refused(RejectCode.unknownPath, `no subject ${subject}`);
}

export const listSubjects: Route = {
  url: '/subjects',
  summary: 'Subjects of the schema registry: the values of the topics',
  tag: 'chain',
  changesWith: 'visible',
  answer: list(text),
  async read({ genesis }) {
    return { kind: 'found', body: [...subjectsOf(genesis).keys()] };
  },
};

export const listSubjectVersions: Route = {
  url: '/subjects/:subject/versions',
  summary: "Versions of a subject's schema",
  tag: 'chain',
  changesWith: 'visible',
  params: pathParameters({ subject: subjectParameter }),
  answer: list(count),
  async read({ genesis }, { subject }: { readonly subject: string }) {
    const ids = subjectsOf(genesis).get(subject);
    if (ids === undefined) return unknownSubject(subject);
    return { kind: 'found', body: ids.map((_id, index) => index + 1) };
  },
};

export const getSubjectVersion: Route = {
  url: '/subjects/:subject/versions/:version',
  summary: "A version of a subject's schema; `latest` is the newest",
  tag: 'chain',
  changesWith: 'visible',
  params: pathParameters({
    subject: subjectParameter,
    version: { type: 'string', pattern: '^([0-9]{1,9}|latest)$' },
  }),
  answer: object({ subject: text, id: count, version: count, schema: text }),
  async read({ genesis }, parameters: { readonly subject: string; readonly version: string }) {
    const { subject } = parameters;
    const ids = subjectsOf(genesis).get(subject);
    if (ids === undefined) return unknownSubject(subject);
    const version = parameters.version === 'latest' ? ids.length : Number(parameters.version);
    const id = ids[version - 1];
    if (id === undefined) {
      return refused(RejectCode.unknownPath, `${subject} has no version ${version}`);
    }
    const schema = JSON.stringify(present(wholeSchema(id), 'the schema of a topic'));
    return { kind: 'found', body: { subject, id, version, schema } };
  },
};
