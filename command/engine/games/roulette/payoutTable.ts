import type { RouletteBetKind } from '../../../../schemas/types/command.js';

/** A European wheel: 0 to 36. */
export const POCKETS = 37;

/**
 * What a winning bet pays to one, its stake coming back besides: 36 / numbers covered, less one.
 * Every bet returns 36/37 of its amount on average (97.297 %), first four included; the
 * test beside this file enumerates all of them.
 */
export const PAYS_TO_ONE: Readonly<Record<RouletteBetKind, bigint>> = {
  STRAIGHT: 35n,
  SPLIT: 17n,
  STREET: 11n,
  TRIO: 11n,
  CORNER: 8n,
  FIRST_FOUR: 8n,
  SIX_LINE: 5n,
  COLUMN: 2n,
  DOZEN: 2n,
  RED: 1n,
  BLACK: 1n,
  EVEN: 1n,
  ODD: 1n,
  LOW: 1n,
  HIGH: 1n,
};
