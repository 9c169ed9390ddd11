import { decode, decodeViews, encode } from '../codec/codec.js';
import { assert } from '../kernel/assert.js';
import { equalBytes, toHex } from '../kernel/bytes.js';
import {
  MAX_COMMAND_BYTES,
  MAX_ENVELOPE_BYTES,
  MAX_ENVELOPE_COMMANDS,
  MAX_ENVELOPE_COMMANDS_PER_ACCOUNT,
} from '../limits.js';
import { RejectCode } from '../rejectCode.js';
import type { Command, EnvelopeHead } from '../types/command.js';
import { commandIds, envelopeHash, envelopeMessage } from './digests.js';
import { SIGNATURE_BYTES } from './ed25519.js';
import { SHA256_BYTES } from './sha256.js';
import type { SignedMessage, Signer } from './signatures.js';

export interface IdentifiedCommand {
  readonly id: Uint8Array;
  readonly command: Command;
}

/** An envelope with everything its bytes alone say; the signature is not verified yet. */
export interface OpenedEnvelope {
  readonly bytes: Uint8Array;
  /** Of the whole bytes. Like `signed`, made when it is asked for: a replay needs neither. */
  readonly hash: Uint8Array;
  readonly head: EnvelopeHead;
  readonly commands: readonly IdentifiedCommand[];
  /** To be verified: `publicKey` is the head's signer. */
  readonly signed: SignedMessage;
}

/** Many thousands are held at once: nothing is kept that can be made again from the bytes. */
class Opened implements OpenedEnvelope {
  readonly #commandIds: Uint8Array;
  #hash: Uint8Array | null;

  constructor(
    readonly bytes: Uint8Array,
    readonly head: EnvelopeHead,
    readonly commands: readonly IdentifiedCommand[],
    commandIds: Uint8Array,
    hash: Uint8Array | null,
  ) {
    this.#commandIds = commandIds;
    this.#hash = hash;
  }

  get hash(): Uint8Array {
    this.#hash ??= envelopeHash(this.bytes);
    return this.#hash;
  }

  get signed(): SignedMessage {
    const message = envelopeMessage(this.head, this.#commandIds);
    // The last field of the schema, and of fixed size.
    const signature = this.bytes.subarray(this.bytes.length - SIGNATURE_BYTES);
    return { publicKey: this.head.signer, message, signature };
  }
}

export type OpenEnvelopeResult =
  | { readonly ok: true; readonly envelope: OpenedEnvelope }
  | { readonly ok: false; readonly code: RejectCode; readonly reason: string };

function refuse(code: RejectCode, reason: string): OpenEnvelopeResult {
  return { ok: false, code, reason };
}

/**
 * Decodes and checks form and counts. Total: any bytes are answered. `hash`: of the whole bytes,
 * where the caller has made it.
 */
export function openEnvelope(
  bytes: Uint8Array,
  hash: Uint8Array | null = null,
): OpenEnvelopeResult {
  if (bytes.length > MAX_ENVELOPE_BYTES) return refuse(RejectCode.oversized, 'oversized envelope');
  // Views of the commands' bytes do: they are hashed and decoded here, and `bytes` is kept anyway.
  const decoded = decodeViews('Envelope', bytes, MAX_ENVELOPE_BYTES);
  if (!decoded.ok) return refuse(RejectCode.undecodable, decoded.reason);
  const { commands: encoded } = decoded.value;
  const head = sharingChain(decoded.value.head);
  if (encoded.length < 1 || encoded.length > MAX_ENVELOPE_COMMANDS) {
    return refuse(RejectCode.badCommandCount, `${encoded.length} commands in an envelope`);
  }
  const ids = commandIds(head, encoded);
  const commands: IdentifiedCommand[] = [];
  for (const commandBytes of encoded) {
    const read = decode('Command', commandBytes, MAX_COMMAND_BYTES);
    if (!read.ok) return refuse(RejectCode.undecodable, `command: ${read.reason}`);
    const at = commands.length * SHA256_BYTES;
    const id = ids.subarray(at, at + SHA256_BYTES);
    commands.push({ id, command: sharingKey(read.value, head.signer) });
  }
  if (commands.length > MAX_ENVELOPE_COMMANDS_PER_ACCOUNT && hasCrowdedAccount(commands)) {
    const most = MAX_ENVELOPE_COMMANDS_PER_ACCOUNT;
    return refuse(RejectCode.badCommandCount, `over ${most} commands of one account`);
  }
  return { ok: true, envelope: new Opened(bytes, head, commands, ids, hash) };
}

/** Of the last envelope: nearly every other has the same, and an array costs 200 bytes. */
let lastChainId: Uint8Array = new Uint8Array(0);

function sharingChain(head: EnvelopeHead): EnvelopeHead {
  if (!equalBytes(head.chainId, lastChainId)) lastChainId = head.chainId;
  const { shard, signer, expiresAtMs } = head;
  return { chainId: lastChainId, shard, signer, expiresAtMs };
}

/** Who signs acts for itself as a rule. */
function sharingKey(command: Command, signer: Uint8Array): Command {
  if (!equalBytes(command.account, signer)) return command;
  const { authorization, nonce, request, instruction } = command;
  return { account: signer, authorization, nonce, request, instruction };
}

function hasCrowdedAccount(commands: readonly IdentifiedCommand[]): boolean {
  const ofAccount = new Map<string, number>();
  for (const { command } of commands) {
    const account = toHex(command.account);
    const count = (ofAccount.get(account) ?? 0) + 1;
    if (count > MAX_ENVELOPE_COMMANDS_PER_ACCOUNT) return true;
    ofAccount.set(account, count);
  }
  return false;
}

/** The bytes of a signed envelope; the head's signer must be the signer's key. */
export function signEnvelope(
  head: EnvelopeHead,
  commands: readonly Command[],
  signer: Signer,
): Uint8Array {
  const encoded = commands.map((command) => encode('Command', command));
  const message = envelopeMessage(head, commandIds(head, encoded));
  const signature = signer.sign(message);
  return encode('Envelope', { head, commands: encoded, signature });
}

/** The same, opened: asserts that it is one that others open. */
export function sealEnvelope(
  head: EnvelopeHead,
  commands: readonly Command[],
  signer: Signer,
): OpenedEnvelope {
  const opened = openEnvelope(signEnvelope(head, commands, signer));
  assert(opened.ok, `sealed an envelope that does not open: ${opened.ok ? '' : opened.reason}`);
  return opened.envelope;
}
