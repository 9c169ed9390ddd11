import type { RowOf, Table } from '../readModel.js';

/** One row an epoch. */
export const epochs = {
  name: 'epochs',
  kind: 'fold',
  columns: {
    shard: { type: 'small', merge: 'key' },
    epoch: { type: 'count', merge: 'key' },
    blocks: { type: 'count', merge: 'sum' },
    first_height: { type: 'count', merge: 'least' },
    last_height: { type: 'count', merge: 'greatest' },
    last_view: { type: 'count', merge: 'greatest' },
  },
} as const satisfies Table;

/** What a validator of an epoch has done. */
export const validators = {
  name: 'validators',
  kind: 'fold',
  columns: {
    shard: { type: 'small', merge: 'key' },
    epoch: { type: 'count', merge: 'key' },
    validator: { type: 'small', merge: 'key' },
    proposed: { type: 'count', merge: 'sum' },
    finalized: { type: 'count', merge: 'sum' },
    certified: { type: 'count', merge: 'sum' },
    last_proposed_height: { type: 'count', merge: 'greatest' },
    last_signed_height: { type: 'count', merge: 'greatest' },
  },
} as const satisfies Table;

export type EpochRow = RowOf<typeof epochs>;
export type ValidatorRow = RowOf<typeof validators>;
