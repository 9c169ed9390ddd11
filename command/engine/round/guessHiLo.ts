import { assert } from '../../../schemas/kernel/assert.js';
import { RejectCode } from '../../../schemas/rejectCode.js';
import type { GuessHiLo } from '../../../schemas/types/command.js';
import { reserve } from '../account/house.js';
import { drawsOf, type Execution, emit, type Refusal } from '../execution.js';
import { decideGuess, evolveGuess, HILO_PURPOSE, type HiLoStep } from '../games/hilo/hiLo.js';
import { write } from '../state/changes.js';
import { endHiLo, findGame, type OpenGame } from './openGame.js';

/**
 * One guess: the worth a win would bring is reserved before the draw, so what is won can always be
 * paid; afterwards the reserve is what cashing out would take from the house.
 */
export function guessHiLo(execution: Execution, instruction: GuessHiLo): Refusal {
  const { state } = execution.block;
  const { game, guess } = instruction;
  const open = findGame(execution.account, game);
  if (open === null) return RejectCode.gameNotFound;
  const { asset, stake, reserved } = open.value;
  const plan = decideGuess(state.genesis.hiLo, open.value, guess);
  if (typeof plan === 'number') return plan;
  const worstReserve = beyondStake(plan.worthIfWon, stake);
  if (!reserve(state, asset, worstReserve - reserved)) return RejectCode.houseExposed;
  const step = evolveGuess(open.value, plan, drawsOf(execution, HILO_PURPOSE));
  const stepReserve = beyondStake(step.state.worth, stake);
  const covered = reserve(state, asset, stepReserve - worstReserve);
  assert(covered, 'a step is never worth more than was reserved');
  const { card, worth } = step.state;
  const { outcome } = step;
  emit(execution, execution.account, { kind: 'HiLoGuessed', game, guess, card, outcome, worth });
  applyStep(execution, open, step, stepReserve);
  return null;
}

function applyStep(execution: Execution, open: OpenGame, step: HiLoStep, reserved: bigint): void {
  const { state, timestampMs } = execution.block;
  const { card, worth } = step.state;
  const expiresAtMs = timestampMs + state.genesis.hiLo.lifetimeMs;
  const guesses = open.value.guesses + 1;
  const value = { ...open.value, card, worth, reserved, guesses, expiresAtMs };
  write(state.changes, open.cell, value);
  if (step.outcome === 'LOST' || step.outcome === 'CAPPED') {
    endHiLo(execution, { ...open, value }, step.outcome);
  }
}

function beyondStake(worth: bigint, stake: bigint): bigint {
  return worth > stake ? worth - stake : 0n;
}
