import { randomBytes } from 'node:crypto';
import { validatorBits } from '../../../command/gateway/validatorBits.js';
import { createNativeSigner, nativeVerifier } from '../../../infra/crypto/nativeSignatures.js';
import { dialValidators } from '../../../infra/websocket/validatorLinks.js';
import { signEnvelope } from '../../../schemas/crypto/envelope.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import type { Signer } from '../../../schemas/crypto/signatures.js';
import { present } from '../../../schemas/kernel/assert.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { Command, CommandInstruction } from '../../../schemas/types/command.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import type { ExecutedHeight, PeerMessageBody } from '../../../schemas/types/wire.js';
import { receiptAccount } from './receiptAccount.js';

const CHIP = 0;
const LIFETIME_MS = 120_000;
const CONNECT_TIMEOUT_MS = 10_000;
const STALLED_MS = 30_000;

/** A bet of one chip: stake, draw, settlement, three or four events. */
const BET: CommandInstruction = {
  kind: 'SpinRoulette',
  asset: CHIP,
  bets: [{ kind: 'RED', numbers: [], amount: 1n }],
};

interface Account {
  readonly signer: Signer;
  nonce: number;
  /** When each open command was to be sent, in nonce order, Unix milliseconds. */
  readonly open: number[];
}

/** A command that has ended in a certified height. */
export interface EndedCommand {
  readonly height: number;
  readonly sentMs: number;
  /** When this client had the certified result in hand. */
  readonly certifiedMs: number;
}

/**
 * Many players behind one gateway's links: signs, sends to every validator as a gateway does, and
 * takes results from validator 0. It trusts that validator; checking certificates is the gateway's
 * part and its cost.
 */
export interface LoadClient {
  readonly openCommands: number;
  readonly refusals: ReadonlyMap<number, number>;
  /** Takes a snapshot of what ended since the last call. */
  takeEnded(): readonly EndedCommand[];
  /** Told at each executed height. */
  onHeight: () => void;
  /** Claims for every account. Resolves when all exist. */
  fund(): Promise<void>;
  /** Sends one envelope of the next account that may have one; false when none may. */
  send(commands: number, openPerAccountMax: number, scheduledMs: number): boolean;
  /** Resolves when nothing is open any more. */
  drained(): Promise<void>;
  /** Throws when nothing has ended for long: what a lost link or a refusal does to later nonces. */
  assertProgress(): void;
  close(): void;
}

export function unixMs(): number {
  return performance.timeOrigin + performance.now();
}

interface ClientState {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly accounts: readonly Account[];
  readonly byKey: ReadonlyMap<string, Account>;
  readonly refusals: Map<number, number>;
  ended: EndedCommand[];
  openCommands: number;
  next: number;
  lastProgressMs: number;
  /** Links opened: a link that breaks takes along what was on it, and nothing is sent again. */
  linksOpened: number;
  broadcast: (envelope: Uint8Array) => void;
  onHeight: () => void;
}

export async function openLoadClient(
  genesis: Genesis,
  peers: readonly string[],
  accounts: number,
): Promise<LoadClient> {
  const state = newState(genesis, accounts);
  const links = dialValidators({
    urls: peers,
    validators: genesis.validators,
    identity: {
      chainId: state.chainId,
      role: 'GATEWAY',
      signer: randomSigner(),
      verifier: nativeVerifier(),
    },
    onOpen: (validator) => {
      state.linksOpened++;
      if (validator === 0) links.send(0, { kind: 'SubscribeResults', fromHeight: 1 });
    },
    onMessage: (_, body) => onMessage(state, body),
    onRefused: () => undefined,
  });
  state.broadcast = (envelope) => {
    const connected = links.connected();
    const handedTo = validatorBits(connected);
    const body = { kind: 'SubmitEnvelope', envelope, handedTo } as const;
    for (const validator of connected) links.send(validator, body);
  };
  await waitFor(() => links.connected().length === peers.length, CONNECT_TIMEOUT_MS);
  return {
    get openCommands() {
      return state.openCommands;
    },
    refusals: state.refusals,
    takeEnded() {
      const { ended } = state;
      state.ended = [];
      return ended;
    },
    set onHeight(told: () => void) {
      state.onHeight = told;
    },
    fund: () => fund(state),
    send: (commands, openMax, scheduledMs) => sendNext(state, commands, openMax, scheduledMs),
    drained: () => waitFor(() => state.openCommands === 0, LIFETIME_MS),
    assertProgress: () => assertProgress(state, peers.length),
    close: () => links.close(),
  };
}

