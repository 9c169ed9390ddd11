import { RejectCode } from '../../../schemas/rejectCode.js';
import type { StartHiLo } from '../../../schemas/types/command.js';
import { takeStake } from '../account/stake.js';
import { findHouse } from '../engineState.js';
import { drawsOf, type Execution, emit, type Refusal } from '../execution.js';
import { decideStart, HILO_PURPOSE, initialState } from '../games/hilo/hiLo.js';
import { accountToChange, gameCell } from '../state/accountEntry.js';
import { write } from '../state/changes.js';
import { openGames } from './openGame.js';

/** Stakes and draws the first card. Nothing is reserved yet: cashing out returns the stake. */
export function startHiLo(execution: Execution, instruction: StartHiLo): Refusal {
  const { account, block } = execution;
  const { state } = block;
  const { asset, stake } = instruction;
  const rules = state.genesis.hiLo;
  if (stake <= 0n) return RejectCode.badAmount;
  if (findHouse(state, asset) === null) return RejectCode.unknownAsset;
  const refusal = decideStart(rules, stake) ?? takeStake(execution, asset, stake);
  if (refusal !== null) return refusal;
  if (stake > rules.payoutMax) return RejectCode.payoutAboveCap;
  if (openGames(account) >= rules.openGamesMax) return RejectCode.tooManyGames;
  const { card, worth } = initialState(stake, drawsOf(execution, HILO_PURPOSE));
  const game = accountToChange(state.changes, account).nextGame++;
  write(state.changes, gameCell(account, game), {
    kind: 'HiLoValue',
    asset,
    stake,
    card,
    worth,
    reserved: 0n,
    guesses: 0,
    expiresAtMs: block.timestampMs + rules.lifetimeMs,
  });
  emit(execution, account, { kind: 'HiLoStarted', game, asset, stake, card, worth });
  return null;
}
