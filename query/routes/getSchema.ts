import { wholeSchema } from '../../schemas/codec/wholeSchema.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { object, pathParameters, text } from './jsonSchema.js';
import { type Route, refused } from './route.js';

export const getSchema: Route = {
  url: '/schemas/ids/:id',
  summary: "An Avro schema by the id in a record's frame, as a schema registry answers it",
  tag: 'chain',
  changesWith: 'visible',
  params: pathParameters({ id: { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 } }),
  answer: object({ schema: text }),
  async read(_context, parameters: { readonly id: number }) {
    const whole = wholeSchema(parameters.id);
    if (whole === null) {
      return refused(RejectCode.unknownPath, `no schema has id ${parameters.id}`);
    }
    const schema = JSON.stringify(whole);
    return { kind: 'found', body: { schema }, immutable: `schema-${parameters.id}` };
  },
};
