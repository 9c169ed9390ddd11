import { unreachable } from '../../schemas/kernel/assert.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import { claimFaucet } from './account/claimFaucet.js';
import { transfer } from './account/transfer.js';
import { authorizeSession } from './authorization/authorizeSession.js';
import { revokeSession } from './authorization/revokeSession.js';
import type { Execution, Refusal } from './execution.js';
import { cashOutHiLo } from './round/cashOutHiLo.js';
import { guessHiLo } from './round/guessHiLo.js';
import { spinRoulette } from './round/spinRoulette.js';
import { startHiLo } from './round/startHiLo.js';

/** What an instruction does by the rules of version 1. */
export function applyInstruction(execution: Execution, instruction: CommandInstruction): Refusal {
  switch (instruction.kind) {
    case 'AuthorizeSession':
      return authorizeSession(execution, instruction);
    case 'RevokeSession':
      return revokeSession(execution, instruction);
    case 'ClaimFaucet':
      return claimFaucet(execution, instruction);
    case 'Transfer':
      return execution.lane === null ? transfer(execution, instruction) : RejectCode.ownKeyRequired;
    case 'StartHiLo':
      return startHiLo(execution, instruction);
    case 'GuessHiLo':
      return guessHiLo(execution, instruction);
    case 'CashOutHiLo':
      return cashOutHiLo(execution, instruction);
    case 'SpinRoulette':
      return spinRoulette(execution, instruction);
    default:
      return unreachable(instruction);
  }
}
