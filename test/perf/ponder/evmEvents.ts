import { keccak_256 } from '@noble/hashes/sha3.js';
import { fail, present } from '../../../schemas/kernel/assert.js';
import { ascii, toHex } from '../../../schemas/kernel/bytes.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';

/** All are static: a value is one word of 32 bytes. */
type WordType = 'bytes32' | 'uint8' | 'uint32' | 'uint64' | 'int64';
type Fields = Readonly<Record<string, WordType>>;
type Kind = EventEnvelope['body']['kind'];

/** In every event, behind the indexed key: its place in the block. */
const PLACE: Fields = { executionIndex: 'uint32', eventIndex: 'uint32' };
const RECEIPT: Fields = {
  commandId: 'bytes32',
  signer: 'bytes32',
  authorization: 'uint64',
  nonce: 'uint64',
  instruction: 'uint8',
};
const BOOKS = ['issued', 'accounts', 'inPlay', 'bankroll', 'reserved', 'faucet'];

/**
 * The events of the log as those of a contract: the same names, the fields that tables are made
 * of. Sessions are not among them: the played chain has none.
 */
const FIELDS: Readonly<Partial<Record<Kind, Fields>>> = {
  CommandExecuted: RECEIPT,
  CommandRefused: { ...RECEIPT, code: 'uint32' },
  AccountCreated: { by: 'bytes32' },
  BalanceChanged: {
    asset: 'uint32',
    delta: 'int64',
    balance: 'int64',
    reason: 'uint8',
    commandId: 'bytes32',
  },
  HiLoStarted: {
    game: 'uint64',
    asset: 'uint32',
    stake: 'int64',
    card: 'uint8',
    worth: 'int64',
  },
  HiLoGuessed: { game: 'uint64', guess: 'uint8', card: 'uint8', outcome: 'uint8', worth: 'int64' },
  HiLoEnded: {
    game: 'uint64',
    asset: 'uint32',
    outcome: 'uint8',
    stake: 'int64',
    payout: 'int64',
  },
  RouletteSpun: {
    keySequence: 'uint64',
    asset: 'uint32',
    number: 'uint8',
    stake: 'int64',
    payout: 'int64',
  },
  SupplyReported: {
    asset: 'uint32',
    ...Object.fromEntries(BOOKS.map((name) => [name, 'int64' as const])),
  },
};

/** Enumerations, in the order of their numbers. */
export const ENUMS: Readonly<Record<string, readonly string[]>> = {
  instruction: [
    'AuthorizeSession',
    'RevokeSession',
    'ClaimFaucet',
    'Transfer',
    'StartHiLo',
    'GuessHiLo',
    'CashOutHiLo',
    'SpinRoulette',
  ],
  reason: ['OTHER', 'FAUCET', 'TRANSFER_OUT', 'TRANSFER_IN', 'STAKE', 'PAYOUT'],
  guess: ['HIGHER', 'LOWER', 'SAME'],
  outcome: ['CONTINUES', 'PUSHED', 'LOST', 'CASHED_OUT', 'CAPPED', 'EXPIRED'],
};

interface AbiInput {
  readonly name: string;
  readonly type: WordType;
  readonly indexed: boolean;
}

export interface AbiEvent {
  readonly type: 'event';
  readonly name: string;
  readonly anonymous: false;
  readonly inputs: readonly AbiInput[];
}

export const EVM_ABI: readonly AbiEvent[] = Object.entries(FIELDS).map(([name, fields]) => ({
  type: 'event',
  name,
  anonymous: false,
  inputs: [
    { name: 'key', type: 'bytes32', indexed: true },
    ...Object.entries({ ...PLACE, ...fields }).map(([field, type]) => ({
      ...{ name: field, type, indexed: false },
    })),
  ],
}));

const TOPICS = new Map(
  EVM_ABI.map(({ name, inputs }) => {
    const signature = `${name}(${inputs.map(({ type }) => type).join(',')})`;
    return [name, `0x${toHex(keccak_256(ascii(signature)))}`];
  }),
);

/** Topic 0 of an event of this name. */
export function topicOf(name: string): string {
  return present(TOPICS.get(name), `an event ${name}`);
}

/** A word of hex: bytes stand at its left, numbers at its right, negative ones as complement. */
function word(value: Uint8Array | bigint | number | null): string {
  if (value === null) return '0'.repeat(64);
  if (value instanceof Uint8Array) {
    if (value.length > 32) fail(`${value.length} bytes are more than a word`);
    return toHex(value).padEnd(64, '0');
  }
  return BigInt.asUintN(256, BigInt(value)).toString(16).padStart(64, '0');
}

function fieldOf(event: EventEnvelope, field: string): Uint8Array | bigint | number | null {
  const value: unknown = Reflect.get(event.body, field) ?? Reflect.get(event, field) ?? null;
  const enumeration = ENUMS[field];
  if (enumeration === undefined) return value as Uint8Array | bigint | number | null;
  const name = field === 'instruction' ? String(Reflect.get(value as object, 'kind')) : value;
  const number = enumeration.indexOf(String(name));
  if (number < 0) fail(`${field} ${name} has no number`);
  return number;
}

/** Topics and data of an event as a contract would log it. */
export function encodeEvent(event: EventEnvelope): {
  readonly topics: readonly string[];
  readonly data: string;
} {
  const { kind } = event.body;
  const fields = present(FIELDS[kind], `a contract's event for ${kind}`);
  const words = Object.keys({ ...PLACE, ...fields }).map((field) => word(fieldOf(event, field)));
  return { topics: [topicOf(kind), `0x${word(event.key)}`], data: `0x${words.join('')}` };
}
