import type { PlayedRound } from './seat.js';

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

/** The rounds that this tab kept, the newest first, none of them checked yet. */
export function keptRounds(account: string): readonly PlayedRound[] {
  const text = sessionStorage.getItem(keyOf(account));
  if (text === null) return [];
  const kept = JSON.parse(text) as readonly KeptRound[];
  return kept.map((round) => ({ ...round, events: [], checks: null, trouble: null }));
}
