import type { ProvenReader } from '../../../command/client/provenReader.js';
import type { AccountValue, HiLoValue } from '../../../schemas/types/state.js';

/** The newest games of an account that are looked at for one that is still open. */
const GAMES_MAX = 16;

export async function provenAccount(
  account: Uint8Array,
  { state }: ProvenReader,
): Promise<AccountValue | null> {
  const { value } = await state({ kind: 'AccountKey', account });
  return value?.kind === 'AccountValue' ? value : null;
}

export interface FoundGame extends HiLoValue {
  readonly game: number;
}

/**
 * The newest game of hi-lo that has not ended, from the certified state; null when there is none.
 */
export async function provenOpenGame(
  account: Uint8Array,
  nextGame: number,
  { state }: ProvenReader,
): Promise<FoundGame | null> {
  for (let game = nextGame - 1; game >= Math.max(0, nextGame - GAMES_MAX); game--) {
    const { value } = await state({ kind: 'GameKey', account, game });
    if (value?.kind === 'HiLoValue') return { ...value, game };
  }
  return null;
}
