import { present } from '../../../schemas/kernel/assert.js';
import type { EngineState } from '../engineState.js';
import type { LaneEntry } from '../state/accountEntry.js';
import { write } from '../state/changes.js';

/**
 * Takes a stake off what the session may still stake of an asset; an asset that is not listed has
 * nothing. False, and nothing changed, when too little is left.
 */
export function spend(state: EngineState, lane: LaneEntry, asset: number, stake: bigint): boolean {
  const value = present(lane.cell.value, 'lane');
  const limit = value.spendLimits.find((candidate) => candidate.asset === asset);
  if (limit === undefined || limit.amount < stake) return false;
  const left = { asset, amount: limit.amount - stake };
  const spendLimits = value.spendLimits.map((other) => (other === limit ? left : other));
  write(state.changes, lane.cell, { ...value, spendLimits });
  return true;
}
