import { expect, it } from 'vitest';
import { VersionedCodec } from '../../schemas/codec/versionedCodec.js';
import { NEXT_VALUES, type NextTypes, nextSchemas } from '../../test/vectors/codec/nextRelease.js';
import { readEventHead } from './eventHead.js';

const next = new VersionedCodec<NextTypes>(nextSchemas());

it('reads the events of a later release that say nothing new, and no others', () => {
  for (const change of ['posting', 'reason', 'branch'] as const) {
    const { old, new: changed } = NEXT_VALUES[change];
    const head = readEventHead(next.encode('EventsRecord', old));
    expect(head).toEqual({ shard: 0, partition: 5, height: 7 });
    expect(readEventHead(next.encode('EventsRecord', changed))).toBeNull();
  }
});
