import { type OpenedEnvelope, openEnvelope, sealEnvelope } from '../../schemas/crypto/envelope.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import {
  CLIENT_LIFETIME_MS_DEFAULT,
  CLIENT_OPEN_COMMANDS_MAX,
  EXPIRY_PROOF_WINDOW_MS,
  MAX_COMMAND_LIFETIME_MS,
  MAX_ENVELOPE_COMMANDS_PER_ACCOUNT,
} from '../../schemas/limits.js';
import type { Command, CommandInstruction } from '../../schemas/types/command.js';
import { checkInstructions, checkLengths, InstructionError } from './instructionForm.js';
import type { OpenEnvelope, OpenSubmission, PlayerState, Submission } from './playerState.js';
import { closedError } from './playerState.js';
import { whole } from './shapes.js';
import type { VerifiedOutcome } from './verifyOutcome.js';

/** No nonce below is free any more. */
export function passNonce(state: PlayerState, nextNonce: number): void {
  if (!whole(nextNonce)) throw new Error(`a nonce is a whole number, not ${nextNonce}`);
  passLane(state, nextNonce);
}

export function passLane(state: PlayerState, nextNonce: number): void {
  state.laneNext = Math.max(state.laneNext ?? 0, nextNonce);
}

/**
 * The lowest nonces that neither the chain nor an open command has: one that a refusal or an expiry
 * has left free is used next, so that the commands behind it can go on.
 */
function freeNonces(state: PlayerState, laneNext: number, count: number): number[] {
  const held = new Set(Array.from(state.open.values(), ({ command }) => command.nonce));
  const nonces: number[] = [];
  for (let nonce = laneNext; nonces.length < count; nonce++) {
    if (!held.has(nonce)) nonces.push(nonce);
  }
  return nonces;
}

/** Short enough that an expiry can be proven by the absence of a lane (schemas/lane.ts). */
function lifetimeOf(state: PlayerState, wantedMs: number): number {
  const { maxCommandLifetimeMs } = state;
  const longestMs = Math.max(
    maxCommandLifetimeMs - 2 * EXPIRY_PROOF_WINDOW_MS,
    Math.floor(maxCommandLifetimeMs / 2),
  );
  return Math.min(wantedMs, longestMs);
}

/**
 * Signs the instructions in one envelope, keeps it, and sends it.
 * @throws InstructionError, or Error when that cannot be now
 */
export function submit(
  state: PlayerState,
  instructions: readonly CommandInstruction[],
  lifetimeMs = CLIENT_LIFETIME_MS_DEFAULT,
): readonly Submission[] {
  const { account, signer, authorization, trust, world } = state.options;
  if (state.status === 'closed') throw closedError(state);
  if (state.laneNext === null) throw new Error('the session is not live yet: await ready()');
  checkInstructions(instructions);
  if (typeof lifetimeMs !== 'number' || !(lifetimeMs > 0)) {
    throw new InstructionError('lifetimeMs', 'milliseconds above 0');
  }
  const count = instructions.length;
  if (count < 1 || count > MAX_ENVELOPE_COMMANDS_PER_ACCOUNT) {
    throw new Error(`an envelope holds 1 to ${MAX_ENVELOPE_COMMANDS_PER_ACCOUNT} commands`);
  }
  if (state.open.size + count > CLIENT_OPEN_COMMANDS_MAX) {
    throw new Error(`more than ${CLIENT_OPEN_COMMANDS_MAX} commands are open`);
  }
  const nonces = freeNonces(state, state.laneNext, count);
  const commands = instructions.map(
    (instruction, index): Command => ({
      account,
      authorization,
      nonce: nonces[index] as number,
      request: null,
      instruction,
    }),
  );
  checkLengths(commands);
  const { chainId, shard } = trust.keys;
  const nowMs = world.nowMs() + state.clockOffsetMs;
  const livesMs = lifetimeOf(state, lifetimeMs);
  const expiresAtMs = Math.floor(nowMs + livesMs);
  const head = { chainId, shard, signer: signer.publicKey, expiresAtMs };
  const sealed = sealEnvelope(head, commands, signer);
  const { envelope, submissions } = follow(state, sealed, {
    ...{ sent: 0, kept: false, lifetimeMs: livesMs },
  });
  keep(state, envelope);
  return submissions;
}

