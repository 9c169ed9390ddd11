import type { OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { admitEnvelope } from './admitEnvelope.js';
import type { Outcome } from './commandTracker.js';
import type { GatewayState } from './gatewayState.js';

export type EnvelopeSubmission =
  | { readonly ok: false; readonly code: RejectCode; readonly reason: string }
  | {
      readonly ok: true;
      /** Commands that have not ended, in envelope order. */
      readonly open: readonly string[];
      /** Commands that had ended before: the same bytes again get the same answer. */
      readonly ended: readonly Outcome[];
    };

/** What a gateway refuses for good before any validator has the bytes. */
export function checkEnvelope(
  state: GatewayState,
  bytes: Uint8Array,
): ReturnType<typeof admitEnvelope> {
  const { keys, genesis, clock, verifier } = state.options;
  if (state.draining) {
    return { ok: false, code: RejectCode.draining, reason: 'this gateway is about to stop' };
  }
  const { chainId, shard } = keys;
  const { maxCommandLifetimeMs } = genesis.limits;
  const { blockTimeMs } = state;
  const chain = { chainId, shard, maxCommandLifetimeMs, blockTimeMs, nowMs: clock.nowMs() };
  return admitEnvelope(bytes, chain, verifier);
}

/** Gives an admitted envelope to every validator in reach and follows its commands to their ends. */
export function submitEnvelope(state: GatewayState, envelope: OpenedEnvelope): EnvelopeSubmission {
  const { links, telemetry } = state.options;
  const ids = envelope.commands.map(({ id }) => toHex(id));
  const ended: Outcome[] = [];
  const open: string[] = [];
  for (const id of ids) {
    const outcome = state.tracker.ended(id);
    if (outcome === null) open.push(id);
    else ended.push(outcome);
  }
  if (open.length === 0) return { ok: true, open, ended };
  const connected = links.connected();
  if (connected.length === 0 && !open.some((id) => state.tracker.isOpen(id))) {
    return { ok: false, code: RejectCode.unavailable, reason: 'no validator is in reach' };
  }
  state.tracker.open(envelope);
  telemetry.count('gateway_envelopes_total');
  for (const validator of connected) {
    links.send(validator, { kind: 'SubmitEnvelope', envelope: envelope.bytes });
  }
  return { ok: true, open, ended };
}
