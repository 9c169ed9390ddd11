import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildChain,
  type ChainedHeight,
  chainKeys,
  chainStart,
  keyedVerifiers,
  nextHeight,
  startEpoch,
} from '../../test/simulation/certifiedChain.js';
import { encode } from '../codec/codec.js';
import { keysAfter } from '../crypto/epochStart.js';
import { ascii } from '../kernel/bytes.js';
import type { CertifiedBlock, EpochStart } from '../types/block.js';
import { createBlocksFollower } from './blocksFollower.js';

const chain = buildChain(Array.from({ length: 6 }, () => [1, 0]));
const record = (certified: CertifiedBlock) =>
  encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified } });
const at = (height: number): ChainedHeight => chain[height - 1]!;
const valueAt = (height: number) => record(at(height).certified);

function follower(from = 0) {
  const tip = from === 0 ? chainStart : at(from).tip;
  return createBlocksFollower({ keys: chainKeys, tip, verifiers: keyedVerifiers });
}

/** The same height with other words in it, and the certificates left as they were. */
function forge(height: number, change: Partial<CertifiedBlock>): Uint8Array {
  return record({ ...at(height).certified, ...change });
}

describe('a follower of blocks', () => {
  test('takes the first proven record at last + 1, in order', () => {
    const reader = follower();
    for (const { tip, certified } of chain) {
      expect(reader.read(record(certified))).toMatchObject({ kind: 'accepted', tip });
      expect(reader.tip).toEqual(tip);
    }
  });

  test('ignores a repeat, also one signed by others', () => {
    const reader = follower(3);
    const others = buildChain(
      Array.from({ length: 4 }, () => [1, 0]),
      [1, 2, 3],
    );
    expect(reader.read(valueAt(3))).toEqual({ kind: 'ignored', reason: 'repeat', height: 3 });
    const repeat = reader.read(record(others[2]!.certified));
    expect(repeat).toEqual({ kind: 'ignored', reason: 'repeat', height: 3 });
    expect(reader.read(record(others[3]!.certified)).kind).toBe('accepted');
    expect(reader.read(valueAt(1))).toEqual({ kind: 'ignored', reason: 'older', height: 1 });
  });

  test('drops what is not proven and goes on', () => {
    const good = at(4).certified;
    const few = { ...good.certificate, signatures: good.certificate.signatures.slice(1) };
    const forged: [Uint8Array, string][] = [
      [ascii('noise'), 'undecodable'],
      [forge(4, { certificate: few }), 'bad certificate'],
      [forge(4, { block: { ...good.block, items: [ascii('x')] } }), 'wrong items root'],
      [forge(4, { beacon: { ...good.beacon, signature: new Uint8Array(96) } }), 'wrong seed'],
      [forge(4, { finality: at(5).certified.finality }), 'not final'],
      [forge(5, { certificate: few }), 'not the next height'],
    ];
    const reader = follower(3);
    for (const [value, reason] of forged) {
      expect(reader.read(value)).toEqual({ kind: 'dropped', reason });
    }
    expect(reader.read(valueAt(4)).kind).toBe('accepted');
  });

  test('drops a forged record at a known height: a publisher alone cannot halt a reader', () => {
    const reader = follower(3);
    const other = { ...at(3).certified.certificate.result, stateRoot: new Uint8Array(32) };
    const { signatures } = at(3).certified.certificate;
    const value = forge(3, { certificate: { result: other, signatures } });
    expect(reader.read(value)).toEqual({ kind: 'dropped', reason: 'bad certificate' });
  });

  test('reports a hole while a certified record stands above the next height', () => {
    const reader = follower(3);
    expect(reader.read(valueAt(6))).toEqual({ kind: 'hole', height: 6 });
    expect(reader.read(valueAt(4)).kind).toBe('accepted');
  });

  test('halts on two certified digests at one height, and stays halted', () => {
    const reader = follower(3);
    const twisted = nextHeight({
      tip: at(2).tip,
      lastHeights: [2, 0],
      eventCounts: [1, 0],
      twist: 'another history',
    });
    const outcome = reader.read(record(twisted.certified));
    expect(outcome).toMatchObject({ kind: 'conflict', height: 3 });
    expect(reader.read(valueAt(4))).toEqual(outcome);
    const onTop = nextHeight({ tip: twisted.tip, lastHeights: [3, 0], eventCounts: [1, 0] });
    expect(follower(3).read(record(onTop.certified))).toMatchObject({
      kind: 'conflict',
      height: 4,
    });
  });

  test('accepts every height once, whatever is repeated, reordered or mixed in', () => {
    const junk = fc.uint8Array({ maxLength: 64 }).map((bytes) => ({ bytes, height: 0 }));
    const any = fc.integer({ min: 1, max: chain.length }).map((height) => ({
      bytes: valueAt(height),
      height,
    }));
    fc.assert(
      fc.property(fc.array(fc.oneof(any, junk), { maxLength: 30 }), (records) => {
        const reader = follower();
        let next = 1;
        for (const { bytes, height } of records) {
          const outcome = reader.read(bytes);
          expect(outcome.kind === 'accepted').toBe(height === next);
          if (height === next) next++;
        }
        expect(reader.tip.height).toBe(next - 1);
      }),
      { numRuns: 60 },
    );
  });

  describe('when recovery keys have begun an epoch', () => {
    const started = (start: EpochStart) =>
      encode('BlocksRecord', { body: { kind: 'EpochStart', ...start } });
    const start = startEpoch(1, at(4).tip);
    const keys = keysAfter(chainKeys, start, keyedVerifiers.signatures)!;
    const rest = { lastHeights: [4, 0], eventCounts: [1, 0] };
    const fifth = nextHeight({ tip: at(4).tip, ...rest, keys });

    test('takes the heights of its validators, and no others', () => {
      const reader = follower(4);
      expect(reader.read(started(start))).toMatchObject({ kind: 'epoch', keys: { epoch: 1 } });
      const foreign = { kind: 'dropped', reason: 'another chain, shard or epoch' };
      expect(reader.read(valueAt(5))).toEqual(foreign);
      expect(reader.read(valueAt(6))).toEqual({ kind: 'dropped', reason: 'not the next height' });
      expect(reader.read(record(fifth.certified))).toMatchObject({ kind: 'accepted' });
      expect(reader.read(valueAt(5))).toEqual({ kind: 'dropped', reason: 'bad certificate' });
      expect(reader.read(valueAt(4))).toMatchObject({ kind: 'ignored', reason: 'repeat' });
      expect(reader.read(started(start))).toMatchObject({ kind: 'ignored', reason: 'repeat' });
    });

    test('knows them from the beginning, and takes what came before', () => {
      const reader = createBlocksFollower({ keys, tip: chainStart, verifiers: keyedVerifiers });
      const values = [1, 2, 3, 4].map(valueAt);
      for (const value of values) expect(reader.read(value).kind).toBe('accepted');
      expect(reader.read(valueAt(5)).kind).toBe('dropped');
      expect(reader.read(record(fifth.certified)).kind).toBe('accepted');
    });

    test('drops a start that is not proven or does not continue the last height', () => {
      const twisted = nextHeight({ tip: at(3).tip, ...rest, twist: 'another history' });
      for (const wrong of [
        startEpoch(1, at(4).tip, [0]),
        startEpoch(1, at(4).tip, [2, 0]),
        { ...start, firstHeight: 6 },
        { ...start, previousSeed: new Uint8Array(32) },
        startEpoch(2, at(4).tip),
        startEpoch(1, at(3).tip),
        startEpoch(1, twisted.tip),
      ]) {
        const reader = follower(4);
        expect(reader.read(started(wrong))).toEqual({ kind: 'dropped', reason: 'epoch start' });
        expect(reader.read(valueAt(5)).kind).toBe('accepted');
      }
    });

    test('waits for the heights before one that begins further on', () => {
      const reader = follower(3);
      expect(reader.read(started(start))).toEqual({ kind: 'hole', height: 5 });
      expect(reader.read(valueAt(4)).kind).toBe('accepted');
      expect(reader.read(started(start)).kind).toBe('epoch');
    });

    test('goes on to a next one, also where none has certified a height', () => {
      const reader = follower(4);
      expect(reader.read(started(start)).kind).toBe('epoch');
      expect(reader.read(started(startEpoch(2, at(4).tip))).kind).toBe('epoch');
      expect(reader.read(record(fifth.certified)).kind).toBe('dropped');
      expect(reader.keys.epoch).toBe(2);
    });
  });
});
