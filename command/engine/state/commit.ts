import { present, unreachable } from '../../../schemas/kernel/assert.js';
import { byteKey } from '../../../schemas/kernel/byteKey.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import { STATE_HEIGHTS_KEPT } from '../../../schemas/limits.js';
import type { EngineState } from '../engineState.js';
import { type Cell, valueBytes } from './cell.js';
import { keep } from './changes.js';
import { pushDue } from './dueHeap.js';
import { addDeadline } from './gameDeadlines.js';
import { type LeafChange, treeRoot, updateTree } from './stateTree.js';

/** When a filled cell is to be pruned; null for those that stay or, as games, end by a rule. */
export function dueMsOf(state: EngineState, value: Cell['value']): number | null {
  if (value === null) return null;
  if (value.kind === 'RequestValue') return value.untilMs;
  if (value.kind !== 'LaneValue') return null;
  return value.expiresAtMs + state.genesis.limits.maxCommandLifetimeMs;
}

/**
 * Makes the block's writes part of the tree, which is then the tree of `height`. Only leaves whose
 * value was replaced are encoded and hashed. Answers the new root.
 */
export function commit(state: EngineState, height: number): Uint8Array {
  const leaves: LeafChange[] = [];
  for (const cell of state.changes.touched) {
    cell.touched = false;
    const { value, keyHash, keyBytes } = cell;
    if (value === null) forget(state, cell);
    if (value === cell.committed) continue;
    const bytes = value === null ? null : valueBytes(value);
    leaves.push({ keyHash, keyBytes, valueBytes: bytes });
    const dueMs = dueMsOf(state, value);
    if (value?.kind === 'HiLoValue' && cell.committed === null) addDeadline(state.deadlines, cell);
    if (dueMs !== null && dueMs !== dueMsOf(state, cell.committed)) {
      pushDue(state.due, { dueMs, cell });
    }
    cell.committed = value;
  }
  state.changes.touched.length = 0;
  keep(state.changes);
  state.tree = updateTree(state.tree, leaves);
  state.trees.set(height, state.tree);
  state.trees.delete(height - STATE_HEIGHTS_KEPT);
  return treeRoot(state.tree);
}

/** An empty cell needs no place in memory. */
function forget(state: EngineState, cell: Cell): void {
  const { key } = cell;
  if (key.kind === 'HouseKey' || key.kind === 'PartitionKey') return;
  const name = byteKey(key.account);
  if (key.kind === 'AccountKey') {
    state.accounts.delete(name);
    return;
  }
  const entry = present(state.accounts.get(name), 'account of a cell');
  switch (key.kind) {
    case 'LaneKey':
      entry.lanes?.delete(key.authorization);
      return;
    case 'RequestKey':
      entry.requests?.delete(toHex(key.id));
      return;
    case 'GameKey':
      entry.games?.delete(key.game);
      return;
    default:
      unreachable(key);
  }
}
