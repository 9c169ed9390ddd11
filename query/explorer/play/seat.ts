import type { PlayerStatus } from '../../../command/client/playerState.js';
import { equalBytes } from '../../../schemas/kernel/bytes.js';
import type { CommandInstruction } from '../../../schemas/types/command.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import type { Check } from '../verify/check.js';

/** A game of hi-lo under way. */
export interface OpenGame {
  readonly game: number;
  readonly stake: bigint;
  readonly worth: bigint;
  /** Those seen in this browser, the one to guess from last. */
  readonly cards: readonly number[];
}

/** A command that was played, newest first, with what this browser recomputed of it. */
export interface PlayedRound {
  readonly commandId: string;
  readonly height: number;
  readonly instruction: CommandInstruction['kind'];
  /** None of a round that was kept from before. */
  readonly events: readonly EventEnvelope['body'][];
  /** Null until it has been checked. */
  readonly checks: readonly Check[] | null;
  /** Why it could not be checked. */
  readonly trouble: string | null;
}

/** All that the page shows of a seat. */
export interface Seat {
  readonly status: PlayerStatus;
  readonly account: string;
  readonly genesis: Genesis | null;
  /** Whether the key is an account of the chain; it becomes one by its first claim. */
  readonly hasAccount: boolean;
  /** Null until the certified state has told it. */
  readonly balance: bigint | null;
  readonly game: OpenGame | null;
  /** Other open games, each for when those before it have ended. */
  readonly waiting: readonly OpenGame[];
  /** What is under way, in words. */
  readonly busy: string | null;
  /** Why the validators have not taken it yet: the name of a refusal. */
  readonly pending: string | null;
  readonly problem: string | null;
  readonly rounds: readonly PlayedRound[];
}

export const EMPTY_SEAT: Seat = {
  status: 'connecting',
  account: '',
  genesis: null,
  hasAccount: false,
  balance: null,
  game: null,
  waiting: [],
  busy: null,
  pending: null,
  problem: null,
  rounds: [],
};

/** What an account holds after events of one of its commands. */
export function balanceAfter(
  { genesis, balance: before }: Seat,
  account: Uint8Array,
  events: readonly EventEnvelope[],
): bigint | null {
  const asset = genesis?.faucet.asset;
  let balance = before;
  for (const { key, body } of events) {
    const isOwn = body.kind === 'BalanceChanged' && equalBytes(key, account);
    if (isOwn && body.asset === asset) balance = body.balance;
  }
  return balance;
}

type Games = Pick<Seat, 'game' | 'waiting'>;

/** The game that is shown, and those that wait, after events of one of their account's commands. */
export function gamesAfter(seat: Games, events: readonly EventEnvelope[]): Games {
  let { game, waiting } = seat;
  for (const { body } of events) {
    if (body.kind === 'HiLoStarted') {
      if (game !== null) waiting = [game, ...waiting];
      game = { game: body.game, stake: body.stake, worth: body.worth, cards: [body.card] };
    } else if (body.kind === 'HiLoGuessed' && game?.game === body.game) {
      game = { ...game, worth: body.worth, cards: [...game.cards, body.card] };
    } else if (body.kind === 'HiLoEnded' && game?.game === body.game) {
      [game = null, ...waiting] = waiting;
    }
  }
  return { game, waiting };
}

/** The certified games, the newest shown; of one that is shown already the cards stay. */
export function gamesOf({ game: shown }: Games, found: readonly OpenGame[]): Games {
  const [newest = null, ...waiting] = found;
  const isShown = newest !== null && newest.game === shown?.game;
  const isSame = isShown && shown?.cards.at(-1) === newest.cards.at(-1);
  return { game: isSame && shown !== null ? { ...newest, cards: shown.cards } : newest, waiting };
}
