import { PEER_MUTED_MS } from '../../schemas/limits.js';
import type { Shell } from './shell.js';

/** For a while nothing of this peer is heard: no honest validator sends such things. */
export function mutePeer(shell: Shell, peer: number, reason: string): void {
  const { timer, telemetry } = shell.options;
  shell.mutedUntilMs[peer] = timer.nowMs() + PEER_MUTED_MS;
  telemetry.count('validator_peer_muted_total', 1);
  telemetry.log('warn', 'peer muted', { peer, reason });
}

export function isMuted(shell: Shell, peer: number): boolean {
  return (shell.mutedUntilMs[peer] ?? 0) > shell.options.timer.nowMs();
}
