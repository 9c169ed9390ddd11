import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EngineState } from '../../command/engine/engineState.js';
import { executeBlock } from '../../command/engine/executeBlock.js';
import { genesisState } from '../../command/engine/genesisState.js';
import { exportEntries } from '../../command/engine/snapshot.js';
import { engineChain, engineGenesis } from '../../test/simulation/engineChain.js';
import { openSnapshotStore } from '../files/snapshotStore.js';
import { restoreState } from './restoreState.js';

const SNAPSHOT_AT = 7;
const chain = engineChain({ heights: 14, commands: 6, seed: 21 });
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nullspace-restore-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Executes the chain from a state on, and compares every root with the certified one. */
function goOn(state: EngineState, upTo = chain.length): void {
  for (const { certified } of chain.slice(state.height, upTo)) {
    const { result } = certified.certificate;
    const { stateRoot, eventsRoot } = executeBlock(state, certified.block, result.seed);
    expect({ stateRoot, eventsRoot }).toEqual({
      stateRoot: result.stateRoot,
      eventsRoot: result.eventsRoot,
    });
  }
}

async function snapshotAt(height: number): Promise<void> {
  const state = genesisState(engineGenesis, 0);
  goOn(state, height);
  const timestampMs = chain[height - 1]?.certified.block.header.timestampMs ?? 0;
  await openSnapshotStore(folder).write(height, timestampMs, exportEntries(state));
}

it('begins at genesis where there is no snapshot', () => {
  const state = restoreState(engineGenesis, 0, openSnapshotStore(folder).newest());
  expect(state.height).toBe(0);
  goOn(state);
});

it('goes on from a snapshot as it would have from genesis', async () => {
  await snapshotAt(SNAPSHOT_AT);
  const state = restoreState(engineGenesis, 0, openSnapshotStore(folder).newest());
  expect(state.height).toBe(SNAPSHOT_AT);
  goOn(state);
  const other = genesisState(engineGenesis, 0);
  goOn(other);
  expect([...exportEntries(state)]).toEqual([...exportEntries(other)]);
});

it('goes on from the older snapshot, or from genesis, when newer ones do not read back', async () => {
  await snapshotAt(3);
  await snapshotAt(SNAPSHOT_AT);
  const [older, newer] = readdirSync(folder).sort() as [string, string];
  truncateSync(join(folder, newer), 100);
  const state = restoreState(engineGenesis, 0, openSnapshotStore(folder).newest());
  expect(state.height).toBe(3);
  goOn(state);
  truncateSync(join(folder, older), 100);
  const first = restoreState(engineGenesis, 0, openSnapshotStore(folder).newest());
  expect(first.height).toBe(0);
  goOn(first);
});
