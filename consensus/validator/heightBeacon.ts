import type { BeaconShare } from '../../schemas/crypto/signatures.js';
import { assert } from '../../schemas/kernel/assert.js';
import type { BeaconMessage, BeaconShareMessage } from '../../schemas/types/wire.js';
import { executeNext } from './executeHeights.js';
import { type FinalHeight, guard, isHeightOpen, isRunning, type Shell } from './shell.js';

/**
 * The own share of a final height goes out, once; asked again, the same one does. A share is never
 * made for a height that is not final here: that alone keeps outcomes secret until they are fixed.
 */
export function releaseShare(shell: Shell, final: FinalHeight): void {
  if (!shell.signing || final.isShareMade) return;
  final.isShareMade = true;
  guard(shell, makeShare(shell, final));
}

async function makeShare(shell: Shell, final: FinalHeight): Promise<void> {
  const { threshold, self, transport } = shell.options;
  const { height } = final;
  const share = await threshold.sign(shell.shares.message(height));
  if (!isRunning(shell)) return;
  final.share = share;
  transport.broadcast(shareMessage(shell, height, share));
  if (!isHeightOpen(shell, height)) return;
  shell.shares.add(height, self, share);
  combineShares(shell, final);
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

/** Makes the beacon of a final height out of the shares held, if they suffice; once at a time. */
export function combineShares(shell: Shell, final: FinalHeight): void {
  if (final.beacon !== null || final.isCombining) return;
  const shares = shell.shares.threshold(final.height);
  if (shares === null) return;
  final.isCombining = true;
  guard(shell, combine(shell, final, shares));
}

async function combine(
  shell: Shell,
  final: FinalHeight,
  shares: readonly BeaconShare[],
): Promise<void> {
  const { threshold } = shell.options;
  const signature = await threshold.combine(shell.shares.message(final.height), shares);
  final.isCombining = false;
  if (!isRunning(shell) || final.beacon !== null) return;
  if (signature !== null) {
    setBeacon(shell, final, signature);
    return;
  }
  blameBad(shell, final.height);
  // Others may suffice, also those that came meanwhile.
  combineShares(shell, final);
}

function blameBad(shell: Shell, height: number): void {
  const { telemetry } = shell.options;
  const blamed = shell.shares.dropBad(height);
  assert(blamed.length > 0, 'shares that are all good combine');
  for (const peer of blamed) {
    telemetry.count('validator_bad_beacon_shares_total', 1);
    telemetry.log('warn', 'bad beacon share', { peer, height });
  }
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
