import { useState } from 'preact/hooks';
import type { HiLoGuess } from '../../../schemas/types/command.js';
import { useAsset } from '../api/assets.js';
import { hiLoWorthIfWon } from '../verify/hiLoOutcome.js';
import { grouped } from '../widgets/grouped.js';
import { amountText } from '../widgets/numbers.js';
import { PlayingCard } from '../widgets/playingCard.js';
import { Hindrance } from './hindrance.js';
import type { OpenGame } from './seat.js';
import type { SeatProps } from './seatProps.js';
import { purseHindrance, stakeHindrance, stakeOf } from './stake.js';
import { StakeInput } from './stakeInput.js';

const RANKS = 13;

interface Choice {
  readonly guess: HiLoGuess;
  readonly title: string;
  /** Of 13 ranks of the next card. */
  readonly winning: number;
}

function choicesOn(card: number): readonly Choice[] {
  const rank = card % RANKS;
  return [
    { guess: 'HIGHER', title: 'Higher', winning: RANKS - 1 - rank },
    { guess: 'SAME', title: 'Same', winning: 1 },
    { guess: 'LOWER', title: 'Lower', winning: rank },
  ];
}

function Guesses(props: SeatProps & { readonly game: OpenGame; readonly card: number }) {
  const { seat, game, card, isReady, play } = props;
  const rules = seat.genesis?.hiLo;
  const asset = useAsset(seat.genesis?.faucet.asset ?? 0);
  const worthIf = (guess: HiLoGuess): bigint => {
    const worth = hiLoWorthIfWon(game.worth, card, guess, rules?.edgeBasisPoints ?? 0);
    const isCapped = rules !== undefined && worth > rules.payoutMax;
    return isCapped ? rules.payoutMax : worth;
  };
  return (
    <>
      <div class="guesses">
        {choicesOn(card).map(({ guess, title, winning }) => (
          <button
            key={guess}
            type="button"
            disabled={!isReady || winning === 0}
            onClick={() => play({ kind: 'GuessHiLo', game: game.game, guess })}
          >
            <b>{title}</b>
            <span>
              {winning === 0
                ? 'cannot win'
                : `${Math.round((winning / RANKS) * 100)} % for ${amountText(worthIf(guess), asset)}`}
            </span>
          </button>
        ))}
      </div>
      <p class="buttons">
        <button
          type="button"
          class="second"
          disabled={!isReady}
          onClick={() => play({ kind: 'CashOutHiLo', game: game.game })}
        >
          Cash out {amountText(game.worth, asset)}
        </button>
        <span class="quiet">
          staked {amountText(game.stake, asset)}; an equal rank returns neither win nor loss
        </span>
      </p>
    </>
  );
}

function Start(props: SeatProps) {
  const { seat, isReady, play } = props;
  const [text, setText] = useState('50');
  const rules = seat.genesis?.hiLo;
  const asset = seat.genesis?.faucet.asset ?? 0;
  const stake = stakeOf(text);
  const hindrance = stakeHindrance(seat, stake, rules);
  const canStart = isReady && hindrance === null;
  const start = (event: Event) => {
    event.preventDefault();
    if (canStart && stake !== null) play({ kind: 'StartHiLo', asset, stake });
  };
  const limits =
    rules === undefined
      ? ''
      : `${grouped(rules.stakeMin)} to ${grouped(rules.stakeMax)}, pays up to ` +
        `${grouped(rules.payoutMax)}`;
  return (
    <form class="inline" onSubmit={start}>
      <StakeInput
        label="Stake"
        value={text}
        isWrong={hindrance !== null && purseHindrance(seat) === null}
        hint="hi-lo-stake"
        onValue={setText}
      />
      <button type="submit" disabled={!canStart} aria-describedby="hi-lo-stake">
        Draw a card
      </button>
      <Hindrance id="hi-lo-stake" text={hindrance} otherwise={limits} />
    </form>
  );
}

/** How the last game ended, until the next one begins. */
function LastEnd(props: SeatProps) {
  const ended = props.seat.rounds[0]?.events.find(({ kind }) => kind === 'HiLoEnded');
  const asset = useAsset(ended?.kind === 'HiLoEnded' ? ended.asset : 0);
  if (ended?.kind !== 'HiLoEnded') return null;
  const guessed = props.seat.rounds[0]?.events.find(({ kind }) => kind === 'HiLoGuessed');
  const isLost = ended.outcome === 'LOST';
  return (
    <div class={isLost ? 'result lost' : 'result won'} role="status">
      {guessed?.kind === 'HiLoGuessed' && <PlayingCard card={guessed.card} large />}
      <b>
        {isLost
          ? `Lost ${amountText(ended.stake, asset)}`
          : `Paid ${amountText(ended.payout, asset)}`}
      </b>
    </div>
  );
}

/** Higher, lower or the same: each won guess multiplies what the game is worth. */
export function HiLoTable(props: SeatProps) {
  const { game } = props.seat;
  const card = game?.cards.at(-1);
  if (game === null || card === undefined) {
    return (
      <div class="table">
        <LastEnd {...props} />
        <p class="quiet">
          A card is drawn; guess whether the next one is higher or lower (ace is low), or cash out.
        </p>
        <Start {...props} />
      </div>
    );
  }
  return (
    <div class="table">
      <ol class="cards" aria-label="cards of this game">
        {game.cards
          .map((each, place) => ({ each, place }))
          .map(({ each, place }) => (
            <li key={place}>
              <PlayingCard card={each} large={place === game.cards.length - 1} />
            </li>
          ))}
      </ol>
      <Guesses {...props} game={game} card={card} />
    </div>
  );
}
