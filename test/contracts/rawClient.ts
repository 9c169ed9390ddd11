import { sealEnvelope } from '../../schemas/crypto/envelope.js';
import type { Signer } from '../../schemas/crypto/signatures.js';
import type {
  ErrorMessage,
  ExpiredMessage,
  HelloMessage,
  RefusedMessage,
  ServerMessage,
  WelcomeMessage,
} from '../../schemas/gateway/protocol.js';
import { sessionMessage } from '../../schemas/gateway/sessionMessage.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import type { Command, CommandInstruction } from '../../schemas/types/command.js';

/** A connection without manners: it sends what a test says and shows every answer. */
export interface RawConnection {
  send(text: string): void;
  sendBinary(bytes: Uint8Array): void;
  /** The next frame of the gateway. Rejects when none comes for long. */
  next(): Promise<ServerMessage>;
  /** The close code. Rejects when it stays open for long. */
  closed(): Promise<number>;
  close(): void;
}

/** The gateway of a contract run, on real sockets or in the simulated world. */
export interface GatewayWorld {
  readonly chainId: Uint8Array;
  readonly maxCommandLifetimeMs: number;
  /** About block time. */
  nowMs(): number;
  newSigner(): Signer;
  connect(): Promise<RawConnection>;
  wait(durationMs: number): Promise<void>;
  /** Lets the gateway reach its validators, or none of them. */
  setReach(reaches: boolean): Promise<void>;
}

/** A session whose key is proven, or not yet. */
export interface RawSession {
  readonly connection: RawConnection;
  readonly hello: HelloMessage;
  readonly lane: Lane;
}

export interface Lane {
  readonly account: Uint8Array;
  readonly signer: Signer;
  readonly authorization: number;
}

export function ownLane(signer: Signer): Lane {
  return { account: signer.publicKey, signer, authorization: 0 };
}

export async function greet(world: GatewayWorld, lane: Lane): Promise<RawSession> {
  const connection = await world.connect();
  const hello = (await connection.next()) as HelloMessage;
  if (hello.type !== 'hello') throw new Error('the gateway did not speak first');
  return { connection, hello, lane };
}

export function authMessage({ hello, lane }: RawSession, signature?: string): object {
  const { account, signer, authorization } = lane;
  const message = sessionMessage({
    chainId: fromHex(hello.chainId),
    challenge: fromHex(hello.challenge),
    account,
    signer: signer.publicKey,
    authorization,
  });
  return {
    type: 'auth',
    account: toHex(account),
    signer: toHex(signer.publicKey),
    authorization,
    signature: signature ?? toHex(signer.sign(message)),
  };
}

/** Speaks until welcome; a chain that has just begun is asked again. */
export async function enter(
  world: GatewayWorld,
  lane: Lane,
): Promise<RawSession & { readonly welcome: WelcomeMessage }> {
  const session = await greet(world, lane);
  for (;;) {
    say(session, authMessage(session));
    const answer = await session.connection.next();
    if (answer.type === 'welcome') return { ...session, welcome: answer };
    if (answer.type !== 'error') throw new Error(`not a welcome: ${JSON.stringify(answer)}`);
    await world.wait(200);
  }
}

export function say({ connection }: RawSession, message: object): void {
  connection.send(JSON.stringify(message));
}

/** What differs from an envelope that is right. */
export interface EnvelopeChange {
  readonly chainId?: Uint8Array;
  readonly shard?: number;
  readonly expiresAtMs?: number;
  readonly lifetimeMs?: number;
  readonly request?: Command['request'];
  readonly breakSignature?: boolean;
}

export function seal(
  world: GatewayWorld,
  lane: Lane,
  nonce: number,
  instructions: CommandInstruction | readonly CommandInstruction[],
  change: EnvelopeChange = {},
): { readonly hex: string; readonly ids: readonly string[]; readonly expiresAtMs: number } {
  const { account, signer, authorization } = lane;
  const { chainId = world.chainId, shard = 0, request = null, lifetimeMs = 30_000 } = change;
  const expiresAtMs = change.expiresAtMs ?? world.nowMs() + lifetimeMs;
  const list = 'kind' in instructions ? [instructions] : instructions;
  const commands = list.map((instruction, index): Command => {
    return { account, authorization, nonce: nonce + index, request, instruction };
  });
  const head = { chainId, shard, signer: signer.publicKey, expiresAtMs };
  const { bytes, commands: opened } = sealEnvelope(head, commands, signer);
  const sent = bytes.slice();
  if (change.breakSignature === true) sent[sent.length - 1] = (sent.at(-1) as number) ^ 1;
  return { hex: toHex(sent), ids: opened.map(({ id }) => toHex(id)), expiresAtMs };
}

/** Frames up to the first that is not in passing: no acceptance, notice or hint. */
export async function end(
  { connection }: RawSession,
  passing: readonly ServerMessage['type'][] = ['accepted', 'pending', 'block', 'account'],
): Promise<ServerMessage> {
  for (;;) {
    const message = await connection.next();
    if (!passing.includes(message.type)) return message;
  }
}

/** Submits and waits for the end of its only command. */
export async function play(
  world: GatewayWorld,
  session: RawSession,
  nonce: number,
  instruction: CommandInstruction,
  change: EnvelopeChange = {},
): Promise<ServerMessage> {
  const { hex } = seal(world, session.lane, nonce, instruction, change);
  say(session, { type: 'submit', ref: `r${nonce}`, envelope: hex });
  return end(session);
}

/** An account with chips, in a session of its own key. Its next nonce is 1. */
export async function newPlayer(world: GatewayWorld): Promise<RawSession> {
  const session = await enter(world, ownLane(world.newSigner()));
  const claimed = await play(world, session, 0, { kind: 'ClaimFaucet', asset: 0 });
  if (claimed.type !== 'executed') throw new Error(`no chips: ${JSON.stringify(claimed)}`);
  return session;
}

export type Answer = ErrorMessage | RefusedMessage | ExpiredMessage;
