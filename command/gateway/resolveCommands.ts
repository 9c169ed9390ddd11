import { laneStateKey, showsUnused } from '../../schemas/lane.js';
import {
  GATEWAY_EXPIRIES_PER_TICK_MAX,
  GATEWAY_LOOK_BACK_MS_MAX,
  GATEWAY_UNRESOLVED_MS,
} from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { OpenCommand } from './commandTracker.js';
import { deliver, type GatewayState, notify, stopWaiting } from './gatewayState.js';
import { unusedOutcome } from './outcomes.js';
import { errorMessage } from './session.js';

/**
 * Looks after the commands that no height has ended yet: receipts from before this gateway's time
 * are asked for, and those whose time has passed end with a proof of their lane. A few a tick.
 */
export function resolveCommands(state: GatewayState): void {
  const nowMs = state.options.clock.nowMs();
  let asked = 0;
  for (const command of state.tracker.openCommands()) {
    if (asked >= GATEWAY_EXPIRIES_PER_TICK_MAX) return;
    const isOverdue = state.blockTimeMs >= command.expiresAtMs;
    if (isOverdue && state.blockTimeMs > giveUpAtMs(state, command)) {
      abandon(state, command);
      continue;
    }
    if (isOverdue && !state.expiring.has(command.id)) {
      asked++;
      proveExpiry(state, command);
    }
    if (nowMs >= command.lookBackAtMs) {
      asked++;
      lookBack(state, command, nowMs);
    }
  }
}

/** Since the expiry, or since the command came when its time had passed already. */
function giveUpAtMs(state: GatewayState, command: OpenCommand): number {
  const { clock } = state.options;
  const openForMs = clock.nowMs() - command.openedAtMs;
  if (openForMs < GATEWAY_UNRESOLVED_MS) return Number.MAX_SAFE_INTEGER;
  return command.expiresAtMs + GATEWAY_UNRESOLVED_MS;
}

/** One validator after the other is asked for the receipt at the command's nonce. */
function lookBack(state: GatewayState, command: OpenCommand, nowMs: number): void {
  const pauseMs = command.lookBackPauseMs;
  command.lookBackAtMs = nowMs + pauseMs;
  command.lookBackPauseMs = Math.min(2 * pauseMs, GATEWAY_LOOK_BACK_MS_MAX);
  const connected = state.options.links.connected();
  if (connected.length === 0) return;
  const validator = connected[state.lookBacks++ % connected.length] as number;
  askReceipt(state, validator, command);
}

export function askReceipt(state: GatewayState, validator: number, command: OpenCommand): void {
  const { account, signer, authorization, nonce } = command;
  const place = { account, signer, authorization, nonce };
  state.options.telemetry.count('gateway_receipt_requests_total');
  state.receiptsAsked = Math.min(state.receiptsAsked + 1, GATEWAY_EXPIRIES_PER_TICK_MAX);
  state.options.links.send(validator, { kind: 'ReceiptRequest', ...place });
}

/**
 * A command can never execute once a certified block time is at or past its expiry and its lane's
 * next nonce is not above its own. Without an answer it is asked for again at the next tick.
 */
function proveExpiry(state: GatewayState, command: OpenCommand): void {
  const { newest, queries, tracker, expiring } = state;
  if (newest === null) return;
  expiring.add(command.id);
  queries.ask(laneStateKey(command), newest.height).then((proven) => {
    expiring.delete(command.id);
    if (proven === null || tracker.command(command.id) === null) return;
    if (!showsUnused(command, proven.value, newest.timestampMs)) return;
    const outcome = unusedOutcome(command.id, newest, proven);
    for (const notice of tracker.expire(outcome)) notify(state, notice);
  });
}

/** Nobody in reach knows any more how it ended: a reader of the log does. */
function abandon(state: GatewayState, command: OpenCommand): void {
  state.tracker.abandon(command.id);
  state.options.telemetry.count('gateway_abandoned_total');
  const detail = `${command.id}: ended before what validators remember; ask a reader`;
  for (const { session, ref } of stopWaiting(state, command.id)) {
    deliver(state, session, errorMessage(RejectCode.stateUnavailable, { ref, detail }));
  }
}
