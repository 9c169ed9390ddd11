import { byteKey } from '../../schemas/kernel/byteKey.js';
import { eventPartition } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { type AccountEntry, newAccountEntry } from './state/accountEntry.js';
import { type Cell, emptyCell } from './state/cell.js';
import { type Changes, newChanges } from './state/changes.js';
import type { DueHeap } from './state/dueHeap.js';
import { type GameDeadlines, newGameDeadlines } from './state/gameDeadlines.js';
import type { Tree } from './state/stateTree.js';

/**
 * The state of one shard after a height. `executeBlock` alone changes it, and in place: copy it by
 * `exportEntries` and `importState`.
 */
export interface EngineState {
  readonly genesis: Genesis;
  readonly shard: number;
  /** The last height executed; 0 is genesis. */
  height: number;
  /** That block's time. */
  timestampMs: number;
  /** By `byteKey`; an entry whose cell is empty is no account yet. */
  readonly accounts: Map<string, AccountEntry>;
  /** By position in genesis. */
  readonly houses: readonly House[];
  /** By number. */
  readonly partitions: readonly Cell<'PartitionValue'>[];
  /** Cells to leave the state at a time. */
  readonly due: DueHeap;
  /** Games, by when they end by themselves unless a move comes first. */
  readonly deadlines: GameDeadlines;
  readonly changes: Changes;
  tree: Tree;
  /** Trees of the last `STATE_HEIGHTS_KEPT` heights, by height. */
  readonly trees: Map<number, Tree>;
}

/** The books of one asset. */
export interface House {
  readonly asset: number;
  /** The smallest transfer that makes an account. */
  readonly accountMin: bigint;
  readonly cell: Cell<'HouseValue'>;
}

/** A state in which no cell is filled. */
export function emptyState(genesis: Genesis, shard: number): EngineState {
  return {
    genesis,
    shard,
    height: 0,
    timestampMs: genesis.createdAtMs,
    accounts: new Map(),
    houses: genesis.assets.map(({ asset, accountMin }) => ({
      asset,
      accountMin,
      cell: emptyCell<'HouseValue'>({ kind: 'HouseKey', asset }),
    })),
    partitions: Array.from({ length: genesis.eventPartitions }, (_, partition) =>
      emptyCell<'PartitionValue'>({ kind: 'PartitionKey', partition }),
    ),
    due: [],
    deadlines: newGameDeadlines(),
    changes: newChanges(),
    tree: null,
    trees: new Map(),
  };
}

/** The place of a key, whether it is an account or not. */
export function accountEntry(state: EngineState, publicKey: Uint8Array): AccountEntry {
  const name = byteKey(publicKey);
  const known = state.accounts.get(name);
  if (known !== undefined) return known;
  const partition = eventPartition(publicKey, state.genesis.eventPartitions);
  const entry = newAccountEntry(publicKey, partition);
  state.accounts.set(name, entry);
  return entry;
}

/** The account of a key, or null. Leaves nothing behind for a stranger's key. */
export function findAccount(state: EngineState, publicKey: Uint8Array): AccountEntry | null {
  const entry = state.accounts.get(byteKey(publicKey));
  return entry === undefined || entry.cell.value === null ? null : entry;
}

export function findHouse(state: EngineState, asset: number): House | null {
  return state.houses.find((house) => house.asset === asset) ?? null;
}
