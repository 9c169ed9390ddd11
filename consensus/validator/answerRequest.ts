import { toHex } from '../../schemas/kernel/bytes.js';
import {
  CATCH_UP_BLOCKS_MAX,
  CATCH_UP_BYTES_MAX,
  PEER_REQUESTS_PER_SECOND_MAX,
} from '../../schemas/limits.js';
import type { CertifiedRequest } from '../../schemas/types/wire.js';
import { shareMessage } from './heightBeacon.js';
import { isRunning, type Shell } from './shell.js';

/** Whether this peer may be answered once more in this second. */
export interface RequestBudget {
  take(peer: number, nowMs: number): boolean;
}

export function createRequestBudget(): RequestBudget {
  const spent = new Map<number, { second: number; count: number }>();
  return {
    take(peer, nowMs) {
      const second = Math.floor(nowMs / 1000);
      const entry = spent.get(peer);
      if (entry === undefined || entry.second !== second) {
        spent.set(peer, { second, count: 1 });
        return true;
      }
      entry.count++;
      return entry.count <= PEER_REQUESTS_PER_SECOND_MAX;
    },
  };
}

/** A block by digest: from the tree, else from disk when it is one of the newest certified. */
export async function answerBlock(shell: Shell, to: number, digest: Uint8Array): Promise<void> {
  const { transport, store } = shell.options;
  const key = toHex(digest);
  const known = shell.chain.get(key);
  if (known !== null) {
    const parentView = shell.chain.point(known.parentKey)?.view ?? 0;
    transport.send(to, { kind: 'BlockMessage', block: known.block, parentView });
    return;
  }
  const height = shell.certifiedKeys.get(key);
  const [certified] = height === undefined ? [] : await store.certifiedBlocks(height, 1, 1);
  if (!isRunning(shell)) return;
  if (certified === undefined) transport.send(to, { kind: 'BlockMissing', digest });
  else transport.send(to, { kind: 'BlockMessage', block: certified.block, parentView: 0 });
}

/**
 * Certified blocks from a height on, as many as fit; also none, so that the asker knows the tip.
 */
export async function answerCertified(
  shell: Shell,
  to: number,
  { fromHeight, count }: CertifiedRequest,
): Promise<void> {
  if (fromHeight < 1 || count < 1) return;
  const { transport, store } = shell.options;
  const countMax = Math.min(count, CATCH_UP_BLOCKS_MAX);
  const blocks = await store.certifiedBlocks(fromHeight, countMax, CATCH_UP_BYTES_MAX);
  if (!isRunning(shell)) return;
  transport.send(to, { kind: 'CertifiedAnswer', blocks, tip: shell.tip.height });
}

/**
 * What completes a final height (DESIGN section 4): the combined beacon and the certificate if they
 * are known, else the own share and the own signature; from disk for every height kept.
 */
export async function answerHeight(shell: Shell, to: number, height: number): Promise<void> {
  const { transport, store, self } = shell.options;
  const { epoch } = shell.keys;
  if (height <= shell.tip.height) {
    const [certified] = height < 1 ? [] : await store.certifiedBlocks(height, 1, 1);
    if (certified === undefined || !isRunning(shell)) return;
    transport.send(to, { kind: 'BeaconMessage', epoch, beacon: certified.beacon });
    transport.send(to, { ...certified.certificate, kind: 'ResultCertificate' });
    return;
  }
  const final = shell.heights.get(height);
  if (final === undefined) return;
  if (final.beacon !== null) {
    const beacon = { height, signature: final.beacon };
    transport.send(to, { kind: 'BeaconMessage', epoch, beacon });
  } else if (final.share !== null) {
    transport.send(to, shareMessage(shell, height, final.share));
  }
  if (final.certificate !== null) {
    transport.send(to, { ...final.certificate, kind: 'ResultCertificate' });
  } else if (final.digest !== null && final.signature !== null) {
    const { digest: resultDigest, signature } = final;
    const kind = 'ResultSignatureMessage';
    transport.send(to, { kind, epoch, height, resultDigest, signer: self, signature });
  }
}
