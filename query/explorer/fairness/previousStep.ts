import type { Command } from '../../../command/client/answers.js';
import type { Trust } from '../../../command/client/verifyEvents.js';
import { openReceipt } from '../../../command/client/verifyOutcome.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import { pageReader } from '../api/pageReader.js';
import type { HiLoBefore } from './recompute.js';

/** An account that plays many games at once: so many of its commands are looked through. */
const ROWS_MAX = 2_000;

/**
 * The last certified step of a game before `event`: its start, or the guess before. Null when the
 * reader does not show one that the validators have signed.
 */
export async function previousStep(
  account: string,
  game: number,
  event: EventEnvelope,
  trust: Trust,
): Promise<HiLoBefore | null> {
  for (const kind of ['GuessHiLo', 'StartHiLo']) {
    let rows = 0;
    const query = { account, kind, limit: 100, asOf: event.height };
    for await (const row of pageReader.commands(query)) {
      if (rows++ === ROWS_MAX) break;
      const isCandidate = isEarlier(row, event) && isOfGame(row, game);
      const step = isCandidate ? await stepOf(row.id, game, trust) : null;
      if (step !== null) return step;
    }
  }
  return null;
}

function isEarlier({ height, executionIndex }: Command, event: EventEnvelope): boolean {
  if (height !== event.height) return height < event.height;
  return executionIndex < event.executionIndex;
}

/** A guess names its game; a start is given one. */
function isOfGame({ kind, instruction }: Command, game: number): boolean {
  return kind === 'StartHiLo' || Number(instruction.game) === game;
}

async function stepOf(commandId: string, game: number, trust: Trust): Promise<HiLoBefore | null> {
  const said = await pageReader.command(commandId);
  const isShown = said.events.some(({ fields }) => fields.game === game);
  const opened = isShown ? openReceipt({ ...said, commandId }, trust) : null;
  for (const { body } of opened?.events ?? []) {
    const isStep = body.kind === 'HiLoStarted' || body.kind === 'HiLoGuessed';
    if (isStep && body.game === game) return { card: body.card, worth: body.worth };
  }
  return null;
}
