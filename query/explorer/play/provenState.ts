import type { Trust } from '../../../command/client/verifyEvents.js';
import { openState } from '../../../command/client/verifyOutcome.js';
import { encode } from '../../../schemas/codec/codec.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type {
  AccountValue,
  HiLoValue,
  StateKey,
  StateValue,
} from '../../../schemas/types/state.js';
import { ApiError, read } from '../api/read.js';

interface StateAnswer {
  readonly value: string | null;
  readonly proof: string;
  readonly certificate: string;
}

const ATTEMPTS = 10;
const PAUSE_MS = 500;
/** The newest games of an account that are looked at for one that is still open. */
const GAMES_MAX = 16;

/**
 * A leaf of the certified state, checked against the validators' keys; null: proven to be absent.
 * Asks again for a while when no validator can answer. Throws ApiError.
 */
async function provenValue(
  key: StateKey['key'],
  trust: Trust,
): Promise<StateValue['value'] | null> {
  const path = `/state/${toHex(encode('StateKey', { key }))}`;
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await read<StateAnswer>(path);
      const opened = openState({ ...answer, key }, trust);
      if (opened !== undefined) return opened.value;
      throw new ApiError(200, 'the reader’s proof of the state does not hold');
    } catch (error) {
      const isAway = error instanceof ApiError && error.status === 503;
      if (!isAway || attempt === ATTEMPTS) throw error;
      await new Promise((wake) => setTimeout(wake, PAUSE_MS));
    }
  }
}

export async function provenAccount(
  account: Uint8Array,
  trust: Trust,
): Promise<AccountValue | null> {
  const value = await provenValue({ kind: 'AccountKey', account }, trust);
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
  trust: Trust,
): Promise<FoundGame | null> {
  for (let game = nextGame - 1; game >= Math.max(0, nextGame - GAMES_MAX); game--) {
    const value = await provenValue({ kind: 'GameKey', account, game }, trust);
    if (value?.kind === 'HiLoValue') return { ...value, game };
  }
  return null;
}
