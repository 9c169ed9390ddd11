import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseServerMessage } from '../../command/client/serverMessage.js';
import { parseClientMessage } from '../../command/gateway/clientMessage.js';
import { encode } from '../../schemas/codec/codec.js';
import { createSigner, portableVerifier } from '../../schemas/crypto/ed25519.js';
import { sealEnvelope } from '../../schemas/crypto/envelope.js';
import { sha256 } from '../../schemas/crypto/sha256.js';
import {
  type ClientMessage,
  GATEWAY_SUBPROTOCOL,
  type ServerMessage,
} from '../../schemas/gateway/protocol.js';
import { sessionMessage } from '../../schemas/gateway/sessionMessage.js';
import { ascii, concatBytes, fromHex, toHex } from '../../schemas/kernel/bytes.js';
import type { Command } from '../../schemas/types/command.js';

const page = readFileSync(new URL('GATEWAY.md', import.meta.url), 'utf8');
const [sent = [], said = []] = Array.from(page.matchAll(/```json\n([\s\S]*?)```/g), ([, block]) =>
  (block ?? '').trim().split('\n'),
);

const CLIENT_TYPES: Readonly<Record<ClientMessage['type'], true>> = {
  ...{ auth: true, submit: true, subscribe: true, unsubscribe: true, ping: true },
};
const SERVER_TYPES: Readonly<Record<ServerMessage['type'], true>> = {
  ...{ hello: true, welcome: true, accepted: true, pending: true, executed: true, refused: true },
  ...{ expired: true, error: true, subscribed: true, block: true, account: true, pong: true },
  goaway: true,
};

const signer = createSigner(new Uint8Array(32).fill(1));
const account = signer.publicKey;
const chainId = new Uint8Array(32).fill(0xc1);
const challenge = new Uint8Array(32).fill(0xc2);
const head = { chainId, shard: 0, signer: account, expiresAtMs: 1_700_000_030_000 };
const command: Command = {
  ...{ account, authorization: 0, nonce: 0, request: null },
  instruction: { kind: 'ClaimFaucet', asset: 0 },
};

/** The rows of a table, one behind the other. */
function tableOf(title: string): string {
  const table = new RegExp(`^\\| ${title} \\| bytes \\|\\n((?:\\|.*\\n)+)`, 'm').exec(page)?.[1];
  return Array.from((table ?? '').matchAll(/`([0-9a-f]+)` \|$/gm), ([, hex]) => hex).join('');
}

function typesOf(frames: readonly string[]): string[] {
  const types = frames.map((frame) => (JSON.parse(frame) as { readonly type: string }).type);
  return [...new Set(types)].toSorted();
}

function frameOf(type: string): Readonly<Record<string, string>> {
  const frame = sent.find((each) => JSON.parse(each).type === type);
  return JSON.parse(frame ?? '{}') as Record<string, string>;
}

describe('the page on the protocol of gateways', () => {
  it('has a frame of each kind, which the other side takes', () => {
    expect(typesOf(sent)).toEqual(Object.keys(CLIENT_TYPES).toSorted());
    expect(typesOf(said)).toEqual(Object.keys(SERVER_TYPES).toSorted());
    for (const frame of sent) expect(parseClientMessage(frame), frame).toMatchObject({ ok: true });
    for (const frame of said)
      expect(parseServerMessage(frame), frame).toMatchObject({ kind: 'message' });
    expect(page).toContain(`\`${GATEWAY_SUBPROTOCOL}\``);
  });

  it('has the bytes that open a session', () => {
    const lane = { account, signer: account, authorization: 0 };
    const message = sessionMessage({ chainId, challenge, ...lane });
    expect(tableOf('session message')).toBe(toHex(message));
    const { signature = '', account: named } = frameOf('auth');
    expect(named).toBe(toHex(account));
    expect(signature).toBe(toHex(signer.sign(message)));
    expect(portableVerifier.verify(account, message, fromHex(signature))).toBe(true);
  });

  it('has the bytes of an envelope, and derives its id and its signature as told', () => {
    const sealed = sealEnvelope(head, [command], signer);
    const framedHead = encode('EnvelopeHead', head);
    const framedCommand = encode('Command', command);
    expect(tableOf('head')).toBe(toHex(framedHead));
    expect(tableOf('command')).toBe(toHex(framedCommand));
    expect(tableOf('envelope')).toBe(toHex(sealed.bytes));
    expect(frameOf('submit').envelope).toBe(toHex(sealed.bytes));
    const tag = (name: string) => concatBytes(Uint8Array.of(name.length), ascii(name));
    const named = concatBytes(tag('nullspace/v1/command'), sha256(framedHead), framedCommand);
    const id = sha256(named);
    expect(page).toContain(`\`${toHex(id)}\``);
    expect(toHex(sealed.commands[0]?.id ?? id.subarray(1))).toBe(toHex(id));
    const root = sha256(concatBytes(Uint8Array.of(0), id));
    const signed = concatBytes(tag('nullspace/v1/envelope'), root, framedHead);
    expect(toHex(sealed.signed.message)).toBe(toHex(signed));
    expect(tableOf('envelope').endsWith(toHex(signer.sign(signed)))).toBe(true);
  });
});
