import { jsonBody } from '../../../command/client/jsonBody.js';
import { fields, key, list, text, whole } from '../../../command/client/shapes.js';
import type { PlayedRound } from './seat.js';
import { setAside } from './setAside.js';

/** So many rounds are shown, and kept while the tab is open. */
export const ROUNDS_KEPT = 20;

type KeptRound = Pick<PlayedRound, 'commandId' | 'height' | 'instruction'>;

const keyOf = (account: string): string => `nullspace.rounds.${account}`;

/** Which commands were played in this tab; nothing of how they ended, which is checked again. */
export function keepRounds(account: string, rounds: readonly PlayedRound[]): void {
  const kept = rounds.map(({ commandId, height, instruction }): KeptRound => {
    return { commandId, height, instruction };
  });
  try {
    sessionStorage.setItem(keyOf(account), JSON.stringify(kept));
  } catch (error) {
    // A full or forbidden storage costs the list, not the game.
    if (!(error instanceof DOMException)) throw error;
  }
}

/**
 * The rounds that this tab kept, the newest first, none of them checked yet. What another version
 * has kept, or what cannot be read, is set aside and told.
 */
export function keptRounds(account: string, onUnreadable?: () => void): readonly PlayedRound[] {
  const entry = sessionStorage.getItem(keyOf(account));
  if (entry === null) return [];
  const kept = jsonBody(entry);
  if (isKept(kept)) {
    return kept.map((round) => ({ ...round, events: [], checks: null, trouble: null }));
  }
  setAside(sessionStorage, keyOf(account), entry);
  onUnreadable?.();
  return [];
}

const isRounds = list(fields({ commandId: key, height: whole, instruction: text }));

function isKept(value: unknown): value is readonly KeptRound[] {
  return isRounds(value);
}
