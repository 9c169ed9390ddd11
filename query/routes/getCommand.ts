import { blocks, commands } from '../../projections/explorer/table.js';
import { encode } from '../../schemas/codec/codec.js';
import { present } from '../../schemas/kernel/assert.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { COMMAND_COLUMNS, commandJson, commandProperties } from './commandJson.js';
import { openCertified } from './getBlock.js';
import {
  described,
  hash,
  hashParameter,
  height,
  hexBytes,
  list,
  minHeight,
  object,
  pathParameters,
  queryParameters,
} from './jsonSchema.js';
import { provenEventSchema, readProvenEvents } from './provenEvents.js';
import { type Route, refused } from './route.js';
import { select } from './select.js';

export const getCommand: Route = {
  url: '/explorer/commands/:id',
  summary: 'A command with its events and all that proves them and lets a stranger recompute them',
  tag: 'explorer',
  changesWith: 'visible',
  params: pathParameters({ id: hashParameter }),
  query: queryParameters({ minHeight }),
  answer: object({
    ...commandProperties,
    block: object({ height, digest: hash, seed: hash, eventsRoot: hash, resultDigest: hash }),
    events: list(provenEventSchema),
    certificate: described(hexBytes, 'framed ResultCertificate of the height'),
    visibleHeight: height,
  }),
  async read(context, parameters: { readonly id: string }) {
    const { sql, shard, visible } = context;
    const rest = 'where id = $1 and height <= $2';
    const values = [fromHex(parameters.id), visible.height];
    const [command] = await select(sql, commands, COMMAND_COLUMNS, rest, values);
    if (command === undefined) {
      const detail = 'no executed or refused command has this id';
      return refused(RejectCode.unknownPath, `${detail}; visible height is ${visible.height}`);
    }
    const [row] = await select(
      sql,
      blocks,
      ['digest', 'seed', 'events_root', 'result_digest', 'certified'],
      'where shard = $1 and height = $2',
      [shard, command.height],
    );
    const block = present(row, 'block of a visible command');
    const { certificate } = openCertified(block.certified);
    const body = {
      ...commandJson(command),
      block: {
        height: command.height,
        digest: toHex(block.digest),
        seed: toHex(block.seed),
        eventsRoot: toHex(block.events_root),
        resultDigest: toHex(block.result_digest),
      },
      events: await readProvenEvents(context, command.height, command.execution_index),
      certificate: toHex(encode('ResultCertificate', certificate)),
      visibleHeight: visible.height,
    };
    return { kind: 'found', body, immutable: toHex(command.id) };
  },
};
