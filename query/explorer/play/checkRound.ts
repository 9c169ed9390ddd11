import type { Trust } from '../../../command/client/verifyEvents.js';
import type { ResultCertificate } from '../../../schemas/types/block.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import { pageReader } from '../api/pageReader.js';
import { previousStep } from '../fairness/previousStep.js';
import type { Check } from '../verify/check.js';
import { type HiLoBefore, recompute } from '../verify/recompute.js';

/** What rounds of one account are checked with, in the order in which they were played. */
export interface RoundChecking {
  readonly account: string;
  readonly genesis: Genesis;
  readonly trust: Trust;
  /** The last certified step of each game, as far as this browser knows it. */
  readonly steps: Map<number, HiLoBefore>;
}

/**
 * What the client has proven already, and what this page recomputes from the certified seed. A step
 * of hi-lo that is not known is read; rejects with ReaderError when it cannot be.
 */
export async function checkRound(
  {
    events,
    certificate,
  }: {
    readonly events: readonly EventEnvelope[];
    readonly certificate: ResultCertificate;
  },
  checking: RoundChecking,
): Promise<Check[]> {
  const { genesis, steps } = checking;
  const checks: Check[] = [
    {
      name: 'A quorum of validators signed the result',
      passed: true,
      detail: `${certificate.signatures.length} of ${genesis.validators.length}`,
    },
    {
      name: 'The events belong to the result',
      passed: events.length > 0,
      detail: `${events.length} events`,
    },
  ];
  for (const event of events) {
    const before = await stepBefore(event, checking);
    const check = recompute(event, certificate.result, before, genesis);
    if (check !== null) checks.push(check);
    const { body } = event;
    if (body.kind === 'HiLoStarted' || body.kind === 'HiLoGuessed') {
      steps.set(body.game, { card: body.card, worth: body.worth });
    }
  }
  return checks;
}

async function stepBefore(
  event: EventEnvelope,
  { account, steps, trust }: RoundChecking,
): Promise<HiLoBefore | null> {
  const { body } = event;
  if (body.kind !== 'HiLoGuessed' && body.kind !== 'HiLoEnded') return null;
  const reading = { reader: pageReader, trust };
  return steps.get(body.game) ?? previousStep(reading, account, body.game, event);
}
