import type { EngineState } from '../../command/engine/engineState.js';
import type { Admission } from '../../command/mempool/admission.js';
import type { Timer } from '../../consensus/ports.js';
import { EXECUTED_SEND_MAX } from '../../schemas/limits.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import type { ExecutedStore } from '../files/executedStore.js';
import type { ReceiptIndex } from './receiptIndex.js';
import { answerStateRequest } from './stateAnswers.js';
import type { ValidatorApplication } from './validatorApplication.js';

/** A link to a gateway or a reader. */
export interface ClientLink {
  send(body: PeerMessageBody): void;
  /** Framed PeerMessage. */
  sendBytes(bytes: Uint8Array): void;
}

/** The part of a validator's links that gateways and readers are on. */
export interface ClientTransport {
  onClientMessage(handler: (link: ClientLink, body: PeerMessageBody) => void): void;
  onClientClose(handler: (link: ClientLink) => void): void;
}

/** Serves gateways and readers: envelopes in, certified results and proofs out. */
export interface ClientLinks {
  /** A height has become certified. */
  onCertified(): void;
}

export function serveClients(options: {
  readonly transport: ClientTransport;
  readonly admission: Admission;
  readonly executed: ExecutedStore;
  readonly application: ValidatorApplication;
  readonly state: EngineState;
  readonly timer: Timer;
  readonly receipts: ReceiptIndex;
}): ClientLinks {
  const { transport, admission, executed, application, state, timer, receipts } = options;
  /** Next height of each link that follows results. */
  const following = new Map<ClientLink, number>();

  const sendResults = (link: ClientLink): void => {
    let next = following.get(link);
    if (next === undefined) return;
    const tip = application.certifiedTip();
    let sent = 0;
    for (; next <= tip && sent < EXECUTED_SEND_MAX; next++, sent++) {
      const bytes = executed.read(next);
      if (bytes !== null) link.sendBytes(bytes);
    }
    following.set(link, next);
    if (next <= tip) timer.after(0, () => sendResults(link));
  };

  transport.onClientClose((link) => following.delete(link));
  transport.onClientMessage((link, body: PeerMessageBody) => {
    if (body.kind === 'SubmitEnvelope') {
      const { envelope, handedTo } = body;
      admission.submit(envelope, 'gateway', handedTo).then(({ hash, durable, verdicts }) => {
        link.send({ kind: 'EnvelopeVerdict', hash, durable, verdicts });
      });
    } else if (body.kind === 'SubscribeResults') {
      // A gateway that has just started wants what comes, not the whole past.
      const tip = application.certifiedTip();
      const from = body.fromHeight <= 1 ? Math.max(tip, 1) : body.fromHeight;
      following.set(link, Math.max(from, executed.first()));
      sendResults(link);
    } else if (body.kind === 'StateRequest') {
      link.send({ kind: 'StateAnswer', ...answerStateRequest(body, state, application) });
    } else if (body.kind === 'ReceiptRequest') {
      const height = receipts.heightOf(body);
      const bytes = height === null ? null : executed.read(height);
      if (bytes !== null) link.sendBytes(bytes);
    }
  });
  return {
    onCertified: () => {
      for (const link of following.keys()) sendResults(link);
    },
  };
}
