import { describe, expect, it } from 'vitest';
import type { CommandInstruction, RouletteBet } from '../../schemas/types/command.js';
import { createSimulatedPlatform } from '../../test/simulation/simulatedPlatform.js';
import { memoryOutbox, simulatedPlayer } from '../../test/simulation/simulatedPlayer.js';
import { checkInstructions, InstructionError } from './instructionForm.js';

const KEY = new Uint8Array(32);
const RED: RouletteBet = { kind: 'RED', numbers: [], amount: 1n };
const spin = (bet: object, ...more: object[]) => {
  return { kind: 'SpinRoulette', asset: 0, bets: [bet, ...more] };
};

const GOOD: readonly CommandInstruction[] = [
  { kind: 'ClaimFaucet', asset: 0 },
  { kind: 'Transfer', asset: 0, to: KEY, amount: 2n ** 63n - 1n },
  { kind: 'RevokeSession', authorization: 1 },
  {
    ...{ kind: 'AuthorizeSession', sessionKey: KEY, expiresAtMs: 1_800_000_000_000 },
    spendLimits: [{ asset: 0, amount: 1n }],
  },
  { kind: 'StartHiLo', asset: 0, stake: 5n },
  { kind: 'GuessHiLo', game: 3, guess: 'HIGHER' },
  { kind: 'CashOutHiLo', game: 3 },
  { kind: 'SpinRoulette', asset: 0, bets: [RED, { kind: 'STRAIGHT', numbers: [7], amount: 2n }] },
];

const AMOUNTS = ['1e3', '0x10', '10', true, [5], 1, 1.7, null, undefined, 2n ** 63n, {}];

describe('the form of an instruction', () => {
  it('is that of its type', () => {
    expect(() => checkInstructions(GOOD)).not.toThrow();
  });

  const bad: readonly (readonly [unknown, string])[] = [
    [spin({ kind: 'STRAIGHT', amount: 1n }), 'bets[0].numbers'],
    [spin(RED, { ...RED, kind: 'PURPLE' }), 'bets[1].kind'],
    [spin({ ...RED, numbers: ['1'] }), 'bets[0].numbers[0]'],
    [spin({ ...RED, numbers: [2 ** 31] }), 'bets[0].numbers[0]'],
    [{ kind: 'SpinRoulette', asset: 0, bets: {} }, 'bets'],
    [{ kind: 'SpinRoulette', asset: '0', bets: [] }, 'asset'],
    [{ kind: 'Transfer', asset: 0, to: '00'.repeat(32), amount: 1n }, 'to'],
    [{ kind: 'Transfer', asset: 0, to: new Uint8Array(31), amount: 1n }, 'to'],
    [{ kind: 'GuessHiLo', game: 1, guess: 'UP' }, 'guess'],
    [{ kind: 'GuessHiLo', game: Number.NaN, guess: 'SAME' }, 'game'],
    [{ kind: 'Steal' }, 'kind'],
    [null, 'kind'],
    [7, 'kind'],
    ...AMOUNTS.map((amount) => [spin({ ...RED, amount }), 'bets[0].amount'] as const),
    ...AMOUNTS.map((stake) => [{ kind: 'StartHiLo', asset: 0, stake }, 'stake'] as const),
  ];
  it.each(bad)('is held of %o', (instruction, field) => {
    const error = (() => {
      try {
        checkInstructions([GOOD[0], instruction]);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(InstructionError);
    expect(error).toMatchObject({ code: 'badInstruction', field: `instructions[1].${field}` });
    expect((error as Error).message).toContain(`${field}: expected `);
  });
});

it('is looked at before anything is signed or kept', async () => {
  const platform = createSimulatedPlatform(1);
  platform.startGateway('g0');
  const outbox = memoryOutbox();
  const ann = await simulatedPlayer(platform, { outbox });
  const submit = (given: unknown, lifetimeMs?: unknown) => () =>
    ann.submit(given as CommandInstruction[], lifetimeMs as number);
  const claim = { kind: 'ClaimFaucet', asset: 0 };
  const many = (count: number) => Array.from({ length: count }, () => RED);
  for (const [given, field, lifetimeMs] of [
    [[spin({ ...RED, amount: '0x10' })], 'instructions[0].bets[0].amount', 5_000],
    [claim, 'instructions', 5_000],
    [[claim], 'lifetimeMs', Number.NaN],
    [[claim], 'lifetimeMs', -1],
    [[claim], 'lifetimeMs', '30s'],
    [[spin(RED, ...many(2_000))], 'instructions[0]', 5_000],
    [Array.from({ length: 64 }, () => spin(RED, ...many(500))), 'instructions', 5_000],
  ] as const) {
    expect(submit(given, lifetimeMs)).toThrow(InstructionError);
    expect(submit(given, lifetimeMs)).toThrow(`${field}: expected`);
  }
  for (const nonce of [Number.NaN, -1, '3', undefined]) {
    expect(() => ann.passNonce(nonce as number)).toThrow('a nonce is a whole number');
  }
  await platform.run(1_000);
  expect(outbox.entries.size).toBe(0);
  expect(await ann.play({ kind: 'ClaimFaucet', asset: 0 })).toMatchObject({ kind: 'executed' });
});
