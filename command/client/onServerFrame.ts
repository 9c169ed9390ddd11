import type {
  ErrorMessage,
  ExecutedMessage,
  ExpiredMessage,
  HelloMessage,
  PendingMessage,
  RefusedMessage,
  ServerMessage,
  WelcomeMessage,
} from '../../schemas/gateway/protocol.js';
import { sessionMessage } from '../../schemas/gateway/sessionMessage.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import { laneStateKey, nextNonceOf } from '../../schemas/lane.js';
import { CLIENT_PENDING_RESEND_MS_MAX, CLIENT_RESEND_MS } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { beginBlockClock, raiseBlockClock, renewBlockClock } from './blockClock.js';
import { type GatewayLink, type LinkActions, type PlayerState, setStatus } from './playerState.js';
import { parseServerMessage } from './serverMessage.js';
import { endSubmission, passLane, resendLater, sendEnvelope } from './submissions.js';
import { openCertificate, type Trust } from './verifyEvents.js';
import {
  openState,
  provenBlockTimeMs,
  verifyExecuted,
  verifyExpired,
  verifyRefused,
} from './verifyOutcome.js';

/** One frame of a gateway. Nothing in it is believed that is not proven or harmless. */
export function onServerFrame(
  state: PlayerState,
  link: GatewayLink,
  text: string,
  links: LinkActions,
): void {
  const parsed = parseServerMessage(text);
  if (parsed.kind === 'malformed') return links.leave(state, link, 'not a message');
  if (parsed.kind === 'message') onMessage(state, link, parsed.message, links);
}

function onMessage(
  state: PlayerState,
  link: GatewayLink,
  message: ServerMessage,
  links: LinkActions,
): void {
  const { options } = state;
  switch (message.type) {
    case 'hello':
      return introduce(state, link, message, links);
    case 'welcome':
      return onWelcome(state, link, message, links);
    case 'accepted':
      return onAccepted(state, message.commandId);
    case 'pending':
      return onPending(state, message);
    case 'executed':
    case 'refused':
    case 'expired':
      return onOutcome(state, link, message, links);
    case 'block':
      if (link !== state.current) return;
      options.onBlock?.(message.height, message.timestampMs);
      return onSaidTime(state, link, message.timestampMs, links);
    case 'pong':
      return onSaidTime(state, link, message.blockTimeMs, links);
    case 'goaway':
      return links.moveOn(state, link);
    case 'error':
      return onError(state, link, message, links);
    default:
      return;
  }
}

/** A block time that would have to be proven is, by the next session: its welcome does so. */
function onSaidTime(
  state: PlayerState,
  link: GatewayLink,
  blockTimeMs: number,
  links: LinkActions,
): void {
  if (link !== state.current || link.status !== 'live') return;
  if (!renewBlockClock(state, link, blockTimeMs)) links.moveOn(state, link);
}

function onAccepted(state: PlayerState, commandId: string): void {
  const submission = state.open.get(commandId);
  if (submission === undefined) return;
  submission.pending = null;
  submission.accept();
}

/** Not taken now: it may be later, and who is not asked again says nothing more of it. */
function onPending(state: PlayerState, { commandId, code, name }: PendingMessage): void {
  const submission = state.open.get(commandId);
  if (submission === undefined) return;
  const { envelope } = submission;
  // What an expiry says itself is not why.
  if (code !== RejectCode.expired) submission.pending = { code, name };
  const pauseMs = CLIENT_RESEND_MS * 2 ** (envelope.sent - 1);
  resendLater(state, envelope, Math.min(pauseMs, CLIENT_PENDING_RESEND_MS_MAX));
  state.options.onPending?.(commandId, code, name);
}

function introduce(
  state: PlayerState,
  link: GatewayLink,
  hello: HelloMessage,
  links: LinkActions,
): void {
  const { account, signer, authorization, trust } = state.options;
  const { chainId, shard } = trust.keys;
  if (hello.chainId !== toHex(chainId) || hello.shard !== shard) {
    return links.leave(state, link, 'serves another chain');
  }
  link.hello = hello;
  state.maxCommandLifetimeMs = hello.limits.maxCommandLifetimeMs;
  const message = sessionMessage({
    chainId,
    challenge: fromHex(hello.challenge),
    account,
    signer: signer.publicKey,
    authorization,
  });
  send(link, {
    type: 'auth',
    account: toHex(account),
    signer: toHex(signer.publicKey),
    authorization,
    signature: toHex(signer.sign(message)),
  });
}

function send(link: GatewayLink, message: object): void {
  link.connection?.send(JSON.stringify(message));
}

