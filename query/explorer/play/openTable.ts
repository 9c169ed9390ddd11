import type { PageSettings } from '../../../command/client/answers.js';
import { openPlayer, type Player } from '../../../command/client/client.js';
import { PlayerClosedError } from '../../../command/client/playerState.js';
import { openProvenReader, type ProvenReader } from '../../../command/client/provenReader.js';
import { isReadError, ReaderError } from '../../../command/client/readerError.js';
import type { VerifiedOutcome } from '../../../command/client/verifyOutcome.js';
import { createSigner } from '../../../schemas/crypto/ed25519.js';
import type { Signer } from '../../../schemas/crypto/signatures.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { CommandInstruction } from '../../../schemas/types/command.js';
import { browserWorld } from '../api/browserWorld.js';
import { pageReader } from '../api/pageReader.js';
import { readOnce } from '../api/read.js';
import { readTrust } from '../fairness/trustOfGenesis.js';
import { checkRound, type RoundChecking } from './checkRound.js';
import { gatewayAddress } from './gatewayAddress.js';
import { keepRounds, keptRounds, ROUNDS_KEPT } from './keptRounds.js';
import { type KeyUse, openKeyUse, type UsedCommand } from './keyUse.js';
import { provenSeat } from './provenState.js';
import { endText, tellsOfOthers } from './refusalText.js';
import {
  balanceAfter,
  EMPTY_SEAT,
  gamesAfter,
  gamesOf,
  type PlayedRound,
  type Seat,
} from './seat.js';
import { storedOutbox } from './storedOutbox.js';

type Executed = VerifiedOutcome & { readonly kind: 'executed' };

export interface Table {
  play(instruction: CommandInstruction): Promise<void>;
  close(): void;
}

/** Nothing is under way. */
const IDLE = { busy: null, pending: null } as const;

const ROUNDS_UNREADABLE = 'The list of your rounds in this tab could not be read, and begins anew.';
const MOVES_UNREADABLE =
  'What this browser had kept of moves under way could not be read, and was set aside. ' +
  'The chain may have executed them all the same: look at your balance.';

interface TableState {
  seat: Seat;
  player: Player | null;
  proven: ProvenReader | null;
  checking: RoundChecking | null;
  keyUse: KeyUse | null;
  /** The height of the certified state that is shown, and the last one that another tab told of. */
  seenHeight: number;
  usedHeight: number;
  /** What other tabs have played, not shown yet. */
  readonly used: UsedCommand[];
  closed: boolean;
  readonly account: Uint8Array;
  readonly onChange: (seat: Seat) => void;
}

function change(state: TableState, part: Partial<Seat>): void {
  if (state.closed) return;
  state.seat = { ...state.seat, ...part };
  state.onChange(state.seat);
}

/** Takes a seat with the key of `seed`: opens a session, and takes up the game that was left. */
export function openTable(seed: Uint8Array, onChange: (seat: Seat) => void): Table {
  const signer = createSigner(seed);
  const account = signer.publicKey;
  const state: TableState = {
    seat: { ...EMPTY_SEAT, account: toHex(account) },
    ...{ player: null, proven: null, checking: null, seenHeight: 0, usedHeight: 0, closed: false },
    ...{ used: [], keyUse: openKeyUse(toHex(account), (command) => onUsed(state, command)) },
    ...{ account, onChange },
  };
  const rounds = keptRounds(toHex(account), () => change(state, { problem: ROUNDS_UNREADABLE }));
  change(state, { rounds });
  begin(state, signer).catch((error: unknown) => fail(state, error));
  return {
    play: (instruction) => play(state, instruction),
    close: () => {
      state.closed = true;
      state.player?.close();
      state.keyUse?.close();
    },
  };
}