function randomSigner(): Signer {
  return createNativeSigner(new Uint8Array(randomBytes(32)));
}

function newState(genesis: Genesis, count: number): ClientState {
  const accounts = Array.from(
    { length: count },
    (): Account => ({ signer: randomSigner(), nonce: 0, open: [] }),
  );
  return {
    genesis,
    chainId: genesisEpoch(genesis, 0).chainId,
    accounts,
    byKey: new Map(accounts.map((account) => [toHex(account.signer.publicKey), account])),
    refusals: new Map(),
    ended: [],
    openCommands: 0,
    next: 0,
    lastProgressMs: performance.now(),
    linksOpened: 0,
    broadcast: () => undefined,
    onHeight: () => undefined,
  };
}

function onMessage(state: ClientState, body: PeerMessageBody): void {
  if (body.kind === 'ExecutedHeight') {
    onExecuted(state, body);
    state.onHeight();
  } else if (body.kind === 'EnvelopeVerdict') {
    for (const { code } of body.verdicts) {
      if (code !== 0) state.refusals.set(code, (state.refusals.get(code) ?? 0) + 1);
    }
  }
}

function onExecuted(state: ClientState, { certificate, events }: ExecutedHeight): void {
  const certifiedMs = unixMs();
  const { height } = certificate.result;
  for (const value of events) {
    const key = receiptAccount(value);
    const account = key === null ? undefined : state.byKey.get(toHex(key));
    const sentMs = account?.open.shift();
    if (sentMs === undefined) continue;
    state.openCommands--;
    state.lastProgressMs = performance.now();
    state.ended.push({ height, sentMs, certifiedMs });
  }
}

function submit(
  state: ClientState,
  account: Account,
  instructions: readonly CommandInstruction[],
  scheduledMs: number,
): void {
  const { signer } = account;
  const commands = instructions.map(
    (instruction): Command => ({
      account: signer.publicKey,
      authorization: 0,
      nonce: account.nonce++,
      request: null,
      instruction,
    }),
  );
  if (state.openCommands === 0) state.lastProgressMs = performance.now();
  for (const _ of commands) account.open.push(scheduledMs);
  state.openCommands += commands.length;
  const expiresAtMs = Date.now() + LIFETIME_MS;
  const head = { chainId: state.chainId, shard: 0, signer: signer.publicKey, expiresAtMs };
  state.broadcast(signEnvelope(head, commands, signer));
}

async function fund(state: ClientState): Promise<void> {
  const nowMs = unixMs();
  for (const account of state.accounts) {
    submit(state, account, [{ kind: 'ClaimFaucet', asset: CHIP }], nowMs);
  }
  await waitFor(() => state.openCommands === 0, LIFETIME_MS);
  state.ended = [];
}

function assertProgress(state: ClientState, validators: number): void {
  if (state.openCommands === 0) return;
  if (performance.now() - state.lastProgressMs <= STALLED_MS) return;
  const codes = [...state.refusals].map(([code, times]) => `${code} x${times}`).join(', ');
  throw new Error(
    `nothing ended for ${STALLED_MS} ms: ${state.openCommands} open, ` +
      `${state.linksOpened - validators} links opened again, refused: ${codes || 'none'}`,
  );
}

function sendNext(
  state: ClientState,
  commands: number,
  openPerAccountMax: number,
  scheduledMs: number,
): boolean {
  for (let tried = 0; tried < state.accounts.length; tried++) {
    const account = present(state.accounts[state.next], 'account');
    state.next = (state.next + 1) % state.accounts.length;
    if (account.open.length + commands > openPerAccountMax) continue;
    submit(state, account, new Array<CommandInstruction>(commands).fill(BET), scheduledMs);
    return true;
  }
  return false;
}

/** Polls; rejects when it does not come true in time. */
export async function waitFor(holds: () => boolean, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${holds}`);
    await new Promise((wake) => setTimeout(wake, 5));
  }
}
