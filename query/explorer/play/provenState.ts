import type { ProvenReader } from '../../../command/client/provenReader.js';
import type { StateKey, StateValue } from '../../../schemas/types/state.js';
import type { OpenGame } from './seat.js';

/** The newest games of an account that are looked at for those that are still open. */
const GAMES_MAX = 16;

/** A validator that answers may be a few heights behind; asked so often, with pauses between. */
const ASKED_MAX = 12;
const PAUSE_MS = 250;

/** What an account holds, as the validators have certified it. */
export interface ProvenSeat {
  readonly hasAccount: boolean;
  readonly balance: bigint;
  readonly nextNonce: number;
  /** At which all of this was so, or later. */
  readonly height: number;
  /** Games of hi-lo that have not ended, the newest first. */
  readonly games: readonly OpenGame[];
}

/** The state of an account at `minHeight` or later. */
export async function provenSeat(
  account: Uint8Array,
  asset: number,
  proven: Pick<ProvenReader, 'state'>,
  minHeight: number,
): Promise<ProvenSeat> {
  const { value, height } = await leafFrom({ kind: 'AccountKey', account }, proven, minHeight);
  if (value?.kind !== 'AccountValue') {
    return { hasAccount: false, balance: 0n, nextNonce: 0, games: [], height };
  }
  const first = Math.max(0, value.nextGame - GAMES_MAX);
  const numbers = Array.from(
    { length: value.nextGame - first },
    (_, at) => value.nextGame - 1 - at,
  );
  const leaves = await Promise.all(
    numbers.map((game) => leafFrom({ kind: 'GameKey', account, game }, proven, height)),
  );
  const games = leaves.flatMap(({ value: leaf }, at): OpenGame[] => {
    if (leaf?.kind !== 'HiLoValue') return [];
    const { stake, worth, card } = leaf;
    return [{ game: numbers[at] as number, stake, worth, cards: [card] }];
  });
  const balance = value.balances.find((each) => each.asset === asset)?.amount ?? 0n;
  return { hasAccount: true, balance, nextNonce: value.nextNonce, games, height };
}

async function leafFrom(
  key: StateKey['key'],
  { state }: Pick<ProvenReader, 'state'>,
  minHeight: number,
): Promise<{ readonly value: StateValue['value'] | null; readonly height: number }> {
  for (let asked = 1; ; asked++) {
    // The last time an older leaf is refused, in the client's words.
    const { value, certificate } = await state(key, asked === ASKED_MAX ? { minHeight } : {});
    const { height } = certificate.result;
    if (height >= minHeight) return { value, height };
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
