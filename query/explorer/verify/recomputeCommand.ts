import type { Result } from '../../../schemas/types/block.js';
import type { CommandInstruction, RouletteBet } from '../../../schemas/types/command.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import type { Check } from './check.js';
import { type HiLoBefore, hiLoAfter, recompute } from './recompute.js';

/** An executed command with all of its events, the receipt first, and the result they are of. */
export interface CommandToRecompute {
  readonly events: readonly EventEnvelope[];
  readonly certificate: { readonly result: Pick<Result, 'seed' | 'engineVersion'> };
  readonly genesis: Pick<Genesis, 'hiLo'>;
  /** Of the same game of hi-lo, `after` of its command before; only a first card needs none. */
  readonly before?: HiLoBefore | null;
}

export interface RecomputedCommand {
  /** None for a command that neither draws nor pays, such as a claim of the faucet. */
  readonly checks: readonly Check[];
  /** Whether all of them hold. */
  readonly passed: boolean;
  /** How a game of hi-lo stands now, for its next command; null when none was played. */
  readonly after: HiLoBefore | null;
}

/**
 * Derives again what a bet drew and paid: the number or the card from the certified seed, the
 * payout by the rules of the game; that it is what was asked for, and what moved the balance. Give
 * it what is proven: it verifies no signature. Pure, and total.
 */
export function recomputeCommand(command: CommandToRecompute): RecomputedCommand {
  const { events, certificate, genesis, before = null } = command;
  const checks: Check[] = [];
  let game = before;
  for (const event of events) {
    const outcome = recompute(event, certificate.result, game, genesis);
    if (outcome !== null) checks.push(outcome);
    game = hiLoAfter(event, game);
  }
  const receipt = events[0]?.body;
  if (receipt?.kind === 'CommandExecuted' && isPlay(receipt.instruction)) {
    checks.push(checkAsked(receipt.instruction, events), checkMoved(events));
  }
  return { checks, passed: checks.every(({ passed }) => passed), after: game };
}

type Body = EventEnvelope['body'];

function isPlay({ kind }: CommandInstruction): boolean {
  return kind === 'SpinRoulette' || kind.endsWith('HiLo');
}

function isOutcome({ kind }: Body): boolean {
  return kind === 'RouletteSpun' || kind.startsWith('HiLo');
}

/** The events of a game are those that the signed instruction leads to, no more and no others. */
function checkAsked(asked: CommandInstruction, events: readonly EventEnvelope[]): Check {
  const played = events.map(({ body }) => body).filter(isOutcome);
  const kinds = played.map(({ kind }) => kind).join(', ');
  const passed = played[0] !== undefined && answers(asked, played[0], played.slice(1));
  return {
    name: 'What was played is what was asked for',
    passed,
    detail: `${asked.kind}: ${kinds === '' ? 'nothing' : kinds}`,
  };
}

function answers(asked: CommandInstruction, played: Body, more: readonly Body[]): boolean {
  if (asked.kind === 'GuessHiLo') {
    if (played.kind !== 'HiLoGuessed' || played.game !== asked.game) return false;
    const { outcome } = played;
    const isOver = outcome === 'LOST' || outcome === 'CAPPED';
    if (played.guess !== asked.guess) return false;
    return isOver ? isEnd(more, asked.game, outcome) : more.length === 0;
  }
  if (more.length > 0) return false;
  switch (asked.kind) {
    case 'SpinRoulette':
      return (
        played.kind === 'RouletteSpun' &&
        played.asset === asked.asset &&
        betTexts(played.bets) === betTexts(asked.bets)
      );
    case 'StartHiLo':
      return (
        played.kind === 'HiLoStarted' &&
        played.asset === asked.asset &&
        played.stake === asked.stake
      );
    case 'CashOutHiLo':
      return isEnd([played], asked.game, 'CASHED_OUT');
    default:
      return false;
  }
}

function isEnd([end, ...more]: readonly Body[], game: number, outcome: string): boolean {
  const isOfGame = end?.kind === 'HiLoEnded' && end.game === game && end.outcome === outcome;
  return isOfGame && more.length === 0;
}

function betTexts(bets: readonly RouletteBet[]): string {
  return bets.map(({ kind, numbers, amount }) => `${kind} ${numbers.join()} ${amount}`).join('; ');
}

/** The stake left the balance of the player, and the payout came to it: nothing else moved. */
function checkMoved(events: readonly EventEnvelope[]): Check {
  const expected: string[] = [];
  const moved: string[] = [];
  const player = String(events[0]?.key);
  for (const { body, key } of events) {
    if (body.kind === 'BalanceChanged') {
      const whose = String(key) === player ? '' : ', of another account';
      moved.push(posting(body.reason, body.asset, body.delta) + whose);
    }
    if (body.kind === 'HiLoStarted') expected.push(posting('STAKE', body.asset, -body.stake));
    if (body.kind === 'RouletteSpun') {
      const staked = body.bets.reduce((sum, { amount }) => sum + amount, 0n);
      expected.push(posting('STAKE', body.asset, -staked));
    }
    const isPaid = body.kind === 'RouletteSpun' || body.kind === 'HiLoEnded';
    if (isPaid && body.payout !== 0n) expected.push(posting('PAYOUT', body.asset, body.payout));
  }
  return {
    name: 'The balance moved by the stake and the payout',
    passed: sorted(expected).join() === sorted(moved).join(),
    detail: moved.length === 0 ? 'not at all' : moved.join(', '),
  };
}

function posting(reason: string, asset: number, delta: bigint): string {
  return `${reason.toLowerCase()} ${delta} of asset ${asset}`;
}

function sorted(texts: readonly string[]): string[] {
  return [...texts].sort((a, b) => (a < b ? -1 : Number(a > b)));
}
