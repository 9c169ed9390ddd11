import { beaconMessage } from '../../schemas/crypto/digests.js';
import type { BeaconMessage, BeaconShareMessage } from '../../schemas/types/wire.js';
import { executeNext } from './executeHeights.js';
import { type FinalHeight, isHeightOpen, type Shell } from './shell.js';

/**
 * The own share of a final height goes out, once; asked again, the same one does. A share is never
 * made for a height that is not final here: that alone keeps outcomes secret until they are fixed.
 */
export function releaseShare(shell: Shell, final: FinalHeight): void {
  if (!shell.signing || final.share !== null) return;
  const { keys, options } = shell;
  const message = beaconMessage(keys.chainId, keys.shard, keys.epoch, final.height);
  final.share = options.beacon.signShare(options.beaconSecret, message);
  shell.shares.add(final.height, options.self, final.share);
  options.transport.broadcast(shareMessage(shell, final.height, final.share));
}

export function shareMessage(
  { keys, options }: Shell,
  height: number,
  signature: Uint8Array,
): { readonly kind: 'BeaconShareMessage' } & BeaconShareMessage {
  return { kind: 'BeaconShareMessage', epoch: keys.epoch, height, signer: options.self, signature };
}

/** A peer's share. It may come before the height is final here; kept unverified, one a peer. */
export function onShare(shell: Shell, from: number, share: BeaconShareMessage): void {
  const { epoch, height, signer, signature } = share;
  if (epoch !== shell.keys.epoch || signer !== from) return;
  if (!isHeightOpen(shell, height)) return;
  shell.shares.add(height, signer, signature);
  const final = shell.heights.get(height);
  if (final !== undefined) combineShares(shell, final);
}

/** Makes the beacon of a final height out of the shares held, if they suffice. */
export function combineShares(shell: Shell, final: FinalHeight): void {
  if (final.beacon !== null) return;
  const { signature, blamed } = shell.shares.combine(final.height);
  const { telemetry } = shell.options;
  for (const peer of blamed) {
    telemetry.count('validator_bad_beacon_shares_total', 1);
    telemetry.log('warn', 'bad beacon share', { peer, height: final.height });
  }
  if (signature !== null) setBeacon(shell, final, signature);
}

/** A combined beacon from a peer, in answer to a HeightRequest. */
export function onBeacon(shell: Shell, { epoch, beacon }: BeaconMessage): void {
  const final = shell.heights.get(beacon.height);
  if (epoch !== shell.keys.epoch || final === undefined || final.beacon !== null) return;
  if (shell.shares.verify(beacon.height, beacon.signature)) {
    setBeacon(shell, final, beacon.signature);
  } else {
    shell.options.telemetry.count('validator_bad_beacons_total', 1);
  }
}

function setBeacon(shell: Shell, final: FinalHeight, signature: Uint8Array): void {
  final.beacon = signature;
  final.reached.beaconMs = shell.options.timer.nowMs();
  executeNext(shell);
}
