import { jsonOf } from '../../projections/explorer/jsonOf.js';
import { decode, decodeTrusted } from '../../schemas/codec/codec.js';
import { parseHex, toHex } from '../../schemas/kernel/bytes.js';
import { STATE_KEY_BYTES_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import {
  described,
  fields,
  height,
  hexBytes,
  nullable,
  object,
  pathParameters,
  queryParameters,
} from './jsonSchema.js';
import { type Route, refused } from './route.js';

export const getState: Route = {
  url: '/state/:key',
  summary: 'A leaf of the certified state, or its absence, with proof and certificate',
  tag: 'state',
  changesWith: 'now',
  params: pathParameters({
    key: {
      type: 'string',
      pattern: '^([0-9a-fA-F]{2})+$',
      maxLength: 2 * STATE_KEY_BYTES_MAX,
      description: 'hex of a framed StateKey',
    },
  }),
  query: queryParameters({
    height: described(height, 'one of the last 64; without it or with 0 the newest'),
  }),
  answer: object({
    key: hexBytes,
    height,
    value: described(nullable(hexBytes), 'framed StateValue; null: proven to be absent'),
    decoded: nullable(fields),
    proof: described(hexBytes, 'framed StateProof'),
    certificate: described(hexBytes, 'framed ResultCertificate'),
    visibleHeight: height,
  }),
  async read(context, parameters: { readonly key: string; readonly height?: number }) {
    const key = decode('StateKey', parseHex(parameters.key) ?? new Uint8Array());
    if (!key.ok) return refused(RejectCode.badParameter, `key: ${key.reason}`);
    const state = await context.states.read(key.value.key, parameters.height ?? 0);
    if (state === null) {
      const detail = 'no validator that can be reached has a proof; they keep the last 64 heights';
      return refused(RejectCode.stateUnavailable, detail);
    }
    const value = state.value === null ? null : decodeTrusted('StateValue', state.value).value;
    const body = {
      key: parameters.key.toLowerCase(),
      height: state.height,
      value: state.value === null ? null : toHex(state.value),
      decoded: value === null ? null : jsonOf(value),
      proof: toHex(state.proof),
      certificate: toHex(state.certificate),
      visibleHeight: context.visible.height,
    };
    return { kind: 'found', body };
  },
};
