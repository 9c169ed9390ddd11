import type { RowOf, Table } from '../readModel.js';

const key = <T extends 'bytes' | 'count' | 'small'>(type: T) => ({ type, merge: 'key' }) as const;
const bytes = { type: 'bytes', merge: 'once' } as const;
const count = { type: 'count', merge: 'once' } as const;
const small = { type: 'small', merge: 'once' } as const;
const amount = { type: 'amount', merge: 'once' } as const;
const text = { type: 'text', merge: 'once' } as const;
const json = { type: 'json', merge: 'once' } as const;
const optional = { nullable: true } as const;

/** One row a certified block. `certified` is the framed BlocksRecord. */
export const blocks = {
  name: 'blocks',
  kind: 'append',
  columns: {
    shard: { type: 'small', merge: 'key' },
    height: { type: 'count', merge: 'key' },
    digest: bytes,
    parent: bytes,
    epoch: count,
    view: count,
    timestamp_ms: count,
    proposer: small,
    item_count: small,
    envelope_count: small,
    command_count: small,
    size_bytes: count,
    state_root: bytes,
    events_root: bytes,
    seed: bytes,
    result_digest: bytes,
    engine_version: small,
    certified: bytes,
  },
} as const satisfies Table;

/** One row a command that consumed its nonce. */
export const commands = {
  name: 'commands',
  kind: 'append',
  columns: {
    id: { type: 'bytes', merge: 'key' },
    shard: small,
    partition: small,
    height: count,
    execution_index: small,
    timestamp_ms: count,
    account: bytes,
    signer: bytes,
    authorization_number: count,
    nonce: count,
    request_id: { ...bytes, ...optional },
    request_until_ms: { ...count, ...optional },
    kind: text,
    status: text,
    code: { ...small, ...optional },
    first_height: { ...count, ...optional },
    first_execution_index: { ...small, ...optional },
    instruction: json,
  },
} as const satisfies Table;

/**
 * One row a partition and height with events. `path` is the audit path's hashes, joined. Each list
 * has an entry an event, in the order of the Merkle leaves; those of `records` are the framed
 * EventsRecords, which hash to the leaves. View `events` shows a row an event.
 */
export const marks = {
  name: 'marks',
  kind: 'append',
  columns: {
    shard: key('small'),
    height: key('count'),
    partition: key('small'),
    previous_height: count,
    event_count: small,
    path: bytes,
    execution_indexes: { type: 'smallList', merge: 'once' },
    event_indexes: { type: 'smallList', merge: 'once' },
    key_sequences: { type: 'countList', merge: 'once' },
    keys: { type: 'bytesList', merge: 'once' },
    kinds: { type: 'textList', merge: 'once' },
    records: { type: 'bytesList', merge: 'once' },
  },
} as const satisfies Table;

/** The books of an asset after a height that changed them. */
export const supply = {
  name: 'supply',
  kind: 'append',
  columns: {
    shard: key('small'),
    height: key('count'),
    asset: key('count'),
    issued: amount,
    accounts: amount,
    in_play: amount,
    bankroll: amount,
    reserved: amount,
    faucet: amount,
  },
} as const satisfies Table;

export type BlockRow = RowOf<typeof blocks>;
export type CommandRow = RowOf<typeof commands>;
export type MarkRow = RowOf<typeof marks>;
export type SupplyRow = RowOf<typeof supply>;
