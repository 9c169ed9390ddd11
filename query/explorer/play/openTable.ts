import type { PageSettings } from '../../../command/client/answers.js';
import { openPlayer, type Player } from '../../../command/client/client.js';
import { PlayerClosedError } from '../../../command/client/playerState.js';
import { openProvenReader } from '../../../command/client/provenReader.js';
import { isReadError } from '../../../command/client/readerError.js';
import type { Trust } from '../../../command/client/verifyEvents.js';
import type { VerifiedOutcome } from '../../../command/client/verifyOutcome.js';
import { createSigner } from '../../../schemas/crypto/ed25519.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { CommandInstruction } from '../../../schemas/types/command.js';
import { browserWorld } from '../api/browserWorld.js';
import { pageReader } from '../api/pageReader.js';
import { readOnce } from '../api/read.js';
import type { Check } from '../fairness/check.js';
import { hiLoAfter, recompute } from '../fairness/recompute.js';
import { readTrust } from '../fairness/trustOfGenesis.js';
import { gatewayAddress } from './gatewayAddress.js';
import { provenAccount, provenOpenGame } from './provenState.js';
import { expiryText, refusalText } from './refusalText.js';
import { balanceAfter, EMPTY_SEAT, gameAfter, type PlayedRound, type Seat } from './seat.js';
import { storedOutbox } from './storedOutbox.js';

type Executed = VerifiedOutcome & { readonly kind: 'executed' };

export interface Table {
  play(instruction: CommandInstruction): Promise<void>;
  close(): void;
}

const ROUNDS_KEPT = 20;

interface TableState {
  seat: Seat;
  player: Player | null;
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
    player: null,
    closed: false,
    account,
    onChange,
  };
  const begin = async (): Promise<void> => {
    const [{ trust, genesis }, settings] = await Promise.all([
      readTrust(),
      readOnce<PageSettings>('/page.json'),
    ]);
    if (state.closed) return;
    change(state, { genesis });
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
    await Promise.all(state.player.restored.map(({ ended }) => ended));
    await restore(state, trust);
  };
  begin().catch((error: unknown) => fail(state, error));
  return {
    play: (instruction) => play(state, instruction),
    close: () => {
      state.closed = true;
      state.player?.close();
    },
  };
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

/** Balance and open game, from the certified state. */
async function restore(state: TableState, trust: Trust): Promise<void> {
  const proven = openProvenReader({ reader: pageReader, trust });
  const held = await provenAccount(state.account, proven);
  const found = held && (await provenOpenGame(state.account, held.nextGame, proven));
  const asset = state.seat.genesis?.faucet.asset;
  change(state, {
    ...IDLE,
    hasAccount: held !== null,
    balance: held?.balances.find((each) => each.asset === asset)?.amount ?? 0n,
    game: found && { ...found, cards: [found.card] },
  });
}

const BUSY: Partial<Record<CommandInstruction['kind'], string>> = {
  ClaimFaucet: 'getting chips',
  SpinRoulette: 'the wheel is spinning',
  StartHiLo: 'drawing the first card',
  GuessHiLo: 'drawing the next card',
  CashOutHiLo: 'cashing out',
};

/** Nothing is under way. */
const IDLE = { busy: null, pending: null } as const;

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
  let outcome: VerifiedOutcome;
  try {
    outcome = await submission.ended;
  } catch (error) {
    return fail(state, error);
  }
  if (outcome.kind === 'executed') return onExecuted(state, instruction, outcome);
  const problem =
    outcome.kind === 'expired'
      ? expiryText(state.seat.pending)
      : refusalText(outcome.name, outcome.detail);
  const isOver = outcome.kind === 'refused' && outcome.name === 'gameNotFound';
  change(state, { ...IDLE, problem, ...(isOver ? { game: null } : {}) });
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
    ...IDLE,
    hasAccount: true,
    balance: balanceAfter(seat, state.account, outcome.events),
    game: gameAfter(seat.game, outcome.events),
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