/** The lane's next nonce is proven; what is open goes to this gateway too, in the same bytes. */
function onWelcome(
  state: PlayerState,
  link: GatewayLink,
  message: WelcomeMessage,
  links: LinkActions,
): void {
  if (link.hello === null || link.status !== 'dialling') return;
  const { account, signer, authorization, trust, onBlock } = state.options;
  const key = laneStateKey({ account, signer: signer.publicKey, authorization });
  const { laneProof: proof, laneValue: value, certificate, nextNonce, header } = message;
  const opened = openState({ key, value, proof, certificate }, trust);
  if (opened === undefined || nextNonceOf(opened.value) !== nextNonce) {
    return links.leave(state, link, 'a nonce that is not proven');
  }
  const blockTimeMs = provenBlockTimeMs(header, opened.certificate);
  if (blockTimeMs !== null) beginBlockClock(state, link, blockTimeMs);
  passLane(state, nextNonce);
  link.status = 'live';
  if (state.next === link) {
    const before = state.current;
    state.current = link;
    state.next = null;
    if (before !== null) links.retire(before);
  }
  setStatus(state, 'live');
  for (const { resolve } of state.readers.splice(0)) resolve();
  for (const envelope of state.envelopes.values()) sendEnvelope(state, envelope);
  if (onBlock !== undefined) send(link, { type: 'subscribe', channel: 'blocks' });
}

function onOutcome(
  state: PlayerState,
  link: GatewayLink,
  message: ExecutedMessage | RefusedMessage | ExpiredMessage,
  links: LinkActions,
): void {
  if (message.type === 'refused' && message.stage === 'admission') {
    return onAdmissionRefusal(state, link, message, links);
  }
  const submission = state.open.get(message.commandId ?? '');
  if (submission === undefined) return;
  const { trust, signer } = state.options;
  const { account, authorization, nonce } = submission.command;
  const { expiresAtMs } = submission.envelope.opened.head;
  const lane = { account, authorization, signer: signer.publicKey };
  const commandId = submission.id;
  const outcome =
    message.type === 'executed'
      ? verifyExecuted(message, trust)
      : message.type === 'refused'
        ? verifyRefused(message, trust)
        : verifyExpired(message, { ...lane, commandId, nonce, expiresAtMs }, trust);
  if (outcome === null) return links.leave(state, link, `an end that is not proven: ${commandId}`);
  const { kind } = outcome;
  const provenMs = kind === 'executed' ? outcome.timestampMs : provenTimeMs(message, trust);
  if (provenMs !== null) raiseBlockClock(state, provenMs);
  passLane(state, kind === 'expired' ? outcome.nextNonce : nonce + 1);
  if (kind !== 'expired') submission.accept();
  const { pending } = submission;
  endSubmission(state, submission, kind === 'expired' ? { ...outcome, pending } : outcome);
}

/** The block time that proves an expiry; null of other ends. */
function provenTimeMs(
  message: ExecutedMessage | RefusedMessage | ExpiredMessage,
  trust: Trust,
): number | null {
  if (message.type !== 'expired') return null;
  const certificate = openCertificate(message.certificate, trust);
  return certificate === null ? null : provenBlockTimeMs(message.header, certificate);
}

/**
 * A whole envelope was refused before any validator had it. It ends there only if no gateway was
 * given it before, and if trying again makes no sense.
 */
function onAdmissionRefusal(
  state: PlayerState,
  link: GatewayLink,
  message: RefusedMessage,
  links: LinkActions,
): void {
  const envelope = link.refs.get(message.ref ?? '');
  if (message.commandId !== null) return links.leave(state, link, 'an end that is not proven');
  if (envelope === undefined) return;
  const { retry, code, name, detail = '' } = message;
  if (retry === 'reconnect') links.moveOn(state, link);
  const submissions = [...envelope.openIds].flatMap((id) => state.open.get(id) ?? []);
  if (retry === 'same' || retry === 'reconnect' || envelope.sent > 1) {
    for (const submission of submissions) submission.pending = { code, name };
    return resendLater(state, envelope, CLIENT_RESEND_MS);
  }
  for (const submission of submissions) {
    const ended = {
      commandId: submission.id,
      stage: 'admission',
      code,
      name,
      detail,
      height: null,
    } as const;
    endSubmission(state, submission, { kind: 'refused', ...ended });
  }
}

/** Not yet, or too fast: the same again, when it makes sense. */
function onError(
  state: PlayerState,
  link: GatewayLink,
  message: ErrorMessage,
  links: LinkActions,
): void {
  const { hello } = link;
  if (message.code === RejectCode.stateUnavailable && link.status === 'dialling') {
    // The chain has just begun, or the gateway's validators are away: ask again soon.
    state.options.world.after(CLIENT_RESEND_MS, () => {
      if (hello !== null && link.status === 'dialling') introduce(state, link, hello, links);
    });
    return;
  }
  const envelope = link.refs.get(message.ref ?? '');
  if (envelope === undefined) return;
  resendLater(state, envelope, Math.max(message.afterMs ?? 0, CLIENT_RESEND_MS));
}
