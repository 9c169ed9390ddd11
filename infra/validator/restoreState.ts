import type { EngineState } from '../../command/engine/engineState.js';
import { genesisState } from '../../command/engine/genesisState.js';
import { importState } from '../../command/engine/snapshot.js';
import { present } from '../../schemas/kernel/assert.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { Snapshot } from '../files/snapshotStore.js';

/** The engine's state of a snapshot of the own disk, or of genesis where there is none. */
export function restoreState(
  genesis: Genesis,
  shard: number,
  snapshot: Snapshot | null,
): EngineState {
  if (snapshot === null) return genesisState(genesis, shard);
  const { height, timestampMs, entries } = snapshot;
  const state = importState(genesis, shard, height, entries, timestampMs);
  // A file whose own digest holds and that is no state was written by a bug.
  return present(state, `the state of snapshot ${height}`);
}
