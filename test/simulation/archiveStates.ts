import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { executeBlock } from '../../command/engine/executeBlock.js';
import { genesisState } from '../../command/engine/genesisState.js';
import { exportEntries } from '../../command/engine/snapshot.js';
import { openSnapshotStore, snapshotPath } from '../../infra/files/snapshotStore.js';
import type { SnapshotArchive } from '../../infra/recovery/snapshotArchive.js';
import type { ChainedHeight } from './certifiedChain.js';
import { engineGenesis } from './engineChain.js';

/** Puts the states of a chain at these heights into an archive, as its validators would. */
export async function archiveStates(
  archive: SnapshotArchive,
  chain: readonly ChainedHeight[],
  heights: readonly number[],
): Promise<void> {
  const folder = mkdtempSync(join(archive.folder, 'made-'));
  const store = openSnapshotStore(folder);
  const state = genesisState(engineGenesis, 0);
  for (const { certified } of chain) {
    executeBlock(state, certified.block, certified.certificate.result.seed);
    if (!heights.includes(state.height)) continue;
    await store.write(state.height, state.timestampMs, exportEntries(state));
    await archive.add(certified, snapshotPath(folder, state.height));
  }
  rmSync(folder, { recursive: true });
}
