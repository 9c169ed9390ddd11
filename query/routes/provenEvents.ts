import { jsonOf } from '../../projections/explorer/jsonOf.js';
import { events, marks } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import { partitionLeaf } from '../../schemas/crypto/eventsRoot.js';
import { type MerkleLevels, merkleLevels, merklePathIn } from '../../schemas/crypto/merkle.js';
import { assert, present } from '../../schemas/kernel/assert.js';
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

/** Events of one execution index, each with all that leads from it to the certified events root. */
export async function readProvenEvents(
  context: ReadContext,
  height: number,
  executionIndex: number,
): Promise<JsonObject[]> {
  const { sql, shard } = context;
  const columns = [
    'event_index',
    'partition',
    'leaf_index',
    'key_sequence',
    'key',
    'kind',
    'value',
  ] as const;
  const rest = 'where shard = $1 and height = $2 and execution_index = $3 order by event_index';
  const rows = await select(sql, events, columns, rest, [shard, height, executionIndex]);
  const partitions = [...new Set(rows.map(({ partition }) => partition))];
  const proofs = new Map<number, PartitionProof>();
  for (const partition of partitions) {
    proofs.set(partition, await provePartition(context, height, partition));
  }
  return rows.map((row) => {
    const { levels, leaf, leafPath } = present(proofs.get(row.partition), 'proof of a partition');
    return {
      eventIndex: row.event_index,
      key: toHex(row.key),
      keySequence: row.key_sequence,
      kind: row.kind,
      fields: eventFields(row.value),
      value: toHex(row.value),
      partition: row.partition,
      index: row.leaf_index,
      path: merklePathIn(levels, row.leaf_index).map(toHex),
      leaf,
      leafPath,
    };
  });
}

function eventFields(value: Uint8Array): JsonObject {
  const { body } = decodeTrusted('EventsRecord', value);
  assert(body.kind === 'EventEnvelope', 'rows of events hold events');
  const { kind: _, ...rest } = body.body;
  return jsonOf(rest);
}

async function provePartition(
  { sql, shard }: ReadContext,
  height: number,
  partition: number,
): Promise<PartitionProof> {
  const rest = 'where shard = $1 and height = $2 and partition = $3';
  const values = [shard, height, partition];
  const ordered = `${rest} order by leaf_index`;
  const rows = await select(sql, events, ['value'], ordered, values);
  const [mark] = await select(sql, marks, ['previous_height', 'path'], rest, values);
  const { previous_height: previousHeight, path } = present(mark, 'mark of a height with events');
  const hashes = rows.map(({ value }) => eventHash(value));
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
