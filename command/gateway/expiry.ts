import { encode } from '../../schemas/codec/codec.js';
import type { ExpiredMessage } from '../../schemas/gateway/protocol.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { laneStateKey, nextNonceOf } from '../../schemas/lane.js';
import type { OpenCommand } from './commandTracker.js';
import type { GatewayState } from './gatewayState.js';
import type { ProvenState } from './stateQueries.js';

/**
 * Why a command can never execute: at a certified block time at or past its expiry, its lane's next
 * nonce is not above its own, or another command's receipt stands there. Null when no proof can be
 * had now; it is asked for again.
 */
export async function proveExpiry(
  state: GatewayState,
  command: OpenCommand,
): Promise<ExpiredMessage | null> {
  const { height, blockTimeMs } = state;
  const proven = await state.queries.ask(laneStateKey(command), height);
  if (proven === null || !state.tracker.isOpen(command.id)) return null;
  if (nextNonceOf(proven.value) <= command.nonce) {
    return expired(command, height, blockTimeMs, proven, null);
  }
  const supersededBy = state.tracker.supersededBy(command);
  return supersededBy === null ? null : expired(command, height, blockTimeMs, proven, supersededBy);
}

function expired(
  command: OpenCommand,
  height: number,
  blockTimeMs: number,
  proven: ProvenState,
  supersededBy: string | null,
): ExpiredMessage {
  const { certificate, proof, valueBytes } = proven;
  return {
    type: 'expired',
    commandId: command.id,
    height,
    blockTimeMs,
    certificate: toHex(encode('ResultCertificate', certificate)),
    laneProof: toHex(encode('StateProof', proof)),
    laneValue: valueBytes === null ? null : toHex(valueBytes),
    supersededBy,
  };
}
