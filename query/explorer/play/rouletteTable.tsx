import { useState } from 'preact/hooks';
import type { RouletteBet } from '../../../schemas/types/command.js';
import { useAsset } from '../api/assets.js';
import { grouped } from '../widgets/grouped.js';
import { amountText } from '../widgets/numbers.js';
import { Hindrance } from './hindrance.js';
import { CHIPS, OUTSIDE, type Spot, STRAIGHTS, spotColour, ZERO } from './rouletteSpots.js';
import type { Seat } from './seat.js';
import type { SeatProps } from './seatProps.js';
import { purseHindrance, stakeHindrance } from './stake.js';

type Placed = ReadonlyMap<string, { readonly spot: Spot; readonly amount: bigint }>;

function total(placed: Placed): bigint {
  let sum = 0n;
  for (const { amount } of placed.values()) sum += amount;
  return sum;
}

/** Why these bets cannot be played; null when they can, or when there are none yet. */
function spinHindrance(seat: Seat, placed: Placed): string | null {
  const rules = seat.genesis?.roulette;
  if (placed.size === 0 || rules === undefined) return purseHindrance(seat);
  if (placed.size > rules.betsMax) return `Place ${rules.betsMax} bets at most.`;
  const { betMin, stakeMax } = rules;
  const isBelow = [...placed.values()].some(({ amount }) => amount < betMin);
  if (isBelow) return `Place ${grouped(betMin)} chips or more on each.`;
  return stakeHindrance(seat, total(placed), { stakeMin: betMin, stakeMax });
}

function SpotButton(props: {
  readonly spot: Spot;
  readonly amount: bigint;
  readonly isHit: boolean;
  readonly onPlace: (spot: Spot) => void;
}) {
  const { spot, amount, isHit, onPlace } = props;
  const held = amount > 0n ? `, ${grouped(amount)} placed` : '';
  return (
    <button
      type="button"
      class={`spot ${spotColour(spot)} ${isHit ? 'hit' : ''}`}
      aria-label={`bet on ${spot.title}${held}`}
      onClick={() => onPlace(spot)}
    >
      {spot.short}{' '}
      {amount > 0n && (
        <span class="chips" aria-hidden="true">
          {grouped(amount)}
        </span>
      )}
    </button>
  );
}

function ChipChoice(props: { readonly chip: bigint; readonly onChip: (chip: bigint) => void }) {
  return (
    <fieldset class="chip-choice">
      <legend class="hidden">chip</legend>
      {CHIPS.map((chip) => (
        <button
          key={String(chip)}
          type="button"
          class="second"
          aria-pressed={chip === props.chip}
          aria-label={`chips of ${chip}`}
          onClick={() => props.onChip(chip)}
        >
          {String(chip)}
        </button>
      ))}
    </fieldset>
  );
}

function LastSpin(props: SeatProps) {
  const spun = props.seat.rounds[0]?.events.find(({ kind }) => kind === 'RouletteSpun');
  const asset = useAsset(spun?.kind === 'RouletteSpun' ? spun.asset : 0);
  if (spun?.kind !== 'RouletteSpun') return null;
  const isWon = spun.payout > 0n;
  const number =
    spun.number === 0 ? ZERO : STRAIGHTS.find(({ short }) => short === `${spun.number}`);
  return (
    <div class={isWon ? 'result won' : 'result lost'} role="status">
      <span class={`pocket ${number === undefined ? '' : spotColour(number)}`}>{spun.number}</span>
      <b>
        {isWon
          ? `Paid ${amountText(spun.payout, asset)} for ${amountText(spun.stake, asset)}`
          : `Lost ${amountText(spun.stake, asset)}`}
      </b>
    </div>
  );
}

/** A European wheel: chips go onto the cloth, then one command places and settles all of them. */
export function RouletteTable(props: SeatProps) {
  const { seat, isReady, play } = props;
  const [placed, setPlaced] = useState<Placed>(new Map());
  const [chip, setChip] = useState<bigint>(5n);
  const rules = seat.genesis?.roulette;
  const spun = seat.rounds[0]?.events.find(({ kind }) => kind === 'RouletteSpun');
  const hit = spun?.kind === 'RouletteSpun' ? `${spun.number}` : null;
  const place = (spot: Spot) => {
    const before = placed.get(spot.id)?.amount ?? 0n;
    setPlaced(new Map(placed).set(spot.id, { spot, amount: before + chip }));
  };
  const spin = () => {
    const bets = [...placed.values()].map(
      ({ spot, amount }): RouletteBet => ({ ...spot.bet, amount }),
    );
    play({ kind: 'SpinRoulette', asset: seat.genesis?.faucet.asset ?? 0, bets });
  };
  const button = (spot: Spot) => (
    <SpotButton
      key={spot.id}
      spot={spot}
      amount={placed.get(spot.id)?.amount ?? 0n}
      isHit={spot.short === hit}
      onPlace={place}
    />
  );
  const hindrance = spinHindrance(seat, placed);
  const limits =
    rules === undefined
      ? ''
      : `up to ${rules.betsMax} bets, ${grouped(rules.stakeMax)} chips a spin`;
  return (
    <div class="table">
      <LastSpin {...props} />
      <ChipChoice chip={chip} onChip={setChip} />
      <div class="cloth">
        {button(ZERO)}
        <div class="numbers">{STRAIGHTS.map(button)}</div>
        <div class="outside">{OUTSIDE.map(button)}</div>
      </div>
      <p class="buttons">
        <button
          type="button"
          disabled={!isReady || placed.size === 0 || hindrance !== null}
          aria-describedby="spin-stake"
          onClick={spin}
        >
          Spin for {grouped(total(placed))}
        </button>
        <button
          type="button"
          class="second"
          disabled={placed.size === 0}
          onClick={() => setPlaced(new Map())}
        >
          Clear
        </button>
        <Hindrance id="spin-stake" text={hindrance} otherwise={limits} />
      </p>
    </div>
  );
}
