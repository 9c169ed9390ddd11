import { describe, expect, it } from 'vitest';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import type {
  ExecutedMessage,
  ExpiredMessage,
  ServerMessage,
  WelcomeMessage,
} from '../../schemas/gateway/protocol.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import { keyedHashSigner } from '../../test/simulation/keyedHashCrypto.js';
import { createSimulatedPlatform } from '../../test/simulation/simulatedPlatform.js';
import { simulatedPlayer } from '../../test/simulation/simulatedPlayer.js';

const CLAIM: CommandInstruction = { kind: 'ClaimFaucet', asset: 0 };
const BOB = keyedHashSigner('bob').publicKey;
const PAY: CommandInstruction = { kind: 'Transfer', asset: 0, to: BOB, amount: 5n };

type Lie = (message: ServerMessage, heard: readonly ServerMessage[]) => ServerMessage | string;

/** Changes the messages of one type, and leaves the others. */
function about<Type extends ServerMessage['type']>(
  type: Type,
  change: (
    message: ServerMessage & { readonly type: Type },
    heard: readonly ServerMessage[],
  ) => ServerMessage | string,
): Lie {
  return (message, heard) =>
    message.type === type
      ? change(message as ServerMessage & { readonly type: Type }, heard)
      : message;
}

function flip(hex: string, at: number): string {
  const bytes = fromHex(hex);
  bytes[at] = (bytes[at] as number) ^ 1;
  return toHex(bytes);
}

function onCertificate(
  message: ExecutedMessage,
  change: (certificate: ReturnType<typeof openCertificate>) => object,
): ExecutedMessage {
  const certificate = change(openCertificate(message.certificate)) as never;
  return { ...message, certificate: toHex(encode('ResultCertificate', certificate)) };
}

function openCertificate(hex: string) {
  return decodeTrusted('ResultCertificate', fromHex(hex));
}

function firstOf<T extends ServerMessage['type']>(heard: readonly ServerMessage[], type: T) {
  return heard.find((message) => message.type === type) as ServerMessage & { readonly type: T };
}

/** What a gateway makes of an executed command when it says that the command has expired. */
function fakeExpiry(message: ExecutedMessage, change: Partial<ExpiredMessage>): ExpiredMessage {
  const { commandId, height, certificate, timestampMs } = message;
  return {
    ...{ type: 'expired', commandId, height, certificate, blockTimeMs: timestampMs + 60_000 },
    ...{ header: null, laneProof: null, laneValue: null, supersededBy: null, receipt: null },
    ...change,
  };
}

const RESULT: readonly (readonly [string, Lie])[] = [
  [
    'a flipped bit of a signature',
    about('executed', (m) => ({
      ...m,
      certificate: flip(m.certificate, m.certificate.length / 2 - 1),
    })),
  ],
  ['no certificate', about('executed', (m) => ({ ...m, certificate: '' }))],
  [
    'signatures of two validators',
    about('executed', (m) =>
      onCertificate(m, (c) => ({ ...c, signatures: c.signatures.slice(0, 2) })),
    ),
  ],
  [
    'one signature three times',
    about('executed', (m) =>
      onCertificate(m, (c) => ({
        ...c,
        signatures: [c.signatures[0], c.signatures[0], c.signatures[0]],
      })),
    ),
  ],
  [
    'a certificate of another chain',
    about('executed', (m) =>
      onCertificate(m, (c) => ({ ...c, result: { ...c.result, chainId: new Uint8Array(32) } })),
    ),
  ],
  [
    'another events root',
    about('executed', (m) =>
      onCertificate(m, (c) => ({ ...c, result: { ...c.result, eventsRoot: new Uint8Array(32) } })),
    ),
  ],
  [
    'an altered amount',
    about('executed', (m) => ({
      ...m,
      events: m.events.map((e) => ({ ...e, value: flip(e.value, e.value.length / 2 - 40) })),
    })),
  ],
  [
    "another command's end",
    about('executed', (m, heard) => ({ ...firstOf(heard, 'executed'), commandId: m.commandId })),
  ],
  [
    "another command's events",
    about('executed', (m, heard) => ({ ...m, events: firstOf(heard, 'executed').events })),
  ],
  ['no events', about('executed', (m) => ({ ...m, events: [] }))],
  ['events without the last', about('executed', (m) => ({ ...m, events: m.events.slice(0, -1) }))],
  ['the receipt alone', about('executed', (m) => ({ ...m, events: m.events.slice(0, 1) }))],
  ['events without the receipt', about('executed', (m) => ({ ...m, events: m.events.slice(1) }))],
  [
    'events with one left out',
    about('executed', (m) => ({ ...m, events: [m.events[0], ...m.events.slice(2)] as never })),
  ],
  [
    'events in another order',
    about('executed', (m) => ({ ...m, events: [...m.events].reverse() })),
  ],
  ['another height', about('executed', (m) => ({ ...m, height: m.height + 1 }))],
  [
    'a path that is no list',
    about('executed', (m) => ({ ...m, events: m.events.map((e) => ({ ...e, path: 7 })) as never })),
  ],
  [
    'executed said to be refused',
    about('executed', (m) => ({
      ...m,
      type: 'refused',
      stage: 'block',
      code: 4011,
      name: 'badBet',
      retry: 'no',
    })),
  ],
  [
    'executed said to be refused by admission',
    about(
      'executed',
      (m) =>
        ({
          ...fakeExpiry(m, {}),
          type: 'refused',
          stage: 'admission',
          code: 4011,
          name: 'badBet',
          retry: 'no',
        }) as never,
    ),
  ],
  ['expired without proof', about('executed', (m) => fakeExpiry(m, {}))],
  [
    'expired at a time that no header has',
    about('executed', (m, heard) =>
      fakeExpiry(m, { ...laneOf(firstOf(heard, 'welcome')), header: null }),
    ),
  ],
  [
    'expired by the header of another height',
    about('executed', (m, heard) => fakeExpiry(m, laneOf(firstOf(heard, 'welcome')))),
  ],
  [
    'expired before its time',
    about('executed', (m, heard) =>
      fakeExpiry(m, {
        ...laneOf(firstOf(heard, 'welcome')),
        certificate: firstOf(heard, 'welcome').certificate,
        height: firstOf(heard, 'welcome').height,
      }),
    ),
  ],
  [
    'superseded by itself',
    about('executed', (m) =>
      fakeExpiry(m, { receipt: m.events[0] as never, supersededBy: m.commandId }),
    ),
  ],
  [
    'superseded by an event that is no receipt',
    about('executed', (m) =>
      fakeExpiry(m, { receipt: m.events[1] as never, supersededBy: '00'.repeat(32) }),
    ),
  ],
  [
    'superseded by a receipt at another nonce',
    about('executed', (m, heard) =>
      fakeExpiry(m, {
        receipt: firstOf(heard, 'executed').events[0] as never,
        certificate: firstOf(heard, 'executed').certificate,
        height: firstOf(heard, 'executed').height,
        supersededBy: '00'.repeat(32),
      }),
    ),
  ],
  ['a number in place of a text', about('executed', (m) => ({ ...m, certificate: 7 }) as never)],
  ['no JSON', about('executed', () => '{')],
  ['a list', about('executed', () => '[]')],
  ['null', about('executed', () => 'null')],
];

