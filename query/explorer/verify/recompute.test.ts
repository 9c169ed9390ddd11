import { expect, it } from 'vitest';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import { engineGenesis } from '../../../test/simulation/engineChain.js';
import { recompute } from './recompute.js';
import { rouletteOutcome } from './rouletteOutcome.js';

const seed = new Uint8Array(32).fill(7);
const bets = [{ kind: 'RED', numbers: [], amount: 10n }] as const;
const place = { seed, shard: 0, executionIndex: 1 };
const spun: EventEnvelope = {
  ...{ shard: 0, partition: 0, height: 3, executionIndex: 1, eventIndex: 1, keySequence: 0 },
  ...{ timestampMs: 1, key: new Uint8Array(32) },
  body: { kind: 'RouletteSpun', asset: 0, bets, stake: 10n, ...rouletteOutcome(place, bets) },
};

it('tells by the rules that it derives whether a spin follows from the seed', () => {
  const check = (event: EventEnvelope) =>
    recompute(event, { seed, engineVersion: 1 }, null, engineGenesis);
  expect(check(spun)).toMatchObject({ passed: true });
  const { body } = spun;
  if (body.kind !== 'RouletteSpun') return expect.unreachable(body.kind);
  const other = { ...spun, body: { ...body, payout: body.payout + 1n } };
  expect(check(other)).toMatchObject({ passed: false });
});

it('says of another engine that it does not know its rules, and nothing of other events', () => {
  const made = { seed, engineVersion: 2 };
  expect(recompute(spun, made, null, engineGenesis)).toEqual({
    name: 'The outcome follows from the seed',
    passed: false,
    detail: 'made by engine version 2, and only version 1 can be derived here: take a newer one',
  });
  const created: EventEnvelope = { ...spun, body: { kind: 'AccountCreated', by: seed } };
  expect(recompute(created, made, null, engineGenesis)).toBeNull();
});
