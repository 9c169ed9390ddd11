import {
  type AuthMessage,
  CloseCode,
  type SubmitMessage,
  type SubscribeMessage,
} from '../../schemas/gateway/protocol.js';
import { sessionMessage } from '../../schemas/gateway/sessionMessage.js';
import { equalBytes, fromHex } from '../../schemas/kernel/bytes.js';
import {
  GATEWAY_MESSAGE_BYTES_MAX,
  GATEWAY_OPEN_PER_SESSION_MAX,
  GATEWAY_UNPROVEN_BYTES_MAX,
} from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { parseClientMessage } from './clientMessage.js';
import { closeSession, deliver, type GatewayState, waitFor } from './gatewayState.js';
import { admissionRefusal, errorMessage, type Session } from './session.js';
import { checkEnvelope, submitEnvelope } from './submitEnvelope.js';
import { welcome } from './welcome.js';

/** Answers one frame of a client. Total: every frame has an answer or closes the socket. */
export function onClientMessage(state: GatewayState, session: Session, text: string): void {
  session.lastHeardMs = state.options.clock.nowMs();
  if (text.length > GATEWAY_MESSAGE_BYTES_MAX) {
    return deliver(state, session, errorMessage(RejectCode.oversized));
  }
  if (session.status !== 'live') {
    session.unprovenBytes += text.length;
    if (session.unprovenBytes > GATEWAY_UNPROVEN_BYTES_MAX) {
      const reason = 'too much before authentication';
      return closeSession(state, session, CloseCode.protocolError, reason);
    }
  }
  const parsed = parseClientMessage(text);
  if (!parsed.ok) {
    const { code, reason: detail } = parsed;
    state.options.telemetry.count('gateway_bad_messages_total', { code: String(code) });
    const extra = parsed.ref === undefined ? { detail } : { detail, ref: parsed.ref };
    return deliver(state, session, errorMessage(code, extra));
  }
  const { message } = parsed;
  if (message.type === 'ping') return pong(state, session, message.at);
  if (message.type === 'auth') return authenticate(state, session, message);
  if (session.status !== 'live') {
    const ref = message.type === 'submit' ? { ref: message.ref } : {};
    return deliver(state, session, errorMessage(RejectCode.notAuthenticated, ref));
  }
  if (message.type === 'submit') return submit(state, session, message);
  if (message.type === 'subscribe') return subscribe(state, session, message);
  session.channels.delete(message.channel);
}

function pong(state: GatewayState, session: Session, at: number): void {
  const serverTimeMs = state.options.clock.nowMs();
  deliver(state, session, { type: 'pong', at, serverTimeMs, blockTimeMs: state.blockTimeMs });
}

function subscribe(state: GatewayState, session: Session, { channel }: SubscribeMessage): void {
  session.channels.add(channel);
  deliver(state, session, { type: 'subscribed', channel, height: state.height });
}

function authenticate(state: GatewayState, session: Session, message: AuthMessage): void {
  const { keys, verifier, clock } = state.options;
  if (session.status !== 'connecting') {
    const detail = 'this connection has authenticated already';
    return deliver(state, session, errorMessage(RejectCode.badParameter, { detail }));
  }
  const account = fromHex(message.account);
  const signer = fromHex(message.signer);
  const { authorization } = message;
  const lane = { account, signer, authorization };
  const claim = sessionMessage({ chainId: keys.chainId, challenge: session.challenge, ...lane });
  if (!verifier.verify(signer, claim, fromHex(message.signature))) {
    deliver(state, session, errorMessage(RejectCode.badSignature));
    return closeSession(state, session, CloseCode.authenticationFailed, 'bad signature');
  }
  if (session.account !== null && !equalBytes(session.account, account)) {
    const detail = 'this connection has proven a key of another account';
    return deliver(state, session, errorMessage(RejectCode.badParameter, { detail }));
  }
  if (session.bucket === null) {
    const bucket = state.accounts.enter(account, clock.nowMs());
    if (bucket === null) {
      deliver(state, session, errorMessage(RejectCode.tooManyConnections));
      const reason = 'too many sessions of this account';
      return closeSession(state, session, CloseCode.tooManyConnections, reason);
    }
    session.account = account;
    session.bucket = bucket;
  }
  welcome(state, session, lane);
}

function submit(state: GatewayState, session: Session, message: SubmitMessage): void {
  const { ref } = message;
  const { telemetry, clock } = state.options;
  const refuse = (code: RejectCode, detail: string): void => {
    telemetry.count('gateway_commands_total', { result: 'admission' });
    deliver(state, session, admissionRefusal(code, detail, ref));
  };
  const tooFast = (cost: number): boolean => {
    const afterMs = session.bucket?.take(cost, clock.nowMs()) ?? 0;
    if (afterMs === 0) return false;
    telemetry.count('gateway_ratelimited_total', { scope: 'account' });
    const extra = { ref, detail: 'too many commands a second', afterMs };
    deliver(state, session, errorMessage(RejectCode.rateLimited, extra));
    return true;
  };
  // One is paid before the signature is checked, so that junk is not free; the others once counted.
  if (tooFast(1)) return;
  const admission = checkEnvelope(state, fromHex(message.envelope));
  if (!admission.ok) return refuse(admission.code, admission.reason);
  const count = admission.envelope.commands.length;
  if (count > 1 && tooFast(count - 1)) return;
  if (session.waiting.size + count > GATEWAY_OPEN_PER_SESSION_MAX) {
    return refuse(RejectCode.accountPoolFull, 'too many commands of this session are open');
  }
  const submission = submitEnvelope(state, admission.envelope);
  if (!submission.ok) return refuse(submission.code, submission.reason);
  for (const outcome of submission.ended) deliver(state, session, outcome);
  if (session.status === 'closed') return;
  for (const id of submission.open) waitFor(state, session, id, ref);
}
