import { resultDigest } from '../../../../schemas/crypto/digests.js';
import { toHex } from '../../../../schemas/kernel/bytes.js';
import type { World } from '../world.js';
import type { LogContents } from './logContents.js';

/**
 * Each height stands in the log for a reader, of the history that validators certified, with all
 * its events and marks; and only once, unless somebody hostile writes to it. A faulty validator may
 * publish a certified height before any honest one has it on disk.
 */
export function logStandsOnce(world: World, contents: LogContents, isHostile: boolean): string[] {
  const breaches: string[] = [];
  for (const [index, block] of contents.blocks.entries()) {
    const own = world.history.certified[index];
    if (own === undefined && world.byzantine.size > 0) continue;
    const isSame =
      own !== undefined &&
      toHex(resultDigest(own.certificate.result)) === toHex(resultDigest(block.certificate.result));
    if (!isSame) breaches.push(`log: height ${index + 1} is not what validators certified`);
  }
  if (!isHostile && contents.repeatedBlocks > 0) {
    breaches.push(`log: ${contents.repeatedBlocks} heights stand more than once`);
  }
  for (const [
    partition,
    { missing, repeatedEvents, knownHeight },
  ] of contents.partitions.entries()) {
    for (const event of missing) breaches.push(`log: partition ${partition} lacks ${event}`);
    if (!isHostile && repeatedEvents > 0) {
      breaches.push(`log: partition ${partition} has ${repeatedEvents} events more than once`);
    }
    if (knownHeight > contents.blocks.length) {
      breaches.push(`log: partition ${partition} has a mark of ${knownHeight} before its block`);
    }
  }
  return [...breaches, ...incompleteHeights(contents)];
}

/** The events of a height are all those that its executions number: none is left out unseen. */
function incompleteHeights({ partitions, blocks }: LogContents): string[] {
  const breaches: string[] = [];
  const known = Math.min(blocks.length, ...partitions.map(({ knownHeight }) => knownHeight));
  for (let height = 1; height <= known; height++) {
    const events = partitions.flatMap(({ heights }) => heights.get(height) ?? []);
    const places = events
      .map(({ executionIndex, eventIndex }) => executionIndex * 10_000 + eventIndex)
      .sort((a, b) => a - b);
    for (const [at, place] of places.entries()) {
      const isFirst = place % 10_000 === 0;
      const follows = places[at - 1] === place - 1;
      if (!isFirst && !follows) breaches.push(`log: height ${height} has a gap before ${place}`);
    }
  }
  return breaches;
}
