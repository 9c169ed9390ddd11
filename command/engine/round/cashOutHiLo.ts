import { RejectCode } from '../../../schemas/rejectCode.js';
import type { CashOutHiLo } from '../../../schemas/types/command.js';
import type { Execution, Refusal } from '../execution.js';
import { endHiLo, findGame } from './openGame.js';

/** Ends a game by the player's wish. Before the first guess it is worth exactly its stake. */
export function cashOutHiLo(execution: Execution, instruction: CashOutHiLo): Refusal {
  const open = findGame(execution.account, instruction.game);
  if (open === null) return RejectCode.gameNotFound;
  endHiLo(execution, open, 'CASHED_OUT');
  return null;
}
