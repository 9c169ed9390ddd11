import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encode } from '../../schemas/codec/codec.js';
import { present } from '../../schemas/kernel/assert.js';
import {
  chainKeys,
  chainStart,
  keyedVerifiers,
  nextHeight,
} from '../../test/simulation/certifiedChain.js';
import { BLOCKS_PARTITION, type Checkpoint } from '../ports.js';
import type { ReadModel } from '../readModel.js';
import { RowBatch } from './rowBatch.js';
import { createSource } from './source.js';

const HEIGHTS = 5;

/** Two copies of each height, certified by other validators each. */
function copies(): Uint8Array[] {
  const values: Uint8Array[] = [];
  let tip = chainStart;
  for (let height = 1; height <= HEIGHTS; height++) {
    const shared = { tip, lastHeights: [], eventCounts: [] };
    for (const signers of [
      [0, 1, 2],
      [1, 2, 3],
    ]) {
      const { certified } = nextHeight({ ...shared, signers });
      values.push(encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified } }));
    }
    tip = nextHeight(shared).tip;
  }
  return values;
}

const VALUES = copies();
const START: Checkpoint = {
  shard: 0,
  partition: BLOCKS_PARTITION,
  lastEventHeight: 0,
  position: 0n,
  ...chainStart,
};

/**
 * Reads a log to its end in batches of these sizes; after a batch whose number is in `restarts`,
 * a new source goes on from the checkpoint. Which copy of each height was folded.
 */
function folded(
  log: readonly Uint8Array[],
  batches: readonly number[],
  restarts: ReadonlySet<number>,
): (number | undefined)[] {
  const taken: number[] = [];
  const model: ReadModel = {
    name: 'copies',
    tables: [],
    foldBlock: ({ certified, value }) => {
      taken[certified.block.header.height] = VALUES.indexOf(value);
    },
  };
  const options = { keys: chainKeys, eventPartitions: 1, verifiers: keyedVerifiers };
  const open = (from: Checkpoint) =>
    createSource({ ...options, models: [model], onDropped: () => undefined }, from);
  let source = open(START);
  const rows = new RowBatch();
  let turn = 0;
  for (let at = 0; at < log.length; turn++) {
    const batch = log.slice(at, at + (batches[turn % batches.length] ?? 1));
    for (const [index, value] of batch.entries()) source.read(value, BigInt(at + index), rows);
    at += batch.length;
    const again = source.takeReread();
    if (again !== null) at = Number(again);
    if (!restarts.has(turn)) continue;
    source = open(source.checkpoint);
    at = Number(source.checkpoint.position);
  }
  return taken;
}

it.each([0, 1])('says which fold failed, and on what: model %i', (failing) => {
  const failure = new TypeError('oops');
  const models = ['sound', 'house'].map((name, index): ReadModel => {
    const foldBlock = (): void => {
      if (index === failing) throw failure;
    };
    return { name, tables: [], foldBlock };
  });
  const onDropped = (): undefined => undefined;
  const options = { keys: chainKeys, eventPartitions: 1, verifiers: keyedVerifiers, onDropped };
  const source = createSource({ ...options, models }, START);
  const read = (): number => source.read(present(VALUES[0], 'copy'), 0n, new RowBatch());
  const message = `fold ${models[failing]?.name}, blocks, height 1: oops`;
  expect(read).toThrow(expect.objectContaining({ message, cause: failure }));
});

it('takes the same copies of heights, however the log is cut and whenever it starts again', () => {
  const order = fc.shuffledSubarray([...VALUES.keys()], { minLength: VALUES.length });
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 });
  const restarts = fc.array(fc.nat({ max: 20 }), { maxLength: 5 });
  fc.assert(
    fc.property(order, sizes, restarts, (places, batches, at) => {
      const log = places.map((place) => present(VALUES[place], 'copy'));
      const whole = folded(log, [1], new Set());
      expect(whole).toHaveLength(HEIGHTS + 1);
      expect(folded(log, batches, new Set(at))).toEqual(whole);
    }),
    { numRuns: 300 },
  );
});
