import type { FullCommand, Page } from '../../../command/client/answers.js';
import {
  openCertificate,
  openProvenEvent,
  type Trust,
} from '../../../command/client/verifyEvents.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import { read } from '../api/read.js';
import type { HiLoBefore } from './recompute.js';

type Row = Pick<FullCommand, 'id' | 'height' | 'executionIndex'>;

/** An account that plays many games at once: so many of its commands are looked through. */
const PAGES_MAX = 20;

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
    const path = `/explorer/accounts/${account}/commands?kind=${kind}&limit=100&asOf=${event.height}`;
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null && pages < PAGES_MAX; pages++) {
      const next: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page<Row> = await read<Page<Row>>(path + next);
      for (const row of page.items) {
        const isEarlier =
          row.height < event.height ||
          (row.height === event.height && row.executionIndex < event.executionIndex);
        const step = isEarlier ? await stepOf(row.id, game, trust) : null;
        if (step !== null) return step;
      }
      cursor = page.nextCursor;
    }
  }
  return null;
}

async function stepOf(id: string, game: number, trust: Trust): Promise<HiLoBefore | null> {
  const command = await read<FullCommand>(`/explorer/commands/${id}`);
  const isOfGame = command.events.some(({ fields }) => fields.game === game);
  if (!isOfGame) return null;
  const certificate = openCertificate(command.certificate, trust);
  if (certificate === null) return null;
  for (const proven of command.events) {
    const body = openProvenEvent(proven, certificate, trust)?.body;
    const isStep = body?.kind === 'HiLoStarted' || body?.kind === 'HiLoGuessed';
    if (isStep && body.game === game) return { card: body.card, worth: body.worth };
  }
  return null;
}
