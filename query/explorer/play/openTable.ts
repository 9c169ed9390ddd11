import type { PageSettings } from '../../../command/client/answers.js';
import { openPlayer, type Player } from '../../../command/client/client.js';
import { PlayerClosedError } from '../../../command/client/playerState.js';
import { openProvenReader, type ProvenReader } from '../../../command/client/provenReader.js';
import { isReadError } from '../../../command/client/readerError.js';
import type { VerifiedOutcome } from '../../../command/client/verifyOutcome.js';
import { createSigner } from '../../../schemas/crypto/ed25519.js';
import type { Signer } from '../../../schemas/crypto/signatures.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { CommandInstruction } from '../../../schemas/types/command.js';
import { browserWorld } from '../api/browserWorld.js';
import { pageReader } from '../api/pageReader.js';
import { readOnce } from '../api/read.js';
import type { Check } from '../fairness/check.js';
import { hiLoAfter, recompute } from '../fairness/recompute.js';
import { readTrust } from '../fairness/trustOfGenesis.js';
import { gatewayAddress } from './gatewayAddress.js';
import { type KeyUse, openKeyUse } from './keyUse.js';
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

const ROUNDS_KEPT = 20;

/** Nothing is under way. */
const IDLE = { busy: null, pending: null } as const;

interface TableState {
  seat: Seat;
  player: Player | null;
  proven: ProvenReader | null;
  keyUse: KeyUse | null;
  /** The height of the certified state that is shown, and the last one that another tab told of. */
  seenHeight: number;
  usedHeight: number;
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
    ...{ player: null, proven: null, seenHeight: 0, usedHeight: 0, closed: false },
    keyUse: openKeyUse(toHex(account), (height) => onUsed(state, height)),
    ...{ account, onChange },
  };
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
  state.player = openPlayer({
    gatewayUrl: gatewayAddress(settings.gatewayUrl, location),
    world: browserWorld({ outbox: storedOutbox(toHex(account)) }),
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
  await lookAgain(state, Math.max(0, ...ends.map(({ height }) => height ?? 0)));
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
function onUsed(state: TableState, height: number): void {
  state.usedHeight = Math.max(state.usedHeight, height);
  // What is under way looks again at its end.
  if (state.seat.busy !== null || state.seat.balance === null) return;
  change(state, { busy: 'another tab has played: looking again' });
  lookAgain(state, 0).catch((error: unknown) => fail(state, error));
}

/** Balance, nonce and open games, from the certified state; as new as any tab here knows of. */
async function lookAgain(state: TableState, minHeight: number): Promise<void> {
  const { account, proven, seat } = state;
  const asset = seat.genesis?.faucet.asset;
  if (proven === null || asset === undefined) return;
  do {
    const found = await provenSeat(account, asset, proven, Math.max(minHeight, state.usedHeight));
    if (state.closed) return;
    state.seenHeight = found.height;
    state.player?.passNonce(found.nextNonce);
    const { hasAccount, balance, games } = found;
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
    await onEnded(state, instruction, await submission.ended);
  } catch (error) {
    fail(state, error);
  }
}

async function onEnded(
  state: TableState,
  instruction: CommandInstruction,
  outcome: VerifiedOutcome,
): Promise<void> {
  const problem = endText(outcome, state.seat.pending);
  const { kind, height } = outcome;
  // It has used its nonce, so that what other tabs show is old.
  if (kind !== 'expired' && height !== null) state.keyUse?.tell(height);
  if (kind === 'executed') onExecuted(state, instruction, outcome);
  const isOld = tellsOfOthers(outcome) || state.usedHeight > state.seenHeight;
  if (!isOld) return change(state, { ...IDLE, problem });
  change(state, { busy: 'looking how things stand', pending: null, problem });
  await lookAgain(state, height ?? 0);
}

function onExecuted(state: TableState, instruction: CommandInstruction, outcome: Executed): void {
  const { seat } = state;
  const round: PlayedRound = {
    commandId: outcome.commandId,
    height: outcome.height,
    instruction: instruction.kind,
    events: outcome.events.map(({ body }) => body),
    checks: checksOf(seat, outcome),
  };
  change(state, {
    hasAccount: true,
    balance: balanceAfter(seat, state.account, outcome.events),
    ...gamesAfter(seat, outcome.events),
    rounds: [round, ...seat.rounds].slice(0, ROUNDS_KEPT),
  });
}

/** What the client has proven already, and what this page recomputes from the certified seed. */
function checksOf({ genesis, game }: Seat, { certificate, events }: Executed): Check[] {
  const checks: Check[] = [
    {
      name: 'A quorum of validators signed the result',
      passed: true,
      detail: `${certificate.signatures.length} of ${genesis?.validators.length}`,
    },
    {
      name: 'The events belong to the result',
      passed: events.length > 0,
      detail: `${events.length} events`,
    },
  ];
  let before = game === null ? null : { card: game.cards.at(-1) ?? 0, worth: game.worth };
  for (const event of events) {
    const check = genesis && recompute(event, certificate.result, before, genesis);
    if (check !== null) checks.push(check);
    before = hiLoAfter(event, before);
  }
  return checks;
}
