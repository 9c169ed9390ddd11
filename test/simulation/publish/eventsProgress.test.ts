import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventsProgress } from '../../../command/publish/eventsProgress.js';
import { markKey } from '../../../command/publish/markKey.js';
import { EventsFollower } from '../../../projections/runner/eventsFollower.js';
import { FOLLOWED_WINDOW_BYTES, FOLLOWED_WINDOW_EVENTS_MAX } from '../../../schemas/limits.js';
import {
  buildChain,
  type ChainedHeight,
  chainKeys,
  chainStart,
  keyedVerifiers,
} from '../certifiedChain.js';
import { markRecord } from '../chainRecords.js';

const PARTITION = 1;
const COUNTS = [2, 0, 1, 3, 0, 0, 2];
const chain = buildChain(COUNTS.map((count) => [1, count, 0, 0]));

type Written = { readonly key: Uint8Array; readonly value: Uint8Array };

const mark = (height: ChainedHeight): Written => ({
  key: markKey(2),
  value: markRecord(height, PARTITION),
});
const events = (height: ChainedHeight): Written[] =>
  (height.events[PARTITION] ?? []).map((value) => ({ key: new Uint8Array(32), value }));
const all = chain.flatMap((height) => [...events(height), mark(height)]);

const at = (height: number) => chain[height - 1] ?? null;

/** `own`: the heights that the follower holds itself. */
function progress(reached: 0 | null = 0, own: typeof at = () => null) {
  return createEventsProgress({
    own,
    keys: chainKeys,
    partition: PARTITION,
    partitions: 4,
    verifier: keyedVerifiers.signatures,
    reached,
  });
}

/** How far a projector's own follower gets with these records. */
function readerReaches(records: readonly Written[]): number {
  const follower = new EventsFollower({
    keys: chainKeys,
    partition: PARTITION,
    partitions: 4,
    tip: { ...chainStart, lastEventHeight: 0, position: 0n },
    verifier: keyedVerifiers.signatures,
    windowBytes: FOLLOWED_WINDOW_BYTES,
    windowEvents: FOLLOWED_WINDOW_EVENTS_MAX,
    onDropped: () => {},
  });
  for (let at = 0; at < records.length; at++) {
    follower.read(records[at]!.value, BigInt(at));
    if (follower.takeReread()) at = Number(follower.tip.position) - 1;
  }
  return follower.tip.height;
}

describe('the progress of an events partition', () => {
  it.each([
    ['nothing', () => null],
    ['the chain', at],
  ] as const)('follows an honest publisher to its end by %s of its own', (_, own) => {
    const follower = progress(0, own);
    for (const record of all) follower.read(record);
    expect(follower.reached).toBe(COUNTS.length);
  });

  it('needs every byte of a mark, whatever it holds itself', () => {
    const first = chain[0]!;
    const { value } = mark(first);
    for (let index = 0; index < value.length; index++) {
      const follower = progress(0, at);
      for (const record of events(first)) follower.read(record);
      follower.read({
        key: markKey(2),
        value: value.map((byte, i) => (i === index ? ~byte : byte)),
      });
      for (const bytes of [value.subarray(0, index), Uint8Array.of(...value, 0)]) {
        follower.read({ key: markKey(2), value: bytes });
      }
      expect(follower.reached).toBe(0);
      follower.read(mark(first));
      expect(follower.reached).toBe(1);
    }
  });

  it('takes the certificate of another quorum', () => {
    const first = chain[0]!;
    const { certificate } = first.certified;
    for (let left = 0; left < certificate.signatures.length; left++) {
      const signatures = certificate.signatures.filter((_, index) => index !== left);
      const certified = { ...first.certified, certificate: { ...certificate, signatures } };
      const other = { ...first, certified };
      const followers = [progress(0, at), progress()];
      for (const follower of followers) {
        for (const record of [...events(first), mark(other)]) follower.read(record);
      }
      expect(followers[0]!.reached).toBe(followers[1]!.reached);
    }
  });

  it('waits for events that a mark lists, and for the mark before', () => {
    const own = progress();
    const [first, , third] = chain as [ChainedHeight, ChainedHeight, ChainedHeight];
    own.read(mark(first));
    own.read(mark(third));
    own.read(events(first)[1]!);
    expect(own.reached).toBe(0);
    expect(own.read(events(first)[0]!)?.height).toBe(1);
    for (const record of [...events(third), mark(third)]) own.read(record);
    expect(own.reached).toBe(3);
  });

  it('begins at the first proven mark in the middle of a log', () => {
    const own = progress(null);
    own.read(events(chain[3]!)[2]!);
    own.read({ key: markKey(0), value: Uint8Array.of(1, 2, 3) });
    expect(own.reached).toBeNull();
    own.read(mark(chain[3]!));
    expect(own.reached).toBe(4);
  });

  it.each([[() => null], [at]])('believes no mark that a quorum has not signed', (held) => {
    const own = progress(0, held);
    const { certified, leaves, events: values, tip } = chain[0]!;
    const certificate = { ...certified.certificate, signatures: [] };
    const forged = { certified: { ...certified, certificate }, leaves, events: values, tip };
    for (const record of [...events(forged), mark(forged)]) own.read(record);
    expect(own.reached).toBe(0);
  });

  it('never says more than what a reader reaches, in whatever order records stand', () => {
    const pick = fc.array(fc.nat({ max: all.length - 1 }), { maxLength: 40 });
    fc.assert(
      fc.property(pick, fc.boolean(), fc.nat({ max: 127 }), (picked, withAll, held) => {
        const records = picked.map((index) => all[index]!).concat(withAll ? all : []);
        const plain = progress();
        const own = progress(0, (height) => ((held >> height) & 1 ? at(height) : null));
        for (const record of records) {
          plain.read(record);
          own.read(record);
          expect(own.reached).toBe(plain.reached);
        }
        expect(own.reached).toBeLessThanOrEqual(readerReaches(records));
        if (withAll) expect(own.reached).toBe(COUNTS.length);
      }),
      { numRuns: 300 },
    );
  });
});
