import type { Command } from '../../../command/client/answers.js';
import type { Reader } from '../../../command/client/reader.js';
import type { Trust } from '../../../command/client/verifyEvents.js';
import { openReceipt } from '../../../command/client/verifyOutcome.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { HiLoBefore } from '../verify/recompute.js';

/** An account that plays many games at once: so many of its commands are looked through. */
const ROWS_MAX = 2_000;

type Place = Pick<EventEnvelope, 'height' | 'executionIndex'>;

interface StepReading {
  readonly reader: Pick<Reader, 'commands' | 'command'>;
  readonly trust: Trust;
}

/**
 * The last certified step of a game before `event`: its start, or the guess before. Null when the
 * reader does not show one that the validators have signed.
 */
export async function previousStep(
  { reader, trust }: StepReading,
  account: string,
  game: number,
  event: Place,
): Promise<HiLoBefore | null> {
  const stepOf = (id: string) => stepOfCommand({ reader, trust }, id, game);
  for (const kind of ['GuessHiLo', 'StartHiLo']) {
    let rows = 0;
    const query = { account, kind, limit: 100, asOf: event.height };
    for await (const row of reader.commands(query)) {
      if (rows++ === ROWS_MAX) break;
      const isCandidate = isEarlier(row, event) && isOfGame(row, game);
      const step = isCandidate ? await stepOf(row.id) : null;
      if (step !== null) return step;
    }
  }
  return null;
}

function isEarlier({ height, executionIndex }: Command, event: Place): boolean {
  if (height !== event.height) return height < event.height;
  return executionIndex < event.executionIndex;
}

/** A guess names its game; a start is given one. */
function isOfGame({ kind, instruction }: Command, game: number): boolean {
  return kind === 'StartHiLo' || Number(instruction.game) === game;
}

async function stepOfCommand(
  { reader, trust }: StepReading,
  commandId: string,
  game: number,
): Promise<HiLoBefore | null> {
  const said = await reader.command(commandId);
  const isShown = said.events.some(({ fields }) => fields.game === game);
  const opened = isShown ? openReceipt({ ...said, commandId }, trust) : null;
  for (const { body } of opened?.events ?? []) {
    const isStep = body.kind === 'HiLoStarted' || body.kind === 'HiLoGuessed';
    if (isStep && body.game === game) return { card: body.card, worth: body.worth };
  }
  return null;
}
