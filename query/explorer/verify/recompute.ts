import type { Result } from '../../../schemas/types/block.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import type { Check } from './check.js';
import { DERIVED_ENGINE } from './derivedEngine.js';
import { hiLoCard, hiLoStep } from './hiLoOutcome.js';
import { rouletteOutcome } from './rouletteOutcome.js';

/** A game of hi-lo as it stood before an event. */
export interface HiLoBefore {
  readonly card: number;
  readonly worth: bigint;
}

/**
 * Whether what an event says was drawn and paid follows from the seed of its height; null for
 * events that no draw decides. `before` is the certified step before a guess or an end.
 */
export function recompute(
  event: EventEnvelope,
  result: Pick<Result, 'seed' | 'engineVersion'>,
  before: HiLoBefore | null,
  rules: Pick<Genesis, 'hiLo'>,
): Check | null {
  const { body, executionIndex, shard } = event;
  const { seed, engineVersion } = result;
  const place = { seed, shard, executionIndex };
  if (engineVersion !== DERIVED_ENGINE)
    return isDecided(event) ? unknownRules(engineVersion) : null;
  switch (body.kind) {
    case 'RouletteSpun': {
      const expected = rouletteOutcome(place, body.bets);
      const passed = expected.number === body.number && expected.payout === body.payout;
      const detail = `number ${expected.number}, payout ${expected.payout}`;
      return { name: 'The spin follows from the seed', passed, detail };
    }
    case 'HiLoStarted': {
      const card = hiLoCard(place);
      const passed = card === body.card && body.worth === body.stake;
      return { name: 'The first card follows from the seed', passed, detail: `card ${card}` };
    }
    case 'HiLoGuessed': {
      const name = 'The step follows from the seed and the card before';
      if (before === null) return { name, passed: false, detail: 'the card before is not known' };
      const expected = hiLoStep(place, before, body.guess, rules.hiLo);
      const passed =
        expected.card === body.card &&
        expected.worth === body.worth &&
        expected.outcome === body.outcome;
      const outcome = expected.outcome.toLowerCase();
      return { name, passed, detail: `card ${expected.card}, ${outcome}, worth ${expected.worth}` };
    }
    case 'HiLoEnded': {
      const name = 'The payout is what the game was worth';
      if (before === null) return { name, passed: false, detail: 'the step before is not known' };
      return { name, passed: body.payout === before.worth, detail: `worth ${before.worth}` };
    }
    default:
      return null;
  }
}

function isDecided({ body: { kind } }: EventEnvelope): boolean {
  return kind === 'RouletteSpun' || kind.startsWith('HiLo');
}

function unknownRules(engineVersion: number): Check {
  const derives = `only version ${DERIVED_ENGINE} can be derived here: take a newer one`;
  return {
    name: 'The outcome follows from the seed',
    passed: false,
    detail: `made by engine version ${engineVersion}, and ${derives}`,
  };
}

/** The game after an event, for the next one. */
export function hiLoAfter(event: EventEnvelope, before: HiLoBefore | null): HiLoBefore | null {
  const { body } = event;
  const isStep = body.kind === 'HiLoStarted' || body.kind === 'HiLoGuessed';
  return isStep ? { card: body.card, worth: body.worth } : before;
}
