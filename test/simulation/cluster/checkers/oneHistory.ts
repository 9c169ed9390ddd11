import { decodeTrusted } from '../../../../schemas/codec/codec.js';
import { blockDigest, resultDigest } from '../../../../schemas/crypto/digests.js';
import { genesisTip } from '../../../../schemas/crypto/epochKeys.js';
import { quorum } from '../../../../schemas/crypto/quorum.js';
import { toHex } from '../../../../schemas/kernel/bytes.js';
import type { SimulatedValidator } from '../simulatedValidator.js';
import type { World } from '../world.js';

/**
 * All disks of honest validators hold one chain with one result a height, every finalized proposal
 * is on it, and every height has one beacon.
 */
export function oneHistory(world: World, honest: readonly SimulatedValidator[]): string[] {
  const chain = new Map<number, string>();
  const results = new Map<number, string>();
  const beacons = new Map<number, string>();
  const breaches: string[] = [];
  const same = (known: Map<number, string>, height: number, value: string, what: string): void => {
    const first = known.get(height);
    if (first !== undefined && first !== value) breaches.push(`height ${height}: two ${what}`);
    known.set(height, first ?? value);
  };
  for (const { node, disk } of honest) {
    let parent = toHex(genesisTip(world.chain.genesis, 0).blockDigest);
    for (const [index, bytes] of disk.blocks.certified.entries()) {
      const { block, certificate, beacon } = decodeTrusted('CertifiedBlock', bytes);
      const height = index + 1;
      const digest = toHex(blockDigest(block.header));
      if (block.header.height !== height) breaches.push(`node ${node}: gap at height ${height}`);
      if (toHex(block.header.parent) !== parent) breaches.push(`node ${node}: ${height} is loose`);
      if (toHex(certificate.result.blockDigest) !== digest) {
        breaches.push(`node ${node}: the result of ${height} is of another block`);
      }
      same(chain, height, digest, 'blocks');
      same(results, height, toHex(resultDigest(certificate.result)), 'results');
      same(beacons, height, toHex(beacon.signature), 'beacons');
      parent = digest;
    }
  }
  return [...breaches, ...strayFinalizations(world, chain)];
}

/** A quorum finalized it, and it is not on the chain. */
function strayFinalizations(world: World, chain: ReadonlyMap<number, string>): string[] {
  const breaches: string[] = [];
  const final = new Map(chain);
  for (const [payload, signers] of world.history.finalizers) {
    if (signers.size < quorum(world.validators)) continue;
    const height = world.history.headers.get(payload)?.height;
    if (height === undefined) {
      breaches.push(`a block that nobody has shown is final: ${payload}`);
    } else if ((final.get(height) ?? payload) !== payload) {
      breaches.push(`height ${height}: ${final.get(height)} and ${payload} are final`);
    } else final.set(height, payload);
  }
  return breaches;
}
