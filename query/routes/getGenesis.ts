import { jsonOf } from '../../projections/explorer/jsonOf.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { fields } from './jsonSchema.js';
import type { Route } from './route.js';

export const getGenesis: Route = {
  url: '/genesis',
  summary: 'The genesis file: validators, keys, assets, rules. The chain id is its hash',
  tag: 'chain',
  changesWith: 'visible',
  answer: fields,
  async read({ genesis }) {
    return { kind: 'found', body: jsonOf(genesis), immutable: toHex(chainIdOf(genesis)) };
  },
};