async function begin(state: TableState, signer: Signer): Promise<void> {
  const { account } = state;
  const [{ trust, genesis }, settings] = await Promise.all([
    readTrust(),
    readOnce<PageSettings>('/page.json'),
  ]);
  if (state.closed) return;
  change(state, { genesis });
  state.proven = openProvenReader({ reader: pageReader, trust });
  state.checking = { account: toHex(account), genesis, trust, steps: new Map() };
  const onUnreadable = () => change(state, { problem: MOVES_UNREADABLE });
  state.player = openPlayer({
    gatewayUrl: gatewayAddress(settings.gatewayUrl, location),
    world: browserWorld({ outbox: storedOutbox(toHex(account), { onUnreadable }) }),
    trust,
    account,
    signer,
    authorization: 0,
    onStatus: (status) => change(state, { status }),
    onPending: (_, __, name) => {
      if (state.seat.busy !== null) change(state, { pending: name });
    },
  });
  await state.player.ready();
  change(state, { busy: 'taking up where you left' });
  // A guess on a card that is about to change would be a guess in the dark.
  const ends = await Promise.all(state.player.restored.map(({ ended }) => ended));
  const kept = state.seat.rounds;
  await showRestored(state, ends);
  await lookAgain(state, Math.max(0, ...ends.map(({ height }) => height ?? 0)));
  await checkKept(state, kept);
}

/** The outside world failing is said; a seat that was left is nobody's; a bug is the browser's. */
function fail(state: TableState, error: unknown): void {
  if (error instanceof PlayerClosedError) return;
  if (error instanceof DOMException) {
    return change(state, { ...IDLE, problem: 'This browser cannot keep your move. Not sent.' });
  }
  if (!isReadError(error)) throw error;
  change(state, { ...IDLE, problem: `The state cannot be read: ${error.message}.` });
}

/** Another tab has played with this key: what is shown is old, and so is the next nonce. */
function onUsed(state: TableState, command: UsedCommand): void {
  state.usedHeight = Math.max(state.usedHeight, command.height);
  state.used.push(command);
  if (state.used.length > ROUNDS_KEPT) state.used.shift();
  // What is under way looks again at its end.
  if (state.seat.busy !== null || state.seat.balance === null) return;
  change(state, { busy: 'another tab has played: looking again' });
  lookAgain(state, 0).catch((error: unknown) => fail(state, error));
}

/** The rounds of other tabs, checked like any other. */
async function showUsed(state: TableState): Promise<void> {
  const { proven, checking, used } = state;
  if (proven === null || checking === null) return;
  for (const { commandId, height } of used.splice(0)) {
    const { value, certificate } = await proven.command(commandId, { minHeight: height });
    if (state.closed) return;
    if (value.account !== state.seat.account || value.receipt.kind !== 'CommandExecuted') continue;
    const { events } = value;
    const end = { commandId, height: certificate.result.height, events, certificate };
    // A step that this tab knows may be newer than the one that the other tab has played.
    change(state, { rounds: await roundsWith(state, end, { ...checking, steps: new Map() }) });
  }
}

/** Balance, nonce and open games, from the certified state; as new as any tab here knows of. */
async function lookAgain(state: TableState, minHeight: number): Promise<void> {
  const { account, proven, seat } = state;
  const asset = seat.genesis?.faucet.asset;
  if (proven === null || asset === undefined) return;
  do {
    await showUsed(state);
    const found = await provenSeat(account, asset, proven, Math.max(minHeight, state.usedHeight));
    if (state.closed) return;
    state.seenHeight = found.height;
    state.player?.passNonce(found.nextNonce);
    const { hasAccount, balance, games } = found;
    for (const { game, cards, worth } of games) {
      state.checking?.steps.set(game, { card: cards.at(-1) ?? 0, worth });
    }
    change(state, { hasAccount, balance, ...gamesOf(state.seat, games) });
  } while (state.usedHeight > state.seenHeight);
  change(state, IDLE);
}

const BUSY: Partial<Record<CommandInstruction['kind'], string>> = {
  ClaimFaucet: 'getting chips',
  SpinRoulette: 'the wheel is spinning',
  StartHiLo: 'drawing the first card',
  GuessHiLo: 'drawing the next card',
  CashOutHiLo: 'cashing out',
};

/** Signs and sends an instruction, and shows how it ended. One at a time. */
async function play(state: TableState, instruction: CommandInstruction): Promise<void> {
  const { player, seat } = state;
  if (player === null || seat.status !== 'live' || seat.busy !== null) return;
  const what = BUSY[instruction.kind] ?? 'under way';
  change(state, { busy: `${what}: sent`, problem: null });
  const [submission] = player.submit([instruction]);
  if (submission === undefined) return;
  submission.accepted.then(() => {
    if (state.seat.busy === null) return;
    change(state, { busy: `${what}: held by the validators`, pending: null });
  });
  try {
    await onEnded(state, await submission.ended);
  } catch (error) {
    fail(state, error);
  }
}

