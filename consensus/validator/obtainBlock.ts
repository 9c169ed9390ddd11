import { toHex } from '../../schemas/kernel/bytes.js';
import type { KnownBlock } from './chain.js';
import { extendFinal } from './extendFinal.js';
import type { Shell } from './shell.js';

/**
 * The block under a digest, asked of the peers when it is not here. Never rejects; never resolves
 * when `view`, for which it is wanted, is settled before it comes. `peer`: who surely has it.
 */
export function obtainBlock(
  shell: Shell,
  digest: Uint8Array,
  view: number,
  peer: number | null,
): Promise<KnownBlock> {
  const key = toHex(digest);
  const known = shell.chain.get(key);
  if (known !== null) return Promise.resolve(known);
  shell.fetcher.want(digest, view, peer);
  return shell.chain.whenKnown(key, view);
}

/** A block that is now known, from whomever: who waited for it goes on. */
export function addBlock(shell: Shell, known: KnownBlock): void {
  shell.chain.add(known);
  shell.fetcher.received(known.point.key);
  extendFinal(shell);
}
