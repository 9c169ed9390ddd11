import { OUTSIDE } from '../play/rouletteSpots.js';

/**
 * A roulette bet whose numbers are no numbers of the wheel, as the cloth calls it: `Third dozen,
 * 25–36`. Null for bets that name what they cover, and for what is no bet.
 */
export function betWords(fields: Readonly<Record<string, unknown>>): string | null {
  const { kind, numbers } = fields;
  if (!Array.isArray(numbers)) return null;
  const spot = OUTSIDE.find(({ bet }) => bet.kind === kind && bet.numbers[0] === numbers[0]);
  const title = spot?.title.replace(/^the /, '');
  return title === undefined ? null : title.charAt(0).toUpperCase() + title.slice(1);
}
