import type { Player } from '../../command/client/client.js';
import type { VerifiedOutcome } from '../../command/client/verifyOutcome.js';
import type { CommandInstruction, HiLoGuess, RouletteBet } from '../../schemas/types/command.js';
import type { EventEnvelope } from '../../schemas/types/event.js';

export type Executed = VerifiedOutcome & { readonly kind: 'executed' };

/** One bet from stake to settlement, with every certified step. */
export interface PlayedBet {
  readonly game: 'roulette' | 'hi-lo';
  readonly settled: boolean;
  readonly steps: readonly Executed[];
  /** Why it was not settled. */
  readonly refusal: string | null;
}

export interface BetTimes {
  /** Milliseconds from signing to the certified answer, one a command. */
  readonly latenciesMs: number[];
  nowMs(): number;
}

const CHIP = 0;

/** Submits one instruction and waits for its end; null with the reason when it was not executed. */
export async function execute(
  player: Player,
  instruction: CommandInstruction,
  times: BetTimes,
): Promise<Executed | string> {
  const startedMs = times.nowMs();
  const [submission] = player.submit([instruction]);
  if (submission === undefined) return 'nothing was submitted';
  const outcome = await submission.ended;
  times.latenciesMs.push(times.nowMs() - startedMs);
  if (outcome.kind === 'executed') return outcome;
  return outcome.kind === 'refused' ? `${outcome.code} ${outcome.name}` : 'expired';
}

/** Some chips on each of a few bets; `pick(n)` is a number below n. */
function rouletteBets(pick: (count: number) => number): RouletteBet[] {
  const straight = pick(37);
  const row = 1 + 3 * pick(12);
  return [
    { kind: 'STRAIGHT', numbers: [straight], amount: 5n },
    { kind: 'STREET', numbers: [row, row + 1, row + 2], amount: 6n },
    { kind: 'DOZEN', numbers: [pick(3)], amount: 10n },
    { kind: pick(2) === 0 ? 'RED' : 'BLACK', numbers: [], amount: BigInt(10 + pick(40)) },
  ];
}

async function playRoulette(
  player: Player,
  pick: (count: number) => number,
  times: BetTimes,
): Promise<PlayedBet> {
  const spin = { kind: 'SpinRoulette', asset: CHIP, bets: rouletteBets(pick) } as const;
  const step = await execute(player, spin, times);
  if (typeof step === 'string') {
    return { game: 'roulette', settled: false, steps: [], refusal: step };
  }
  return { game: 'roulette', settled: true, steps: [step], refusal: null };
}

function eventOf<Kind extends EventEnvelope['body']['kind']>(
  step: Executed,
  kind: Kind,
): (EventEnvelope['body'] & { readonly kind: Kind }) | undefined {
  const found = step.events.find(({ body }) => body.kind === kind)?.body;
  return found as (EventEnvelope['body'] & { readonly kind: Kind }) | undefined;
}

/** The likelier side of the card shown. */
function guessFor(card: number): HiLoGuess {
  return card % 13 <= 6 ? 'HIGHER' : 'LOWER';
}

/** Starts, guesses up to three times, and cashes out when still in the game. */
async function playHiLo(
  player: Player,
  pick: (count: number) => number,
  times: BetTimes,
): Promise<PlayedBet> {
  const steps: Executed[] = [];
  const stop = (refusal: string): PlayedBet => ({ game: 'hi-lo', settled: false, steps, refusal });
  const stake = BigInt(10 + pick(90));
  const first = await execute(player, { kind: 'StartHiLo', asset: CHIP, stake }, times);
  if (typeof first === 'string') return stop(first);
  steps.push(first);
  const started = eventOf(first, 'HiLoStarted');
  if (started === undefined) return stop('no HiLoStarted event');
  const { game } = started;
  let { card } = started;
  for (let round = 1 + pick(3); round > 0; round--) {
    const guess = { kind: 'GuessHiLo', game, guess: guessFor(card) } as const;
    const step = await execute(player, guess, times);
    if (typeof step === 'string') return stop(step);
    steps.push(step);
    if (eventOf(step, 'HiLoEnded') !== undefined) {
      return { game: 'hi-lo', settled: true, steps, refusal: null };
    }
    card = eventOf(step, 'HiLoGuessed')?.card ?? card;
  }
  const last = await execute(player, { kind: 'CashOutHiLo', game }, times);
  if (typeof last === 'string') return stop(last);
  steps.push(last);
  return { game: 'hi-lo', settled: true, steps, refusal: null };
}

/** Even bets are spins, odd ones games of hi-lo. */
export function playBet(
  player: Player,
  bet: number,
  pick: (count: number) => number,
  times: BetTimes,
): Promise<PlayedBet> {
  return bet % 2 === 0 ? playRoulette(player, pick, times) : playHiLo(player, pick, times);
}
