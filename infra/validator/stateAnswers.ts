import type { EngineState } from '../../command/engine/engineState.js';
import { proveState } from '../../command/engine/proveState.js';
import { encode } from '../../schemas/codec/codec.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { StateAnswer, StateRequest } from '../../schemas/types/wire.js';
import type { ValidatorApplication } from './validatorApplication.js';

/** A leaf of a recent certified state with its proof; a code where there is none. */
export function answerStateRequest(
  request: StateRequest,
  state: EngineState,
  application: Pick<ValidatorApplication, 'certifiedTip' | 'certificate'>,
): StateAnswer {
  const { id, key } = request;
  const height = request.height === 0 ? application.certifiedTip() : request.height;
  const certificate = application.certificate(height);
  const proven = certificate === null ? null : proveState(state, key, height);
  if (proven === null) {
    const nothing = { value: null, proof: new Uint8Array(0), certificate: null };
    return { id, code: RejectCode.stateUnavailable, ...nothing };
  }
  const { value, proof } = proven;
  return { id, code: 0, value, proof: encode('StateProof', proof), certificate };
}
