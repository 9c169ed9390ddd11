import { type AuthMessage, CloseCode, type SubmitMessage } from '../../schemas/gateway/protocol.js';
import { sessionMessage } from '../../schemas/gateway/sessionMessage.js';
import { fromHex } from '../../schemas/kernel/bytes.js';
import { type Lane, laneStateKey, nextNonceOf } from '../../schemas/lane.js';
import { GATEWAY_MESSAGE_BYTES_MAX, GATEWAY_OPEN_PER_SESSION_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { parseClientMessage } from './clientMessage.js';
import { closeSession, deliver, type GatewayState } from './gatewayState.js';
import { admissionRefusal, errorMessage, type Session } from './session.js';
import { checkEnvelope, submitEnvelope } from './submitEnvelope.js';

/** Answers one frame of a client. Total: every frame has an answer or closes the socket. */
export function onClientMessage(state: GatewayState, session: Session, text: string): void {
  session.lastHeardMs = state.options.clock.nowMs();
  if (text.length > GATEWAY_MESSAGE_BYTES_MAX) {
    return deliver(state, session, errorMessage(RejectCode.oversized));
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
  if (message.type === 'subscribe') session.channels.add(message.channel);
  else session.channels.delete(message.channel);
}

function pong(state: GatewayState, session: Session, at: number): void {
  const serverTimeMs = state.options.clock.nowMs();
  deliver(state, session, { type: 'pong', at, serverTimeMs, blockTimeMs: state.blockTimeMs });
}

function authenticate(state: GatewayState, session: Session, message: AuthMessage): void {
  const { keys, verifier } = state.options;
  if (session.status !== 'connecting') {
    const detail = 'this connection has authenticated already';
    return deliver(state, session, errorMessage(RejectCode.badParameter, { detail }));
  }
  const account = fromHex(message.account);
  const signer = fromHex(message.signer);
  const { authorization } = message;
  const { chainId } = keys;
  const claim = sessionMessage({
    chainId,
    challenge: session.challenge,
    account,
    signer,
    authorization,
  });
  if (!verifier.verify(signer, claim, fromHex(message.signature))) {
    deliver(state, session, errorMessage(RejectCode.badSignature));
    return closeSession(state, session, CloseCode.authenticationFailed, 'bad signature');
  }
  session.status = 'authenticating';
  session.account = account;
  welcome(state, session, { account, signer, authorization });
}

function welcome(state: GatewayState, session: Session, lane: Lane): void {
  state.queries.ask(laneStateKey(lane), 0).then((proven) => {
    if (session.status !== 'authenticating') return;
    if (proven === null) {
      session.status = 'connecting';
      return deliver(state, session, errorMessage(RejectCode.stateUnavailable));
    }
    session.status = 'live';
    const { result } = proven.certificate;
    deliver(state, session, {
      type: 'welcome',
      session: session.id,
      nextNonce: nextNonceOf(proven.value),
      accountExists: proven.value !== null,
      height: result.height,
      blockTimeMs: state.blockTimeMs,
    });
  });
}

function submit(state: GatewayState, session: Session, message: SubmitMessage): void {
  const { ref } = message;
  const refuse = (code: RejectCode, detail: string): void =>
    deliver(state, session, admissionRefusal(code, detail, ref));
  const admission = checkEnvelope(state, fromHex(message.envelope));
  if (!admission.ok) return refuse(admission.code, admission.reason);
  const count = admission.envelope.commands.length;
  const afterMs = session.bucket.take(count, state.options.clock.nowMs());
  if (afterMs > 0) {
    const detail = 'too many commands a second';
    return deliver(state, session, errorMessage(RejectCode.rateLimited, { ref, detail, afterMs }));
  }
  if (session.waiting.size + count > GATEWAY_OPEN_PER_SESSION_MAX) {
    return refuse(RejectCode.accountPoolFull, 'too many commands of this session are open');
  }
  const submission = submitEnvelope(state, admission.envelope);
  if (!submission.ok) return refuse(submission.code, submission.reason);
  for (const outcome of submission.ended) deliver(state, session, outcome);
  for (const id of submission.open) {
    session.waiting.set(id, ref);
    const sessions = state.waiting.get(id);
    if (sessions === undefined) state.waiting.set(id, new Set([session]));
    else sessions.add(session);
  }
}
