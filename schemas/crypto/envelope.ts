import { decode, encode } from '../codec/codec.js';
import { assert } from '../kernel/assert.js';
import { toHex } from '../kernel/bytes.js';
import {
  MAX_COMMAND_BYTES,
  MAX_ENVELOPE_BYTES,
  MAX_ENVELOPE_COMMANDS,
  MAX_ENVELOPE_COMMANDS_PER_ACCOUNT,
} from '../limits.js';
import { RejectCode } from '../rejectCode.js';
import type { Command, EnvelopeHead } from '../types/command.js';
import { commandId, envelopeHash, envelopeMessage } from './digests.js';
import type { SignedMessage, Signer } from './signatures.js';

export interface IdentifiedCommand {
  readonly id: Uint8Array;
  readonly command: Command;
}

/** An envelope with everything its bytes alone say; the signature is not verified yet. */
export interface OpenedEnvelope {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly head: EnvelopeHead;
  readonly commands: readonly IdentifiedCommand[];
  /** To be verified: `publicKey` is the head's signer. */
  readonly signed: SignedMessage;
}

export type OpenEnvelopeResult =
  | { readonly ok: true; readonly envelope: OpenedEnvelope }
  | { readonly ok: false; readonly code: RejectCode; readonly reason: string };

function refuse(code: RejectCode, reason: string): OpenEnvelopeResult {
  return { ok: false, code, reason };
}

/** Decodes and checks form and counts. Total: any bytes are answered. */
export function openEnvelope(bytes: Uint8Array): OpenEnvelopeResult {
  if (bytes.length > MAX_ENVELOPE_BYTES) return refuse(RejectCode.oversized, 'oversized envelope');
  const decoded = decode('Envelope', bytes, MAX_ENVELOPE_BYTES);
  if (!decoded.ok) return refuse(RejectCode.undecodable, decoded.reason);
  const { head, commands: encoded, signature } = decoded.value;
  if (encoded.length < 1 || encoded.length > MAX_ENVELOPE_COMMANDS) {
    return refuse(RejectCode.badCommandCount, `${encoded.length} commands in an envelope`);
  }
  const headBytes = encode('EnvelopeHead', head);
  const commands: IdentifiedCommand[] = [];
  const ofAccount = new Map<string, number>();
  for (const commandBytes of encoded) {
    const command = decode('Command', commandBytes, MAX_COMMAND_BYTES);
    if (!command.ok) return refuse(RejectCode.undecodable, `command: ${command.reason}`);
    const account = toHex(command.value.account);
    const count = (ofAccount.get(account) ?? 0) + 1;
    ofAccount.set(account, count);
    if (count > MAX_ENVELOPE_COMMANDS_PER_ACCOUNT) {
      return refuse(RejectCode.badCommandCount, `over ${count - 1} commands of one account`);
    }
    commands.push({ id: commandId(headBytes, commandBytes), command: command.value });
  }
  const message = envelopeMessage(
    head,
    commands.map(({ id }) => id),
  );
  const signed = { publicKey: head.signer, message, signature };
  return { ok: true, envelope: { bytes, hash: envelopeHash(bytes), head, commands, signed } };
}

/** Builds and signs; the head's signer must be the signer's key. */
export function sealEnvelope(
  head: EnvelopeHead,
  commands: readonly Command[],
  signer: Signer,
): OpenedEnvelope {
  const headBytes = encode('EnvelopeHead', head);
  const encoded = commands.map((command) => encode('Command', command));
  const ids = encoded.map((commandBytes) => commandId(headBytes, commandBytes));
  const message = envelopeMessage(head, ids);
  const signature = signer.sign(message);
  const bytes = encode('Envelope', { head, commands: encoded, signature });
  const opened = openEnvelope(bytes);
  assert(opened.ok, `sealed an envelope that does not open: ${opened.ok ? '' : opened.reason}`);
  return opened.envelope;
}
