import type { JsonObject } from '../../projections/readModel.js';
import { encode } from '../../schemas/codec/codec.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { startsOf } from '../../schemas/crypto/epochStart.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { count, described, hash, height, list, object, text } from './jsonSchema.js';
import type { Route } from './route.js';

/** What a stranger needs beside genesis to check heights that were certified after a recovery. */
export function epochRows(keys: EpochKeys): readonly JsonObject[] {
  return startsOf(keys).map((start) => ({
    epoch: start.epoch,
    firstHeight: start.firstHeight,
    validators: start.validators.map((key) => toHex(key)),
    record: toHex(encode('EpochStart', start)),
  }));
}

export const listEpochs: Route = {
  url: '/epochs',
  summary: "The epochs that genesis' recovery keys have begun; none on a chain that lost nothing",
  tag: 'chain',
  changesWith: 'now',
  answer: object({
    epochs: list(
      object({
        epoch: count,
        firstHeight: described(height, 'that its validators certify'),
        validators: list(hash),
        record: described(text, 'framed EpochStart in hex, with the signatures that prove it'),
      }),
    ),
  }),
  async read({ keys }) {
    return { kind: 'found', body: { epochs: [...epochRows(keys)] } };
  },
};
