import { describe, expect, it } from 'vitest';
import { ascii } from '../kernel/bytes.js';
import { ByteArena } from './byteArena.js';
import { BytesTap } from './bytesTap.js';
import { decode, decodeViews, encode, encodeIn } from './codec.js';

const key = (fill: number) => new Uint8Array(32).fill(fill);

/** Zig-zag and base 128, as plainly as it can be written. */
function varint(value: bigint): number[] {
  let rest = value >= 0n ? 2n * value : -2n * value - 1n;
  const bytes: number[] = [];
  for (; rest >= 128n; rest /= 128n) bytes.push(Number(rest % 128n) + 128);
  return [...bytes, Number(rest)];
}

function varintOf(tap: BytesTap, write: (tap: BytesTap) => void): number[] {
  write(tap);
  return [...tap.take()];
}

describe('codec', () => {
  it('reads back what it wrote, with amounts as bigint and unions by kind', () => {
    const command = {
      account: key(1),
      authorization: 0,
      nonce: 7,
      request: null,
      instruction: { kind: 'Transfer', to: key(2), asset: 0, amount: (1n << 62n) + 5n },
    } as const;
    const bytes = encode('Command', command);
    expect(bytes.subarray(0, 5)).toEqual(Uint8Array.of(0, 0, 0, 0, 1));
    expect(decode('Command', bytes)).toEqual({ ok: true, value: command });
  });

  it('answers any bytes, and refuses what it would not have written', () => {
    const bytes = encode('Round', { epoch: 0, view: 3 });
    expect(decode('Round', bytes)).toEqual({ ok: true, value: { epoch: 0, view: 3 } });
    expect(decode('Round', Uint8Array.of(...bytes, 0)).ok).toBe(false);
    expect(decode('Round', bytes.subarray(0, 6)).ok).toBe(false);
    expect(decode('Round', Uint8Array.of(0, 0, 0, 0, bytes[4]!, 0x80, 0, 6))).toEqual({
      ok: false,
      reason: 'not canonical',
    });
    expect(decode('Round', ascii('nonsense')).ok).toBe(false);
  });

  it('refuses a huge count without doing its work', () => {
    const block = encode('Block', {
      header: {
        chainId: key(0),
        shard: 0,
        epoch: 0,
        view: 1,
        height: 1,
        parent: key(0),
        timestampMs: 1,
        proposer: 0,
        sealsBeacon: true,
        itemsRoot: key(0),
        executed: { height: 0, resultDigest: key(0) },
      },
      items: [],
    });
    const forged = Uint8Array.of(...block.subarray(0, -1), 0x80, 0xa8, 0xd6, 0xb9, 0x07);
    expect(decode('Block', forged)).toEqual({ ok: false, reason: 'truncated' });
  });

  it('writes amounts and longs by the one rule, on every side of what a number can hold', () => {
    const powers = Array.from({ length: 63 }, (_, bits) => 1n << BigInt(bits));
    const sides = powers.flatMap((power) => [power - 1n, power, power + 1n]);
    const amounts = [...sides, (1n << 63n) - 1n].flatMap((amount) => [amount, -amount]);
    for (const amount of amounts) {
      expect(varintOf(new BytesTap(), (tap) => tap.writeAmount(amount))).toEqual(varint(amount));
      const long = Number(amount);
      if (2 * Math.abs(long) > Number.MAX_SAFE_INTEGER) continue;
      expect(varintOf(new BytesTap(), (tap) => tap.writeLong(long))).toEqual(varint(amount));
    }
    expect(() => new BytesTap().writeAmount(1n << 63n)).toThrow('past 64 bits');
    expect(() => new BytesTap().writeLong(2 ** 53)).toThrow('not a safe integer');
    expect(() => new BytesTap().writeLong(1.5)).toThrow('not a safe integer');
  });

  it('writes records of any size, also where its buffer has to grow between two bytes', () => {
    for (let size = 65_400; size < 65_700; size++) {
      const item = new Uint8Array(size).fill(7);
      const envelope = {
        head: { chainId: key(1), shard: 0, signer: key(2), expiresAtMs: 1_700_000_000_000 },
        commands: [item, Uint8Array.of(1, 2, 3)],
        signature: new Uint8Array(64).fill(9),
      };
      expect(decode('Envelope', encode('Envelope', envelope)).ok).toBe(true);
    }
    const large = encode('Command', {
      account: key(1),
      authorization: 0,
      nonce: 0,
      request: null,
      instruction: { kind: 'SpinRoulette', asset: 0, bets: [] },
    });
    expect(decode('Command', large).ok).toBe(true);
  });

  it('writes the same bytes into an arena, which later ones leave alone', () => {
    const arena = new ByteArena();
    const rounds = Array.from({ length: 3_000 }, (_, view) => ({ epoch: 3, view: view ** 3 }));
    const kept = rounds.map((round) => encodeIn(arena, 'Round', round));
    expect(kept).toEqual(rounds.map((round) => encode('Round', round)));
    expect(new Set(kept.map(({ buffer }) => buffer)).size).toBeLessThan(6);
    const large = { messages: [new Uint8Array(300_000).fill(7)] };
    const body = { body: { kind: 'MessageBatch' as const, ...large } };
    expect(encodeIn(arena, 'PeerMessage', body)).toEqual(encode('PeerMessage', body));
    const [first] = rounds;
    if (first !== undefined) expect(encodeIn(arena, 'Round', first)).toEqual(kept[0]);
  });

  it('reads bytes as views of the input where that is asked for, by the same rules', () => {
    const envelope = {
      head: { chainId: key(1), shard: 0, signer: key(2), expiresAtMs: 1_700_000_000_000 },
      commands: [new Uint8Array(300).fill(7), Uint8Array.of(1, 2, 3)],
      signature: new Uint8Array(64).fill(9),
    };
    const bytes = encode('Envelope', envelope);
    const read = decodeViews('Envelope', bytes);
    expect(read).toEqual({ ok: true, value: envelope });
    if (read.ok) expect(read.value.commands[0]?.buffer).toBe(bytes.buffer);
    expect(decodeViews('Envelope', Uint8Array.of(...bytes, 0)).ok).toBe(false);
    expect(decodeViews('Envelope', bytes.subarray(0, 200))).toEqual(
      decode('Envelope', bytes.subarray(0, 200)),
    );
  });
});
