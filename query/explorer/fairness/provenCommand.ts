import { resultDigest } from '../../../schemas/crypto/digests.js';
import { rejectName } from '../../../schemas/rejectCode.js';
import type { ResultCertificate } from '../../../schemas/types/block.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { Check } from '../verify/check.js';
import { plainFields } from './plainJson.js';

/** A record as JSON, made of proven bytes alone. */
export type ProvenFields = Readonly<Record<string, unknown>>;

/** What an event says, under the names that the reader gives its parts. */
export function provenEventFields(event: EventEnvelope): ProvenFields {
  const { eventIndex, key, keySequence } = event;
  const { kind, ...fields } = event.body;
  return plainFields({ eventIndex, key, keySequence, kind, fields });
}

/**
 * What the receipt of a command and the result of its height say, under the reader's names; null
 * when the first event is no receipt.
 */
export function provenCommandFields(
  receipt: EventEnvelope | null | undefined,
  { result }: ResultCertificate,
): ProvenFields | null {
  const body = receipt?.body;
  if (receipt === null || receipt === undefined || body === undefined) return null;
  if (body.kind !== 'CommandExecuted' && body.kind !== 'CommandRefused') return null;
  const { height, executionIndex, timestampMs, key: account } = receipt;
  const { commandId: id, signer, authorization, nonce, request, instruction } = body;
  const isRefused = body.kind === 'CommandRefused';
  const code = isRefused ? body.code : null;
  return plainFields({
    ...{ id, height, executionIndex, timestampMs, account, signer, authorization, nonce, request },
    ...{ kind: instruction.kind, status: isRefused ? 'refused' : 'executed' },
    ...{ code, codeName: code === null ? null : rejectName(code) },
    ...{ first: isRefused ? body.first : null, instruction },
    block: {
      height: result.height,
      digest: result.blockDigest,
      seed: result.seed,
      eventsRoot: result.eventsRoot,
      resultDigest: resultDigest(result),
    },
  });
}

/** That these are all events that the command made, in their order, its receipt first. */
export function checkWhole(events: readonly (EventEnvelope | null)[]): Check {
  const name = 'All events of the command are there';
  const wrong = (detail: string): Check => ({ name, passed: false, detail });
  const [first] = events;
  const body = first?.body;
  if (first === null || first === undefined || body === undefined)
    return wrong('its receipt, which says how many there are, is not proven');
  if (body.kind !== 'CommandExecuted' && body.kind !== 'CommandRefused')
    return wrong(`it begins with ${body.kind}, not with the command’s receipt`);
  const made = body.kind === 'CommandExecuted' ? body.events : 1;
  if (events.length !== made)
    return wrong(`${events.length} of the ${made} that its receipt names`);
  for (const [place, event] of events.entries()) {
    if (event === null) return wrong(`event ${place} is not proven`);
    if (event.executionIndex !== first.executionIndex)
      return wrong(`event ${place} is of place ${event.executionIndex} in the block`);
    if (event.eventIndex !== place) return wrong(`where event ${place} belongs is another one`);
  }
  return { name, passed: true, detail: `${made} of ${made}` };
}
