import { decodeTrusted } from '../../schemas/codec/codec.js';
import { assert } from '../../schemas/kernel/assert.js';

/** Key of an event's record: the key of the event itself. */
export function eventKey(value: Uint8Array): Uint8Array {
  const { body } = decodeTrusted('EventsRecord', value);
  assert(body.kind === 'EventEnvelope', 'only events have keys');
  return body.key;
}
