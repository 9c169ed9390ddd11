import type { ClientMessage } from '../../schemas/gateway/protocol.js';
import { isHex } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';

export type ParsedClientMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | {
      readonly ok: false;
      readonly code: RejectCode;
      readonly reason: string;
      readonly ref?: string;
    };

type Fields = Readonly<Record<string, unknown>>;

const REF_LENGTH_MAX = 64;

function isHexOf(value: unknown, bytes: number): boolean {
  return typeof value === 'string' && value.length === 2 * bytes && isHex(value);
}

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isChannel = (value: unknown): boolean => value === 'blocks' || value === 'account';
const isRef = (value: unknown): boolean =>
  typeof value === 'string' && value.length >= 1 && value.length <= REF_LENGTH_MAX;

/** One check a field; unknown fields are ignored, so that newer clients may say more. */
const FIELDS: Readonly<
  Record<ClientMessage['type'], Readonly<Record<string, (v: unknown) => boolean>>>
> = {
  auth: {
    account: (value) => isHexOf(value, 32),
    signer: (value) => isHexOf(value, 32),
    authorization: isWhole,
    signature: (value) => isHexOf(value, 64),
  },
  submit: {
    ref: isRef,
    envelope: (value) => typeof value === 'string' && isHex(value),
  },
  subscribe: { channel: isChannel },
  unsubscribe: { channel: isChannel },
  ping: { at: isWhole },
};

function isClientType(type: unknown): type is ClientMessage['type'] {
  return typeof type === 'string' && Object.hasOwn(FIELDS, type);
}

/** A client's frame as a message, or the refusal that answers it. Total. */
export function parseClientMessage(text: string): ParsedClientMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, code: RejectCode.undecodable, reason: 'not JSON' };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { ok: false, code: RejectCode.undecodable, reason: 'not a JSON object' };
  }
  const fields = json as Fields;
  const ref = isRef(fields.ref) ? { ref: fields.ref as string } : {};
  const { type } = fields;
  if (!isClientType(type)) {
    return { ok: false, code: RejectCode.unknownMessage, reason: 'unknown type', ...ref };
  }
  for (const [field, holds] of Object.entries(FIELDS[type])) {
    if (!holds(fields[field])) {
      return { ok: false, code: RejectCode.badParameter, reason: `${type}.${field}`, ...ref };
    }
  }
  return { ok: true, message: fields as unknown as ClientMessage };
}