/** The lane of a welcome in the fields of an expiry. */
function laneOf({ laneProof, laneValue, header }: WelcomeMessage): Partial<ExpiredMessage> {
  return { laneProof, laneValue, header };
}

const SESSION: readonly (readonly [string, Lie])[] = [
  ['another chain', about('hello', (m) => ({ ...m, chainId: '00'.repeat(32) }))],
  ['another shard', about('hello', (m) => ({ ...m, shard: 1 }))],
  ['a challenge of no length', about('hello', (m) => ({ ...m, challenge: '' }))],
  ['a nonce that is not proven', about('welcome', (m) => ({ ...m, nextNonce: m.nextNonce + 1 }))],
  ['a lane that is not there', about('welcome', (m) => ({ ...m, laneValue: '00' }))],
];

/** g0 lies about everything after the claim, g1 is honest. */
async function playAgainst(lie: Lie, when: 'at once' | 'after the claim') {
  const platform = createSimulatedPlatform(1);
  const liar = platform.startGateway('g0');
  platform.startGateway('g1');
  const heard: ServerMessage[] = [];
  let lies = when === 'at once';
  liar.tamper = (frame) => {
    const message = JSON.parse(frame) as ServerMessage;
    heard.push(message);
    const said = lies ? lie(message, heard) : message;
    return typeof said === 'string' ? said : JSON.stringify(said);
  };
  const ann = await simulatedPlayer(platform);
  expect(await ann.play(CLAIM)).toMatchObject({ kind: 'executed' });
  lies = true;
  const ended = await ann.play(PAY);
  return { ann, ended };
}

describe('a gateway that lies about an end is left, and the truth is had elsewhere', () => {
  it.each(RESULT)('%s', async (_, lie) => {
    const { ann, ended } = await playAgainst(lie, 'after the claim');
    expect(ended).toMatchObject({ kind: 'executed' });
    expect(ann.left).toHaveLength(1);
  });
});

describe('a gateway that lies about the session is left before it is live', () => {
  it.each(SESSION)('%s', async (_, lie) => {
    const { ann, ended } = await playAgainst(lie, 'at once');
    expect(ended).toMatchObject({ kind: 'executed' });
    expect(ann.left).toHaveLength(1);
  });
});

describe('a gateway that says less than it knows', () => {
  it('is left when a command has had its time', async () => {
    const platform = createSimulatedPlatform(1);
    const liar = platform.startGateway('g0');
    platform.startGateway('g1');
    const ann = await simulatedPlayer(platform);
    await ann.play(CLAIM);
    liar.tamper = (frame) => (frame.includes('"executed"') ? null : frame);
    expect(await ann.play(PAY)).toMatchObject({ kind: 'executed' });
    expect(ann.left).toEqual(['says nothing of a command whose time has passed']);
  });

  it('or more, in a message of a newer protocol, is not left', async () => {
    const { ann, ended } = await playAgainst(
      about('accepted', () => '{"type":"weather"}'),
      'after the claim',
    );
    expect(ended).toMatchObject({ kind: 'executed' });
    expect(ann.left).toEqual([]);
  });
});
