import type { JsonObject } from '../../projections/readModel.js';
import { type GameRow, PLAYING } from '../../projections/sessions/table.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import {
  amount,
  count,
  described,
  flag,
  hash,
  height,
  type JsonSchema,
  nullable,
  object,
  text,
  timestamp,
} from './jsonSchema.js';

export const GAME_COLUMNS = [
  'account',
  'game',
  'number',
  'asset',
  'stake',
  'started_height',
  'execution_index',
  'started_ms',
  'last_height',
  'steps',
  'outcome',
  'worth',
  'payout',
  'ended_height',
  'ended_ms',
] as const;

export const gameSchema: JsonSchema = object({
  account: hash,
  game: described(text, 'hiLo, roulette, ...'),
  number: described(count, 'names it among the games of its account and kind'),
  asset: count,
  stake: amount,
  startedHeight: height,
  executionIndex: described(count, 'of the command that started it'),
  startedMs: timestamp,
  lastHeight: described(height, 'of its last event; later ones change what follows'),
  steps: described(count, 'decisions of the player'),
  isPlaying: flag,
  outcome: described(text, 'PLAYING; SETTLED of a game without decisions; else how it ended'),
  worth: described(amount, 'what leaving it now pays, or paid'),
  payout: described(amount, '0 while in play'),
  endedHeight: nullable(height),
  endedMs: nullable(timestamp),
});

export function gameJson(row: Pick<GameRow, (typeof GAME_COLUMNS)[number]>): JsonObject {
  const isPlaying = row.outcome === PLAYING;
  return {
    account: toHex(row.account),
    game: row.game,
    number: row.number,
    asset: row.asset,
    stake: row.stake.toString(),
    startedHeight: row.started_height,
    executionIndex: row.execution_index,
    startedMs: row.started_ms,
    lastHeight: row.last_height,
    steps: row.steps,
    isPlaying,
    outcome: row.outcome,
    worth: row.worth.toString(),
    payout: row.payout.toString(),
    endedHeight: isPlaying ? null : row.ended_height,
    endedMs: isPlaying ? null : row.ended_ms,
  };
}
