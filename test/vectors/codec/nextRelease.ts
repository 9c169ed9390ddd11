import { growthOf } from '../../../schemas/codec/growth.js';
import type { CodecSchemas } from '../../../schemas/codec/recordVersions.js';
import { VersionedCodec } from '../../../schemas/codec/versionedCodec.js';
import { wholeSchema } from '../../../schemas/codec/wholeSchema.js';
import { DOMAIN, taggedHash } from '../../../schemas/crypto/domain.js';
import { present } from '../../../schemas/kernel/assert.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { SchemaObject } from '../../../schemas/kernel/schemaDefinitions.js';
import type { BlockHeader } from '../../../schemas/types/block.js';
import {
  DEFINITIONS,
  type FramedTypes,
  OLDER_VERSIONS,
  SCHEMA_IDS,
} from '../../../schemas/types/definitions.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import { codecVectors } from './codecVectors.js';
import { type Schema, withoutDocs } from './compatibility.js';

/**
 * A release after this one that changes schemas of the project in each way that is allowed. It has
 * never been written to any log; its bytes are golden so that a change of the codec's rule shows.
 */
export interface SchemaChange {
  /** Folder of schemas/avro. */
  readonly group: string;
  readonly name: string;
  change(before: SchemaObject): SchemaObject;
}

export const NEXT_CHANGES: readonly SchemaChange[] = [
  {
    // A record that is hashed and stands in six others gains a field.
    ...{ group: 'block', name: 'BlockHeader' },
    change: (before) => addField(before, { name: 'readyFor', type: 'int', default: 0 }),
  },
  {
    ...{ group: 'event', name: 'BalanceChanged' },
    change: (before) =>
      addField(before, {
        name: 'promotion',
        type: ['null', 'nullspace.Hash'],
        default: null,
      }),
  },
  {
    ...{ group: 'event', name: 'PostingReason' },
    change: (before) => ({ ...before, symbols: [...(before.symbols ?? []), 'BONUS'] }),
  },
  {
    ...{ group: 'event', name: 'EventEnvelope' },
    change: (before) => ({
      ...before,
      fields: (before.fields ?? []).map((field) =>
        field.name === 'body'
          ? { ...field, type: [...(field.type as readonly string[]), 'nullspace.BonusGranted'] }
          : field,
      ),
    }),
  },
];

/** A definition that the next release adds; it stands in the group `event`. */
export const BONUS_GRANTED: SchemaObject = {
  ...{ type: 'record', namespace: 'nullspace', name: 'BonusGranted' },
  fields: [
    { name: 'asset', type: 'int' },
    { name: 'amount', type: { type: 'long', logicalType: 'amount' } },
  ],
};

type NextHeader = BlockHeader & { readonly readyFor: number };
type NextEvent = Omit<EventEnvelope, 'body'> & {
  readonly body: { readonly kind: string; readonly [field: string]: unknown };
};

/** TypeScript's view of what changes. */
export interface NextTypes extends Omit<FramedTypes, 'BlockHeader' | 'EventsRecord'> {
  BlockHeader: NextHeader;
  EventsRecord: { readonly body: NextEvent & { readonly kind: 'EventEnvelope' } };
}

function addField(
  before: SchemaObject,
  field: NonNullable<SchemaObject['fields']>[number],
): SchemaObject {
  return { ...before, fields: [...(before.fields ?? []), field] };
}

function nextDefinitions(): SchemaObject[] {
  return DEFINITIONS.flatMap((definition) => {
    const { change } = NEXT_CHANGES.find(({ name }) => name === definition.name) ?? {};
    const next = change === undefined ? definition : change(definition);
    return definition.name === 'EventEnvelope' ? [BONUS_GRANTED, next] : [next];
  });
}

/** All that the next release knows of what travels in a frame. */
export function nextSchemas(): CodecSchemas {
  const definitions = nextDefinitions();
  const ids: Record<string, number> = { ...SCHEMA_IDS };
  const olderVersions = [...OLDER_VERSIONS];
  let lastId = Math.max(...Object.values(ids), ...olderVersions.map(({ id }) => id));
  for (const [name, id] of Object.entries(SCHEMA_IDS)) {
    if (growthOf(DEFINITIONS, definitions, `nullspace.${name}`) === null) continue;
    const schema = withoutDocs(present(wholeSchema(id), name) as Schema) as object;
    olderVersions.push({ name, id, schema });
    ids[name] = ++lastId;
  }
  return { definitions, ids, olderVersions };
}

const HEADER: NextHeader = {
  ...{ chainId: new Uint8Array(32).fill(1), shard: 0, epoch: 0, view: 9, height: 7 },
  ...{ parent: new Uint8Array(32).fill(2), timestampMs: 1_700_000_000_000, proposer: 3 },
  ...{ sealsBeacon: false, itemsRoot: new Uint8Array(32).fill(3), readyFor: 0 },
  executed: { height: 6, resultDigest: new Uint8Array(32).fill(4) },
};

function event(body: NextEvent['body']): NextTypes['EventsRecord'] {
  const place = { shard: 0, partition: 5, height: 7, executionIndex: 1, eventIndex: 0 };
  const key = new Uint8Array(32).fill(5);
  const timestampMs = 1_700_000_000_000;
  return { body: { kind: 'EventEnvelope', ...place, keySequence: 2, timestampMs, key, body } };
}

const POSTING = {
  ...{ kind: 'BalanceChanged', asset: 0, delta: 5n, balance: 105n },
  ...{ reason: 'PAYOUT', commandId: new Uint8Array(32).fill(6), promotion: null },
};

/** Values of the next release, by what is new in them. */
export const NEXT_VALUES = {
  header: { old: HEADER, new: { ...HEADER, readyFor: 2 } },
  posting: { old: event(POSTING), new: event({ ...POSTING, promotion: new Uint8Array(32) }) },
  reason: { old: event(POSTING), new: event({ ...POSTING, reason: 'BONUS' }) },
  branch: { old: event(POSTING), new: event({ kind: 'BonusGranted', asset: 0, amount: 5n }) },
} as const;

/** Golden bytes of both releases, by what is new in them, and of every version that is new. */
export function nextReleaseVectors(): object {
  const schemas = nextSchemas();
  const codec = new VersionedCodec<NextTypes>(schemas);
  const { header, posting, reason, branch } = NEXT_VALUES;
  const headerVector = (value: NextHeader) => {
    const bytes = codec.encode('BlockHeader', value);
    return { bytes: toHex(bytes), digest: toHex(taggedHash(DOMAIN.block, bytes)) };
  };
  const eventVectors = (values: Record<'old' | 'new', NextTypes['EventsRecord']>) => ({
    old: toHex(codec.encode('EventsRecord', values.old)),
    new: toHex(codec.encode('EventsRecord', values.new)),
  });
  return {
    header: { old: headerVector(header.old), new: headerVector(header.new) },
    ...{ posting: eventVectors(posting), reason: eventVectors(reason) },
    branch: eventVectors(branch),
    versions: codecVectors(schemas, ['BlockHeader', 'EventsRecord']),
  };
}
