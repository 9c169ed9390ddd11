import { describe, expect, it } from 'vitest';
import type { Result } from '../../../schemas/types/block.js';
import type { CommandInstruction } from '../../../schemas/types/command.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import {
  eventsOf,
  execute,
  given,
  type Intent,
  newWorld,
  person,
  seedOf,
  testGenesis,
} from '../../../test/vectors/engine/engineWorld.js';
import { bet, cashOut, claim, guess, spin, start } from '../../../test/vectors/engine/intents.js';
import type { HiLoBefore } from './recompute.js';
import { type RecomputedCommand, recomputeCommand } from './recomputeCommand.js';

const ann = person('ann');
const genesis = testGenesis();

interface Played {
  readonly events: readonly EventEnvelope[];
  readonly certificate: { readonly result: Pick<Result, 'seed' | 'engineVersion'> };
}

/** What the engine makes of a command with a seed. */
function play(world: ReturnType<typeof newWorld>, intent: Intent, salt = 0): Played {
  const seed = seedOf(salt * 1_000 + world.state.height);
  const executed = execute(world, [intent], { seed });
  const events = eventsOf(executed).filter(({ executionIndex }) => executionIndex === 1);
  return { events, certificate: { result: { seed, engineVersion: 1 } } };
}

function recomputed(played: Played, before: HiLoBefore | null = null): RecomputedCommand {
  return recomputeCommand({ ...played, genesis, before });
}

/** The same command with one event told otherwise. */
function told(played: Played, kind: string, otherwise: object): Played {
  const events = played.events.map((event) => {
    return event.body.kind === kind ? { ...event, body: { ...event.body, ...otherwise } } : event;
  });
  return { ...played, events: events as unknown as EventEnvelope[] };
}

const bets = [bet('RED', [], 50n), bet('STRAIGHT', [8], 15n), bet('DOZEN', [1], 10n)];

describe('what the engine made of a bet', () => {
  it('is derived again from the seed, for every way in which games go', () => {
    const seen = new Set<string>();
    for (let salt = 0; salt < 40; salt++) {
      const world = given(newWorld(), [claim(ann)]);
      const spun = recomputed(play(world, spin(ann, bets), salt));
      expect([spun.passed, spun.checks.length]).toEqual([true, 3]);
      let { passed, after } = recomputed(play(world, start(ann, 60n), salt));
      expect(passed).toBe(true);
      for (let step = 0; ; step++) {
        const said = (['HIGHER', 'LOWER', 'SAME'] as const)[(salt + step) % 3] ?? 'SAME';
        const rank = (after?.card ?? 0) % 13;
        const isOpen = !(said === 'HIGHER' && rank === 12) && !(said === 'LOWER' && rank === 0);
        const isLast = step === 2 || !isOpen;
        const played = play(world, isLast ? cashOut(ann, 0) : guess(ann, 0, said), salt);
        const moved = recomputed(played, after);
        expect(moved, JSON.stringify(moved.checks)).toMatchObject({ passed: true });
        after = moved.after;
        const end = played.events.find(({ body }) => body.kind === 'HiLoEnded')?.body;
        for (const { body } of played.events) if ('outcome' in body) seen.add(body.outcome);
        if (end !== undefined) break;
      }
    }
    expect([...seen].sort()).toEqual(['CASHED_OUT', 'CONTINUES', 'LOST', 'PUSHED']);
  });

  it('fails when anything of it is told otherwise', () => {
    const world = given(newWorld(), [claim(ann)]);
    const spun = play(world, spin(ann, bets));
    const body = spun.events.map((event) => event.body).find(({ kind }) => kind === 'RouletteSpun');
    if (body?.kind !== 'RouletteSpun') return expect.unreachable('it spun');
    const wrong: readonly Played[] = [
      told(spun, 'RouletteSpun', { number: (body.number + 1) % 37 }),
      told(spun, 'RouletteSpun', { payout: body.payout + 1n }),
      told(spun, 'RouletteSpun', { bets: [bet('BLACK', [], 50n), ...bets.slice(1)] }),
      told(spun, 'BalanceChanged', { delta: -1n }),
      told(spun, 'CommandExecuted', { instruction: start(ann, 60n).instruction }),
      { ...spun, events: spun.events.filter(({ body: { kind } }) => kind !== 'BalanceChanged') },
      { ...spun, events: spun.events.filter(({ body: { kind } }) => kind !== 'RouletteSpun') },
      { ...spun, events: [...spun.events, ...spun.events.slice(1)] },
      { ...spun, certificate: { result: { seed: seedOf(999), engineVersion: 1 } } },
      { ...spun, certificate: { result: { seed: seedOf(999), engineVersion: 2 } } },
    ];
    for (const [place, each] of wrong.entries()) {
      expect(recomputed(each).passed, `case ${place}`).toBe(false);
    }
    expect(recomputed(spun).checks.map(({ name }) => name)).toEqual([
      'The spin follows from the seed',
      'What was played is what was asked for',
      'The balance moved by the stake and the payout',
    ]);
  });

  it('is not known of a guess without the step before', () => {
    const world = given(newWorld(), [claim(ann)]);
    const { after } = recomputed(play(world, start(ann, 60n)));
    const guessed = play(world, guess(ann, 0, 'SAME'));
    expect(recomputed(guessed, after).passed).toBe(true);
    const { passed, checks } = recomputed(guessed);
    expect(passed).toBe(false);
    expect(checks[0]?.detail).toBe('the card before is not known');
    const cashed = play(given(newWorld(), [claim(ann)], [start(ann, 60n)]), cashOut(ann, 0));
    expect(recomputed(cashed, { card: 0, worth: 60n }).passed).toBe(true);
    expect(recomputed(cashed, { card: 0, worth: 61n }).passed).toBe(false);
  });

  it('has nothing to say of what neither draws nor pays', () => {
    const claimed = play(newWorld(), claim(ann));
    expect(recomputed(claimed)).toEqual({ checks: [], passed: true, after: null });
    const [receipt] = claimed.events;
    const instruction: CommandInstruction = { kind: 'CashOutHiLo', game: 0 };
    expect(receipt?.body.kind).toBe('CommandExecuted');
    expect(recomputed(told(claimed, 'CommandExecuted', { instruction })).passed).toBe(false);
  });
});
