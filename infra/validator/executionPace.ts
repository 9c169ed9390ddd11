import { EXECUTION_BLOCK_MS, MAX_ENVELOPE_COMMANDS } from '../../schemas/limits.js';

/** How many commands this validator puts into a block of its own, from how fast it executes. */
export interface ExecutionPace {
  executed(commands: number, durationMs: number): void;
  commandsMax(): number;
}

/** A block of fewer says little of the cost of one. */
const COMMANDS_MEASURED_MIN = 16;
const WEIGHT_OF_NEW = 0.25;

/**
 * While a validator executes it hears nobody. A block that takes the others long makes them miss
 * the next ones, so blocks get smaller where machines are slow or busy; more of them do the same
 * work. What a leader chooses is no rule: any valid block is taken. One envelope always fits.
 */
export function createExecutionPace(): ExecutionPace {
  let commandMs = 0;
  return {
    executed(commands, durationMs) {
      if (commands < COMMANDS_MEASURED_MIN) return;
      const measuredMs = durationMs / commands;
      const isFirst = commandMs === 0;
      commandMs = isFirst ? measuredMs : commandMs + WEIGHT_OF_NEW * (measuredMs - commandMs);
    },
    commandsMax() {
      if (commandMs === 0) return Number.MAX_SAFE_INTEGER;
      return Math.max(MAX_ENVELOPE_COMMANDS, Math.floor(EXECUTION_BLOCK_MS / commandMs));
    },
  };
}
