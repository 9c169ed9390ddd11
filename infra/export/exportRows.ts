import { jsonOf } from '../../projections/explorer/jsonOf.js';
import { encode, newestBody } from '../../schemas/codec/codec.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Cell, ExportRecord } from './exportFile.js';
import type { VerifiedHeight } from './verifiedHeights.js';

export type ExportTopic = 'blocks' | 'events';

/** Columns in their order, each with what it holds. */
export type ColumnKinds = Readonly<Record<string, 'int' | 'long' | 'text' | 'json'>>;

export const EXPORT_COLUMNS: Readonly<Record<ExportTopic, ColumnKinds>> = {
  blocks: {
    height: 'long',
    timestampMs: 'long',
    epoch: 'long',
    view: 'long',
    proposer: 'int',
    items: 'int',
    events: 'int',
    digest: 'text',
    seed: 'text',
    stateRoot: 'text',
    eventsRoot: 'text',
  },
  events: {
    height: 'long',
    executionIndex: 'int',
    eventIndex: 'int',
    partition: 'int',
    timestampMs: 'long',
    key: 'text',
    keySequence: 'long',
    kind: 'text',
    fields: 'json',
  },
};

/** The records of a height in a topic, in the order in which they are exported. */
export function exportRecords(topic: ExportTopic, height: VerifiedHeight): ExportRecord[] {
  return topic === 'blocks' ? [blockRecord(height)] : eventRecords(height);
}

function blockRecord({ certified, events }: VerifiedHeight): ExportRecord {
  const { block, certificate } = certified;
  const { header, items } = block;
  const { result } = certificate;
  const value = encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified } });
  return {
    body: newestBody('BlocksRecord', value),
    row: {
      height: BigInt(header.height),
      timestampMs: BigInt(header.timestampMs),
      epoch: BigInt(header.epoch),
      view: BigInt(header.view),
      proposer: header.proposer,
      items: items.length,
      events: events.length,
      digest: toHex(result.blockDigest),
      seed: toHex(result.seed),
      stateRoot: toHex(result.stateRoot),
      eventsRoot: toHex(result.eventsRoot),
    },
  };
}

function eventRecords({ events }: VerifiedHeight): ExportRecord[] {
  return events.map(({ event, value }) => {
    const { kind, ...fields } = event.body;
    const row: Record<string, Cell> = {
      height: BigInt(event.height),
      executionIndex: event.executionIndex,
      eventIndex: event.eventIndex,
      partition: event.partition,
      timestampMs: BigInt(event.timestampMs),
      key: toHex(event.key),
      keySequence: BigInt(event.keySequence),
      kind,
      fields: JSON.stringify(jsonOf(fields)),
    };
    return { body: newestBody('EventsRecord', value), row };
  });
}
