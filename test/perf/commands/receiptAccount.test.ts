import { describe, expect, it } from 'vitest';
import { decodeTrusted } from '../../../schemas/codec/codec.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import { execute, given, newWorld, person, START_MS } from '../../vectors/engine/engineWorld.js';
import { authorize, bet, by, claim, pay, spin } from '../../vectors/engine/intents.js';
import { receiptAccount } from './receiptAccount.js';

describe('the account of a receipt', () => {
  it('is that of the whole decoded record, and null for every other event', () => {
    const [ann, bob, session] = [person('ann'), person('bob'), person('session')];
    const world = given(newWorld(), [claim(ann)], [authorize(ann, session, START_MS + 90_000)]);
    const commands = [
      pay(ann, bob, 300n),
      pay(ann, bob, 999_999n),
      by(spin(ann, [bet('RED', [], 20n)]), session, 1),
    ];
    const { events, receipts } = execute(world, commands);
    const found: string[] = [];
    for (const value of events.flat()) {
      const { body } = decodeTrusted('EventsRecord', value);
      const kind = body.kind === 'EventEnvelope' ? body.body.kind : '';
      const isReceipt = kind === 'CommandExecuted' || kind === 'CommandRefused';
      const account = receiptAccount(value);
      expect(account === null).toBe(!isReceipt);
      if (account !== null && body.kind === 'EventEnvelope') {
        expect(toHex(account)).toBe(toHex(body.key));
        found.push(toHex(account));
      }
    }
    expect(found).toEqual(receipts.map(({ account }) => toHex(account)));
  });
});
