import type { CommandRow } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { rejectName } from '../../schemas/rejectCode.js';
import {
  count,
  described,
  fields,
  hash,
  height,
  hexBytes,
  type JsonSchema,
  nullable,
  object,
  text,
  timestamp,
} from './jsonSchema.js';

export const COMMAND_COLUMNS = [
  'id',
  'height',
  'execution_index',
  'timestamp_ms',
  'account',
  'signer',
  'authorization_number',
  'nonce',
  'request_id',
  'request_until_ms',
  'kind',
  'status',
  'code',
  'first_height',
  'first_execution_index',
  'instruction',
] as const;

export const commandProperties = {
  id: hash,
  height,
  executionIndex: described(count, 'place in the block, from 1'),
  timestampMs: timestamp,
  account: hash,
  signer: hash,
  authorization: described(count, '0: signed by the account itself'),
  nonce: count,
  request: nullable(object({ id: hexBytes, untilMs: timestamp })),
  kind: described(text, 'name of the instruction'),
  status: { type: 'string', enum: ['executed', 'refused'] },
  code: described(nullable(count), 'number of the refusal'),
  codeName: nullable(text),
  first: described(
    nullable(object({ height, executionIndex: count })),
    'of a repeated request: where the first command was executed',
  ),
  instruction: fields,
} as const;

export const commandSchema: JsonSchema = object(commandProperties);

export function commandJson(row: Pick<CommandRow, (typeof COMMAND_COLUMNS)[number]>): JsonObject {
  const { request_id: id, request_until_ms: untilMs, first_height: first } = row;
  return {
    id: toHex(row.id),
    height: row.height,
    executionIndex: row.execution_index,
    timestampMs: row.timestamp_ms,
    account: toHex(row.account),
    signer: toHex(row.signer),
    authorization: row.authorization_number,
    nonce: row.nonce,
    request: id === null || untilMs === null ? null : { id: toHex(id), untilMs },
    kind: row.kind,
    status: row.status,
    code: row.code,
    codeName: row.code === null ? null : rejectName(row.code),
    first:
      first === null ? null : { height: first, executionIndex: row.first_execution_index ?? 0 },
    instruction: { kind: row.kind, ...row.instruction },
  };
}
