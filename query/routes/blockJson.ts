import type { BlockRow } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import {
  count,
  described,
  hash,
  height,
  type JsonSchema,
  object,
  timestamp,
} from './jsonSchema.js';

/** Columns of a block as lists show it: all but the certified bytes. */
export const BLOCK_COLUMNS = [
  'height',
  'digest',
  'parent',
  'epoch',
  'view',
  'timestamp_ms',
  'proposer',
  'item_count',
  'envelope_count',
  'command_count',
  'size_bytes',
  'state_root',
  'events_root',
  'seed',
  'result_digest',
  'engine_version',
] as const;

export const blockProperties = {
  height,
  digest: hash,
  parent: described(hash, 'digest of the block below'),
  epoch: count,
  view: described(count, 'consensus view in which it was proposed'),
  timestampMs: timestamp,
  proposer: described(count, 'index of the validator'),
  itemCount: count,
  envelopeCount: count,
  commandCount: described(count, 'in its envelopes, ignored ones too'),
  sizeBytes: count,
  stateRoot: hash,
  eventsRoot: hash,
  seed: described(hash, 'randomness of this height, known only after it was final'),
  resultDigest: hash,
  engineVersion: count,
} as const;

export const blockSchema: JsonSchema = object(blockProperties);

export function blockJson(row: Pick<BlockRow, (typeof BLOCK_COLUMNS)[number]>): JsonObject {
  return {
    height: row.height,
    digest: toHex(row.digest),
    parent: toHex(row.parent),
    epoch: row.epoch,
    view: row.view,
    timestampMs: row.timestamp_ms,
    proposer: row.proposer,
    itemCount: row.item_count,
    envelopeCount: row.envelope_count,
    commandCount: row.command_count,
    sizeBytes: row.size_bytes,
    stateRoot: toHex(row.state_root),
    eventsRoot: toHex(row.events_root),
    seed: toHex(row.seed),
    resultDigest: toHex(row.result_digest),
    engineVersion: row.engine_version,
  };
}
