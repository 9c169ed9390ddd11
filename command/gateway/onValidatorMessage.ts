import { CloseCode } from '../../schemas/gateway/protocol.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { GATEWAY_GAP_ASK_MS, GATEWAY_GAP_MS_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import { announceHeight } from './announceHeight.js';
import { type VerifiedHeight, verifyExecutedHeight } from './executedHeight.js';
import { closeSession, type GatewayState, notify } from './gatewayState.js';
import { askReceipt } from './resolveCommands.js';

type Verdict = PeerMessageBody & { readonly kind: 'EnvelopeVerdict' };
type Executed = PeerMessageBody & { readonly kind: 'ExecutedHeight' };

/** What a validator says: believed as far as it is proven, or as one voice among f + 1. */
export function onValidatorMessage(
  state: GatewayState,
  validator: number,
  body: PeerMessageBody,
): void {
  if (body.kind === 'EnvelopeVerdict') onVerdict(state, validator, body);
  else if (body.kind === 'StateAnswer') state.queries.onAnswer(validator, body);
  else if (body.kind === 'ExecutedHeight') onExecutedHeight(state, validator, body);
}

function onVerdict(state: GatewayState, validator: number, body: Verdict): void {
  const { hash, durable, verdicts } = body;
  const notices = state.tracker.onVerdict(validator, toHex(hash), durable, verdicts);
  for (const notice of notices) {
    notify(state, notice);
    if (notice.kind !== 'pending' || notice.code !== RejectCode.staleNonce) continue;
    // Whoever says that the nonce is used can show by what.
    const command = state.tracker.command(notice.commandId);
    if (command !== null) askReceipt(state, validator, command);
  }
}

function onExecutedHeight(state: GatewayState, validator: number, body: Executed): void {
  const { height } = body.certificate.result;
  if (height <= state.height) return onOlderHeight(state, validator, body);
  const isNext = state.newest === null || height === state.height + 1;
  if (!isNext && !mayJump(state)) return askForMissing(state, validator);
  const verified = verify(state, validator, body);
  if (verified === null) return;
  if (!isNext) loseFollowers(state);
  state.gapSinceMs = null;
  state.newest = verified;
  state.height = height;
  state.blockTimeMs = verified.timestampMs;
  const { telemetry, clock, onCertificate } = state.options;
  onCertificate?.(body.certificate);
  telemetry.gauge('gateway_height', height);
  const lagMs = clock.nowMs() - verified.timestampMs;
  telemetry.observe('gateway_event_lag_seconds', Math.max(0, lagMs) / 1000);
  for (const notice of state.tracker.onHeight(verified)) notify(state, notice);
  announceHeight(state, verified);
}

function verify(state: GatewayState, validator: number, body: Executed): VerifiedHeight | null {
  const { keys, genesis, verifier, telemetry } = state.options;
  const verified = verifyExecutedHeight(body, keys, genesis.eventPartitions, verifier);
  if (verified === null) {
    telemetry.count('gateway_bad_heights_total', { validator: String(validator) });
  }
  return verified;
}

/**
 * The answer to a question for a receipt. Unasked it is another validator's copy of what is known.
 */
function onOlderHeight(state: GatewayState, validator: number, body: Executed): void {
  const { height } = body.certificate.result;
  if (height === state.height || state.receiptsAsked === 0) return;
  state.receiptsAsked--;
  const verified = verify(state, validator, body);
  if (verified === null) return;
  for (const notice of state.tracker.onHeight(verified)) notify(state, notice);
}

/** Whether the heights between are not to be had: no validator keeps them any more. */
function mayJump(state: GatewayState): boolean {
  const nowMs = state.options.clock.nowMs();
  state.gapSinceMs ??= nowMs;
  return nowMs - state.gapSinceMs >= GATEWAY_GAP_MS_MAX;
}

/** Once in a while: the answer may be as many heights, and each of them would ask again. */
function askForMissing(state: GatewayState, validator: number): void {
  const { clock, links } = state.options;
  const nowMs = clock.nowMs();
  if (nowMs - state.gapAskedMs < GATEWAY_GAP_ASK_MS) return;
  state.gapAskedMs = nowMs;
  links.send(validator, { kind: 'SubscribeResults', fromHeight: state.height + 1 });
}

/** Channels have no gaps: who follows one across a gap has to read again. */
function loseFollowers(state: GatewayState): void {
  for (const session of [...state.sessions.values()]) {
    if (session.channels.size === 0) continue;
    closeSession(state, session, CloseCode.lostPosition, 'heights were missed');
  }
}
