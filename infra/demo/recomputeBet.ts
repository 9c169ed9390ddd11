import { DERIVED_ENGINE } from '../../query/explorer/verify/derivedEngine.js';
import { hiLoCard, hiLoStep } from '../../query/explorer/verify/hiLoOutcome.js';
import { rouletteOutcome } from '../../query/explorer/verify/rouletteOutcome.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { Executed, PlayedBet } from './playBet.js';

/** Seed of a height as the public reader tells it. */
export type SeedOf = (height: number) => Promise<Uint8Array>;

interface HiLoGame {
  readonly card: number;
  readonly worth: bigint;
}

async function checkStep(
  step: Executed,
  game: HiLoGame | null,
  seedOf: SeedOf,
  genesis: Genesis,
): Promise<{ readonly ok: boolean; readonly game: HiLoGame | null }> {
  const { executionIndex } = step;
  const { shard, engineVersion } = step.certificate.result;
  // What other rules decided is not known to be right.
  if (engineVersion !== DERIVED_ENGINE) return { ok: false, game };
  const place = { seed: await seedOf(step.height), shard, executionIndex };
  let current = game;
  for (const { body } of step.events) {
    if (body.kind === 'RouletteSpun') {
      const expected = rouletteOutcome(place, body.bets);
      const same = expected.number === body.number && expected.payout === body.payout;
      if (!same) return { ok: false, game: current };
    } else if (body.kind === 'HiLoStarted') {
      if (hiLoCard(place) !== body.card || body.worth !== body.stake) {
        return { ok: false, game: current };
      }
      current = { card: body.card, worth: body.worth };
    } else if (body.kind === 'HiLoGuessed') {
      if (current === null) return { ok: false, game: current };
      const expected = hiLoStep(place, current, body.guess, genesis.hiLo);
      const same =
        expected.card === body.card &&
        expected.outcome === body.outcome &&
        expected.worth === body.worth;
      if (!same) return { ok: false, game: current };
      current = { card: body.card, worth: body.worth };
    } else if (body.kind === 'HiLoEnded') {
      const worth = current?.worth ?? -1n;
      if (body.payout !== worth) return { ok: false, game: current };
    }
  }
  return { ok: true, game: current };
}

/** Whether every draw and every payout of a bet is what public data says it must be. */
export async function recomputeBet(
  bet: PlayedBet,
  seedOf: SeedOf,
  genesis: Genesis,
): Promise<boolean> {
  let game: HiLoGame | null = null;
  for (const step of bet.steps) {
    const checked = await checkStep(step, game, seedOf, genesis);
    if (!checked.ok) return false;
    game = checked.game;
  }
  return bet.steps.length > 0;
}