async function onEnded(state: TableState, outcome: VerifiedOutcome): Promise<void> {
  const problem = endText(outcome);
  const { kind, height } = outcome;
  // It has used its nonce, so that what other tabs show is old.
  if (kind !== 'expired' && height !== null) {
    state.keyUse?.tell({ commandId: outcome.commandId, height });
  }
  if (kind === 'executed') {
    const { seat, account } = state;
    const balance = balanceAfter(seat, account, outcome.events);
    const shown = { hasAccount: true, balance, ...gamesAfter(seat, outcome.events) };
    change(state, { ...shown, rounds: await roundsWith(state, outcome) });
  }
  const isOld = tellsOfOthers(outcome) || state.usedHeight > state.seenHeight;
  if (!isOld) return change(state, { ...IDLE, problem });
  change(state, { busy: 'looking how things stand', pending: null, problem });
  await lookAgain(state, height ?? 0);
}

/**
 * Commands that were under way when the page was left, or are in another tab: what came of them is
 * checked and shown like any other, in the order of the chain.
 */
async function showRestored(state: TableState, ends: readonly VerifiedOutcome[]): Promise<void> {
  const executed = ends.filter((end): end is Executed => end.kind === 'executed');
  executed.sort((a, b) => a.height - b.height || a.executionIndex - b.executionIndex);
  for (const end of executed) change(state, { rounds: await roundsWith(state, end) });
  const texts = ends.flatMap((end) => endText(end) ?? []);
  // What was told at the start stays where there is nothing newer.
  if (texts.length > 0) change(state, { problem: `Of the move before: ${texts.at(-1)}` });
}

/** The rounds with one more, checked, and kept for as long as the tab is open. */
async function roundsWith(
  state: TableState,
  outcome: Pick<Executed, 'commandId' | 'height' | 'events' | 'certificate'>,
  checking = state.checking,
): Promise<readonly PlayedRound[]> {
  const { commandId, height, events } = outcome;
  const [receipt] = events;
  const { checks, trouble } = await checked(checking, outcome);
  const others = state.seat.rounds.filter((round) => round.commandId !== commandId);
  if (receipt?.body.kind !== 'CommandExecuted') return others;
  const bodies = events.map(({ body }) => body);
  const { kind: instruction } = receipt.body.instruction;
  const round: PlayedRound = { commandId, height, instruction, events: bodies, checks, trouble };
  const rounds = [round, ...others].slice(0, ROUNDS_KEPT);
  keepRounds(state.seat.account, rounds);
  return rounds;
}

type Verdict = Pick<PlayedRound, 'checks' | 'trouble'>;

async function checked(
  checking: RoundChecking | null,
  end: Pick<Executed, 'events' | 'certificate'>,
): Promise<Verdict> {
  if (checking === null) return { checks: null, trouble: 'genesis is not read yet' };
  try {
    return { checks: await checkRound(end, checking), trouble: null };
  } catch (error) {
    return troubleOf(error);
  }
}

/** What a reader cannot answer is unchecked; what it cannot prove does not verify. */
function troubleOf(error: unknown): Verdict {
  if (!isReadError(error)) throw error;
  if (error instanceof ReaderError) return { checks: null, trouble: error.detail };
  const name = 'The events belong to the result';
  return { checks: [{ name, passed: false, detail: error.message }], trouble: null };
}

/** Checks the rounds that were kept, from the oldest on: each step is known to the next one. */
async function checkKept(state: TableState, kept: readonly PlayedRound[]): Promise<void> {
  const { proven, checking } = state;
  if (proven === null || checking === null) return;
  const afresh = { ...checking, steps: new Map() };
  for (const { commandId, height } of kept.toReversed()) {
    let verdict: Verdict;
    try {
      const { value, certificate } = await proven.command(commandId, { minHeight: height });
      verdict = await checked(afresh, { events: value.events, certificate });
    } catch (error) {
      verdict = troubleOf(error);
    }
    if (state.closed) return;
    const rounds = state.seat.rounds.map((round) => {
      return round.commandId === commandId && round.checks === null
        ? { ...round, ...verdict }
        : round;
    });
    change(state, { rounds });
  }
}
