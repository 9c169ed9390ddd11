import type { OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { GATEWAY_OPEN_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { admitEnvelope } from './admitEnvelope.js';
import { type GatewayState, notify } from './gatewayState.js';
import type { Outcome } from './outcomes.js';
import { resolveCommands } from './resolveCommands.js';
import { validatorBits } from './validatorBits.js';

export type EnvelopeSubmission =
  | { readonly ok: false; readonly code: RejectCode; readonly reason: string }
  | {
      readonly ok: true;
      /** Commands that have not ended, in envelope order. */
      readonly open: readonly string[];
      /** Commands that have ended: the same bytes again get the same answer. */
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

/**
 * Gives an admitted envelope to every validator in reach and follows its commands to their ends.
 * One whose time has passed is given to nobody: how each of its commands ended is found out, since
 * another gateway may have had the same bytes in time.
 */
export function submitEnvelope(state: GatewayState, envelope: OpenedEnvelope): EnvelopeSubmission {
  const { links, telemetry, clock } = state.options;
  const { tracker } = state;
  const ids = envelope.commands.map(({ id }) => toHex(id));
  const fresh = ids.filter((id) => tracker.ended(id) === null && tracker.command(id) === null);
  const connected = links.connected();
  if (fresh.length > 0 && connected.length === 0) {
    return { ok: false, code: RejectCode.unavailable, reason: 'no validator is in reach' };
  }
  if (tracker.sizes.open + fresh.length > GATEWAY_OPEN_MAX) {
    return { ok: false, code: RejectCode.backpressure, reason: 'too many commands are open' };
  }
  if (fresh.length < ids.length) {
    telemetry.count('gateway_duplicates_total', {}, ids.length - fresh.length);
  }
  for (const notice of tracker.open(envelope, clock.nowMs())) notify(state, notice);
  const ended = ids.flatMap((id) => tracker.ended(id) ?? []);
  const open = ids.filter((id) => tracker.command(id) !== null);
  if (open.length > 0 && envelope.head.expiresAtMs > state.blockTimeMs) {
    const handedTo = validatorBits(connected);
    const body = { kind: 'SubmitEnvelope', envelope: envelope.bytes, handedTo } as const;
    for (const validator of connected) links.send(validator, body);
  } else if (open.length > 0) {
    resolveCommands(state);
  }
  return { ok: true, open, ended };
}
