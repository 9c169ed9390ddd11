import { describe, expect, it } from 'vitest';
import { decode, encode } from './codec.js';
import { fromJson, JsonFormError } from './fromJson.js';

const key = (fill: number) => new Uint8Array(32).fill(fill);

const transfer = {
  account: key(1),
  authorization: 2,
  nonce: 3,
  request: { id: new Uint8Array(16).fill(7), untilMs: 1_700_000_000_000 },
  instruction: { kind: 'Transfer', to: key(4), asset: 0, amount: 12_345_678_901_234_567n },
} as const;

/** As the reader answers it. */
const json = {
  ...transfer,
  account: '01'.repeat(32),
  request: { id: '07'.repeat(16), untilMs: 1_700_000_000_000 },
  instruction: { kind: 'Transfer', to: '04'.repeat(32), asset: 0, amount: '12345678901234567' },
};

describe('a record from JSON', () => {
  it('is what the reader made the JSON of', () => {
    const record = fromJson('Command', json);
    expect(record).toEqual(transfer);
    expect(decode('Command', encode('Command', record))).toEqual({ ok: true, value: transfer });
    expect(fromJson('Command', { ...json, request: null }).request).toBeNull();
  });

  const bad: readonly [title: string, json: unknown, message: string][] = [
    ['no object', 7, 'Command: not an object'],
    ['a field too few', { ...json, account: undefined }, 'not hex'],
    ['a field of a prototype', Object.create(json), 'Command.account is missing'],
    ['no number', { ...json, nonce: '3' }, 'Command.nonce: not of type long'],
    ['a fraction', { ...json, nonce: 1.5 }, 'Command.nonce: not of type long'],
    ['a short key', { ...json, account: '01' }, 'Command.account: not 32 bytes'],
    ['nothing for a kind', { ...json, instruction: null }, 'no such kind: undefined'],
    ['no hex', { ...json, account: 'xyz' }, 'Command.account: not hex'],
    ['an unknown kind', { ...json, instruction: { kind: 'Steal' } }, 'no such kind: Steal'],
    [
      'an amount beyond 64 bits',
      { ...json, instruction: { ...json.instruction, amount: String(2n ** 63n) } },
      'Command.instruction.amount: not an amount',
    ],
    [
      'a fraction of an amount',
      { ...json, instruction: { ...json.instruction, amount: '1.5' } },
      'Command.instruction.amount: not an amount',
    ],
  ];
  it.each(bad)('is refused with %s', (_title, given, message) => {
    expect(() => fromJson('Command', given)).toThrow(JsonFormError);
    expect(() => fromJson('Command', given)).toThrow(message);
  });
});
