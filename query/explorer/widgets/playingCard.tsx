const RANKS = ['A', '2', '3', '4', '5', '6', '7', '8', '9', '10', 'J', 'Q', 'K'] as const;
/** U+FE0E: as text, not as a picture. */
const SUITS = ['♠\uFE0E', '♥\uFE0E', '♦\uFE0E', '♣\uFE0E'] as const;
const RANK_NAMES = 'ace 2 3 4 5 6 7 8 9 10 jack queen king'.split(' ');
const SUIT_NAMES = ['spades', 'hearts', 'diamonds', 'clubs'];

/** Card 0 to 51: suit = card / 13, rank = card % 13, ace low. */
export function cardName(card: number): string {
  return `${RANK_NAMES[card % 13]} of ${SUIT_NAMES[Math.floor(card / 13)]}`;
}

export function PlayingCard(props: { readonly card: number; readonly large?: boolean }) {
  const { card, large = false } = props;
  const suit = Math.floor(card / 13);
  const isRed = suit === 1 || suit === 2;
  return (
    <span
      class={`playing-card ${isRed ? 'red' : 'black'} ${large ? 'large' : ''}`}
      role="img"
      aria-label={cardName(card)}
      title={cardName(card)}
    >
      <b>{RANKS[card % 13]}</b>
      <span>{SUITS[suit]}</span>
    </span>
  );
}