/** Envelopes of this lane that a client before this one did not see end. */
export function restore(state: PlayerState, kept: readonly Uint8Array[]): Submission[] {
  const { account, signer, authorization, trust, world } = state.options;
  return kept.flatMap((bytes) => {
    const result = openEnvelope(bytes);
    if (!result.ok) return [];
    const { head, commands } = result.envelope;
    const isOurs =
      equalBytes(head.chainId, trust.keys.chainId) &&
      equalBytes(head.signer, signer.publicKey) &&
      commands.every(({ command }) => {
        return equalBytes(command.account, account) && command.authorization === authorization;
      });
    if (!isOurs) return [];
    const leftMs = Math.max(0, head.expiresAtMs - world.nowMs());
    const lifetimeMs = Math.min(leftMs, MAX_COMMAND_LIFETIME_MS);
    return follow(state, result.envelope, { sent: 1, kept: true, lifetimeMs }).submissions;
  });
}

function follow(
  state: PlayerState,
  opened: OpenedEnvelope,
  history: Pick<OpenEnvelope, 'sent' | 'kept' | 'lifetimeMs'>,
): { readonly envelope: OpenEnvelope; readonly submissions: Submission[] } {
  const hash = toHex(opened.hash);
  const openIds = new Set(opened.commands.map(({ id }) => toHex(id)));
  const fresh = { resendWaits: false, ageMs: 0 };
  const envelope: OpenEnvelope = { hash, opened, openIds, ...fresh, ...history };
  state.envelopes.set(hash, envelope);
  const submissions = opened.commands.map(({ id, command }) => {
    return track(state, toHex(id), command, envelope);
  });
  return { envelope, submissions };
}

/** On disk before it leaves, so that a client that comes back knows what it has said. */
function keep(state: PlayerState, envelope: OpenEnvelope): void {
  const { outbox } = state.options.world;
  if (outbox === undefined) {
    envelope.kept = true;
    return sendEnvelope(state, envelope);
  }
  outbox.keep(envelope.hash, envelope.opened.bytes).then(
    () => {
      envelope.kept = true;
      sendEnvelope(state, envelope);
    },
    (error: unknown) => {
      for (const id of [...envelope.openIds]) {
        const submission = state.open.get(id);
        if (submission === undefined) continue;
        forget(state, submission);
        submission.fail(error);
      }
    },
  );
}

/** A promise with what settles it. */
function later<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

function track(
  state: PlayerState,
  id: string,
  command: Command,
  envelope: OpenEnvelope,
): Submission {
  const accepted = later<void>();
  const ended = later<VerifiedOutcome>();
  // Whoever waits for neither need not handle that they fail.
  accepted.promise.catch(() => undefined);
  ended.promise.catch(() => undefined);
  state.open.set(id, {
    id,
    pending: null,
    command,
    envelope,
    accept: accepted.resolve,
    settle: ended.resolve,
    fail: (error) => {
      accepted.reject(error);
      ended.reject(error);
    },
  });
  return { commandId: id, accepted: accepted.promise, ended: ended.promise };
}

/** Sends it to the gateway that is live; without one it goes out with the next welcome. */
export function sendEnvelope(state: PlayerState, envelope: OpenEnvelope): void {
  const link = state.current;
  if (link?.status !== 'live' || !envelope.kept || envelope.openIds.size === 0) return;
  const ref = String(link.nextRef++);
  link.refs.set(ref, envelope);
  envelope.sent++;
  const hex = toHex(envelope.opened.bytes);
  link.connection?.send(JSON.stringify({ type: 'submit', ref, envelope: hex }));
}

export function resendLater(state: PlayerState, envelope: OpenEnvelope, delayMs: number): void {
  if (envelope.resendWaits) return;
  envelope.resendWaits = true;
  state.options.world.after(delayMs, () => {
    envelope.resendWaits = false;
    sendEnvelope(state, envelope);
  });
}

function forget(state: PlayerState, { id, envelope }: OpenSubmission): void {
  state.open.delete(id);
  envelope.openIds.delete(id);
  if (envelope.openIds.size > 0) return;
  state.envelopes.delete(envelope.hash);
  for (const link of [state.current, state.next]) {
    for (const [ref, of] of link?.refs ?? []) if (of === envelope) link?.refs.delete(ref);
  }
  // An entry that stays is sent again after a restart, and counts once.
  state.options.world.outbox?.remove(envelope.hash).catch(() => undefined);
}

export function endSubmission(
  state: PlayerState,
  submission: OpenSubmission,
  outcome: VerifiedOutcome,
): void {
  forget(state, submission);
  submission.settle(outcome);
}
