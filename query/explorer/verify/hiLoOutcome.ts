import type { HiLoGuess } from '../../../schemas/types/command.js';
import type { HiLoOutcome } from '../../../schemas/types/event.js';
import { type DrawInputs, firstDraw } from './publicDraw.js';

/** 0 to 51; rank = card % 13, ace (0) low. */
export function hiLoCard(inputs: Omit<DrawInputs, 'purpose'>): number {
  return firstDraw({ ...inputs, purpose: 'hi-lo/card' }, 52);
}

/** What a won guess makes of `worth`: fair odds less the edge, never less than before. */
export function hiLoWorthIfWon(
  worth: bigint,
  shown: number,
  guess: HiLoGuess,
  edgeBasisPoints: number,
): bigint {
  const rank = shown % 13;
  const winning = { SAME: 1, HIGHER: 12 - rank, LOWER: rank }[guess];
  const outOf = guess === 'SAME' ? 13 : 12;
  const grown =
    (worth * BigInt(outOf) * BigInt(10_000 - edgeBasisPoints)) / (BigInt(winning) * 10_000n);
  return grown < worth ? worth : grown;
}

/** The step after a guess on the card shown. */
export function hiLoStep(
  inputs: Omit<DrawInputs, 'purpose'>,
  game: { readonly card: number; readonly worth: bigint },
  guess: HiLoGuess,
  rules: { readonly edgeBasisPoints: number; readonly payoutMax: bigint },
): { readonly card: number; readonly outcome: HiLoOutcome; readonly worth: bigint } {
  const card = hiLoCard(inputs);
  const before = game.card % 13;
  const after = card % 13;
  if (before === after && guess !== 'SAME') return { card, outcome: 'PUSHED', worth: game.worth };
  const won =
    (guess === 'SAME' && after === before) ||
    (guess === 'HIGHER' && after > before) ||
    (guess === 'LOWER' && after < before);
  if (!won) return { card, outcome: 'LOST', worth: 0n };
  const worth = hiLoWorthIfWon(game.worth, game.card, guess, rules.edgeBasisPoints);
  if (worth >= rules.payoutMax) return { card, outcome: 'CAPPED', worth: rules.payoutMax };
  return { card, outcome: 'CONTINUES', worth };
}
