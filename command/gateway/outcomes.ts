import { encode } from '../../schemas/codec/codec.js';
import type {
  ExecutedMessage,
  ExpiredMessage,
  RefusedMessage,
} from '../../schemas/gateway/protocol.js';
import { retryAdvice } from '../../schemas/gateway/retryAdvice.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { rejectName } from '../../schemas/rejectCode.js';
import type { VerifiedHeight } from './executedHeight.js';
import type { KnownReceipt } from './receiptMemory.js';
import type { ProvenState } from './stateQueries.js';

/** How a command ended, exactly one of these. */
export type Outcome = ExecutedMessage | RefusedMessage | ExpiredMessage;

/** The end of the command whose own receipt this is. */
export function receiptOutcome({
  commandId,
  height,
  located,
}: KnownReceipt): ExecutedMessage | RefusedMessage {
  const { executionIndex, body } = located.event;
  const events = present(height.eventsOf.get(executionIndex), 'events of a receipt');
  const common = {
    commandId,
    height: height.height,
    executionIndex,
    events: events.map((event) => height.prove(event)),
    certificate: height.certificateHex(),
  };
  if (body.kind === 'CommandExecuted') {
    return { type: 'executed', ...common, timestampMs: height.timestampMs };
  }
  assert(body.kind === 'CommandRefused', 'a receipt is of either kind');
  const { code } = body;
  const name = rejectName(code) ?? 'unknown';
  return { type: 'refused', ...common, stage: 'block', code, name, retry: retryAdvice(code) };
}

/** The end of a command at whose nonce another command's receipt stands. */
export function supersededOutcome(commandId: string, winner: KnownReceipt): ExpiredMessage {
  const { height, located } = winner;
  return {
    type: 'expired',
    commandId,
    height: height.height,
    blockTimeMs: height.timestampMs,
    certificate: height.certificateHex(),
    header: null,
    laneProof: null,
    laneValue: null,
    supersededBy: winner.commandId,
    receipt: height.prove(located),
  };
}

/** The end of a command whose lane has not passed its nonce at a block time past its expiry. */
export function unusedOutcome(
  commandId: string,
  height: VerifiedHeight,
  proven: ProvenState,
): ExpiredMessage {
  const { certificate, proof, valueBytes } = proven;
  return {
    type: 'expired',
    commandId,
    height: height.height,
    blockTimeMs: height.timestampMs,
    certificate: toHex(encode('ResultCertificate', certificate)),
    header: toHex(encode('BlockHeader', height.header)),
    laneProof: toHex(encode('StateProof', proof)),
    laneValue: valueBytes === null ? null : toHex(valueBytes),
    supersededBy: null,
    receipt: null,
  };
}
