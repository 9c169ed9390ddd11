import { jsonOf } from '../../projections/explorer/jsonOf.js';
import { type MarkRow, marks } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import { partitionLeaf } from '../../schemas/crypto/eventsRoot.js';
import { type MerkleLevels, merkleLevels, merklePathIn } from '../../schemas/crypto/merkle.js';
import { assert } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import {
  count,
  described,
  fields,
  hash,
  hexBytes,
  type JsonSchema,
  list,
  object,
  text,
} from './jsonSchema.js';
import type { ReadContext } from './route.js';
import { select } from './select.js';

export const provenEventSchema: JsonSchema = object({
  eventIndex: count,
  key: described(hexBytes, 'the account or entity it belongs to'),
  keySequence: described(count, 'dense per key, from 0'),
  kind: text,
  fields,
  value: described(hexBytes, 'framed EventsRecord, as in the log; its hash is certified'),
  partition: count,
  index: described(count, 'among the events of its partition and height'),
  path: described(list(hash), 'RFC 6962 audit path among the hashes of the partition'),
  leaf: described(hexBytes, 'framed PartitionLeaf'),
  leafPath: described(list(hash), 'audit path of the leaf to the events root'),
});

const HASH_BYTES = 32;

interface PartitionProof {
  readonly levels: MerkleLevels;
  readonly leaf: string;
  readonly leafPath: readonly string[];
}

type Mark = Pick<
  MarkRow,
  'partition' | 'previous_height' | 'path' | 'execution_indexes' | 'records'
>;

/** Events of one execution index, each with all that leads from it to the certified events root. */
export async function readProvenEvents(
  { sql, shard }: ReadContext,
  height: number,
  executionIndex: number,
): Promise<JsonObject[]> {
  const columns = ['partition', 'previous_height', 'path', 'execution_indexes', 'records'] as const;
  const rest = 'where shard = $1 and height = $2 and $3 = any(execution_indexes)';
  const rows = await select(sql, marks, columns, rest, [shard, height, executionIndex]);
  return rows
    .flatMap((mark) => provePartition(mark, executionIndex))
    .sort((a, b) => a.eventIndex - b.eventIndex)
    .map(({ json }) => json);
}

function provePartition(
  mark: Mark,
  executionIndex: number,
): { readonly eventIndex: number; readonly json: JsonObject }[] {
  const { levels, leaf, leafPath } = proofOf(mark);
  return mark.records.flatMap((value, index) => {
    if (mark.execution_indexes[index] !== executionIndex) return [];
    const { body } = decodeTrusted('EventsRecord', value);
    assert(body.kind === 'EventEnvelope', 'records of marks hold events');
    const { eventIndex, key, keySequence } = body;
    const { kind, ...rest } = body.body;
    const json = {
      eventIndex,
      key: toHex(key),
      keySequence,
      kind,
      fields: jsonOf(rest),
      value: toHex(value),
      partition: mark.partition,
      index,
      path: merklePathIn(levels, index).map(toHex),
      leaf,
      leafPath,
    };
    return [{ eventIndex, json }];
  });
}

function proofOf({ previous_height: previousHeight, path, records }: Mark): PartitionProof {
  const hashes = records.map(eventHash);
  const leafPath: string[] = [];
  for (let start = 0; start < path.length; start += HASH_BYTES) {
    leafPath.push(toHex(path.subarray(start, start + HASH_BYTES)));
  }
  return {
    levels: merkleLevels(hashes),
    leaf: toHex(encode('PartitionLeaf', partitionLeaf(previousHeight, hashes))),
    leafPath,
  };
}
