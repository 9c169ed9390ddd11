import { encode } from '../../schemas/codec/codec.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { type Lane, laneStateKey, nextNonceOf } from '../../schemas/lane.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { deliver, type GatewayState } from './gatewayState.js';
import { errorMessage, type Session } from './session.js';

/** Answers a proven key with the next nonce of its lane, from a certified state, with the proof. */
export function welcome(state: GatewayState, session: Session, lane: Lane): void {
  session.status = 'authenticating';
  const { newest } = state;
  state.queries.ask(laneStateKey(lane), newest?.height ?? 0).then((proven) => {
    if (session.status !== 'authenticating') return;
    if (proven === null) {
      session.status = 'connecting';
      return deliver(state, session, errorMessage(RejectCode.stateUnavailable));
    }
    session.status = 'live';
    const { certificate, proof, value, valueBytes } = proven;
    deliver(state, session, {
      type: 'welcome',
      session: session.id,
      nextNonce: nextNonceOf(value),
      laneExists: value !== null,
      height: certificate.result.height,
      blockTimeMs: state.blockTimeMs,
      certificate: toHex(encode('ResultCertificate', certificate)),
      header: newest === null ? null : toHex(encode('BlockHeader', newest.header)),
      laneProof: toHex(encode('StateProof', proof)),
      laneValue: valueBytes === null ? null : toHex(valueBytes),
    });
  });
}
