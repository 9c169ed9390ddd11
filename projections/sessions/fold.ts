import type { EventEnvelope } from '../../schemas/types/event.js';
import type { CommittedEvents, ReadModel, Rows } from '../readModel.js';
import { type GameRow, games, PLAYING } from './table.js';

/** Events that make a game; the others are of one that is there. */
const FIRST_EVENTS: ReadonlySet<string> = new Set(['HiLoStarted', 'RouletteSpun']);

/** What an event says of a game; the rest of its row follows from the envelope. */
type Step = Pick<GameRow, 'game' | 'number' | 'outcome' | 'worth' | 'payout'> & {
  /** Known at its start, and kept from there. */
  readonly asset: number;
  readonly stake: bigint;
  readonly steps: number;
};

function stepOf({ body, keySequence }: EventEnvelope): Step | null {
  switch (body.kind) {
    case 'HiLoStarted': {
      const { game: number, asset, stake, worth } = body;
      return { game: 'hiLo', number, asset, stake, steps: 0, outcome: PLAYING, worth, payout: 0n };
    }
    case 'HiLoGuessed': {
      const { game: number, worth } = body;
      const unknown = { asset: 0, stake: 0n };
      return { game: 'hiLo', number, ...unknown, steps: 1, outcome: PLAYING, worth, payout: 0n };
    }
    case 'HiLoEnded': {
      const { game: number, asset, stake, outcome, payout } = body;
      return { game: 'hiLo', number, asset, stake, steps: 0, outcome, worth: payout, payout };
    }
    case 'RouletteSpun': {
      const { asset, stake, payout } = body;
      const settled = { steps: 0, outcome: 'SETTLED', worth: payout, payout };
      return { game: 'roulette', number: keySequence, asset, stake, ...settled };
    }
    default:
      return null;
  }
}

function foldEvents({ events }: CommittedEvents, rows: Rows): void {
  for (const { event } of events) {
    const step = stepOf(event);
    if (step === null) continue;
    const hasEnded = step.outcome !== PLAYING;
    const row = {
      account: event.key,
      game: step.game,
      number: step.number,
      shard: event.shard,
      partition: event.partition,
      asset: step.asset,
      stake: step.stake,
      started_height: event.height,
      execution_index: event.executionIndex,
      started_ms: event.timestampMs,
      last_height: event.height,
      steps: step.steps,
      outcome: step.outcome,
      worth: step.worth,
      payout: step.payout,
      ended_height: hasEnded ? event.height : 0,
      ended_ms: hasEnded ? event.timestampMs : 0,
    };
    if (!FIRST_EVENTS.has(event.body.kind)) rows.put(games, row);
    else if (hasEnded) rows.complete(games, row);
    else rows.begin(games, row);
  }
}

/** Games in play and finished, with what was staked and paid. */
export const sessions: ReadModel = { name: 'sessions', tables: [games], foldEvents };
