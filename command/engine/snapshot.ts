import { decode } from '../../schemas/codec/codec.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { StateKeyKey, StateValueValue } from '../../schemas/types/state.js';
import { booksFault } from './account/audit.js';
import { accountEntry, type EngineState, emptyState, findHouse } from './engineState.js';
import { gameCell, laneEntry, requestCell } from './state/accountEntry.js';
import type { Cell, ValueKind } from './state/cell.js';
import { write } from './state/changes.js';
import { commit } from './state/commit.js';
import { leavesOf, treeRoot } from './state/stateTree.js';

/** The root of the last executed height. */
export function stateRoot(state: EngineState): Uint8Array {
  return treeRoot(state.tree);
}

/** Every leaf as (framed StateKey, framed StateValue), ascending by key hash. */
export function exportEntries(
  state: EngineState,
): Iterable<readonly [keyBytes: Uint8Array, valueBytes: Uint8Array]> {
  return leavesOf(state.tree);
}

/**
 * The state whose leaves these are, as of a height and its block time; equal leaves give an equal
 * `stateRoot`, which the caller compares with a certified one. Null when the entries are no state:
 * undecodable, twice the same key, a value of another kind, or books that do not add up. Proofs of
 * heights before are gone.
 */
export function importState(
  genesis: Genesis,
  shard: number,
  height: number,
  entries: Iterable<readonly [Uint8Array, Uint8Array]>,
  timestampMs: number = genesis.createdAtMs,
): EngineState | null {
  const state = emptyState(genesis, shard);
  for (const [keyBytes, valueBytes] of entries) {
    const key = decode('StateKey', keyBytes);
    const value = decode('StateValue', valueBytes);
    if (!key.ok || !value.ok) return null;
    const cell = cellOf(state, key.value.key, value.value.value);
    if (cell === null || cell.value !== null) return null;
    write(state.changes, cell, value.value.value);
  }
  for (const { cell } of state.accounts.values()) if (cell.value === null) return null;
  if (booksFault(state) !== null) return null;
  commit(state, height);
  state.height = height;
  state.timestampMs = timestampMs;
  return state;
}

/** The place of a key, if the value is of the kind that stands there. */
function cellOf(state: EngineState, key: StateKeyKey, { kind }: StateValueValue): Cell | null {
  switch (key.kind) {
    case 'AccountKey':
      return placed('AccountValue', kind, accountEntry(state, key.account).cell);
    case 'LaneKey': {
      const lane = laneEntry(accountEntry(state, key.account), key.signer, key.authorization);
      return placed('LaneValue', kind, lane.cell);
    }
    case 'RequestKey':
      return placed('RequestValue', kind, requestCell(accountEntry(state, key.account), key.id));
    case 'GameKey':
      return placed('HiLoValue', kind, gameCell(accountEntry(state, key.account), key.game));
    case 'HouseKey':
      return placed('HouseValue', kind, findHouse(state, key.asset)?.cell);
    case 'PartitionKey':
      return placed('PartitionValue', kind, state.partitions[key.partition]);
    default:
      return null;
  }
}

function placed<Kind extends ValueKind>(
  expected: Kind,
  kind: ValueKind,
  cell: Cell<Kind> | undefined,
): Cell | null {
  return kind === expected && cell !== undefined ? (cell as unknown as Cell) : null;
}
