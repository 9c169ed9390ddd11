import { expect, test } from 'vitest';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import { engineChain } from '../../test/simulation/engineChain.js';
import { eventKey } from './eventKey.js';
import { marksOf } from './heightMarks.js';

const chain = engineChain({ heights: 8, commands: 6, seed: 11 });

test('is the key that the whole event has', () => {
  const values = chain.flatMap(({ events }) => events.flat());
  expect(values.length).toBeGreaterThan(50);
  for (const value of values) {
    const { body } = decodeTrusted('EventsRecord', value);
    expect(body.kind === 'EventEnvelope' && eventKey(value)).toEqual(
      body.kind === 'EventEnvelope' && body.key,
    );
  }
});

test('a mark ends in its certificate, and has no key', () => {
  for (const height of chain) {
    const mark = marksOf(height).value(0);
    const certificate = encode('ResultCertificate', height.certified.certificate).subarray(5);
    expect(mark.subarray(mark.length - certificate.length)).toEqual(certificate);
    expect(() => eventKey(mark)).toThrow('only events have keys');
  }
});
