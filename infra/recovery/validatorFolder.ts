import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, toFileError } from '../files/errors.js';
import { openFileBlockStore } from '../files/fileBlockStore.js';
import { type Snapshot, snapshotPath } from '../files/snapshotStore.js';
import type { ProvenState } from './provenState.js';

/** Where a validator has what in its data folder. */
export function validatorPaths(dataDir: string) {
  return {
    blocks: join(dataDir, 'blocks'),
    snapshots: join(dataDir, 'snapshots'),
    executed: join(dataDir, 'executed'),
    votes: join(dataDir, 'votes'),
    mempool: join(dataDir, 'mempool'),
  };
}

/**
 * What a validator's folder can go on from: a snapshot and blocks from it on, or all blocks from
 * height 1 on; `empty` where there is neither, also where a beginning was broken off.
 */
export async function folderStart(
  dataDir: string,
  snapshot: Snapshot | null,
): Promise<'empty' | 'usable' | 'blocks without their state'> {
  if (snapshot !== null) return 'usable';
  const { blocks } = validatorPaths(dataDir);
  if (!existsSync(blocks)) return 'empty';
  const store = await openFileBlockStore(blocks);
  const [first, last] = [store.firstHeight(), store.certifiedHeight()];
  await store.close();
  if (last === 0) return 'empty';
  return first === 1 ? 'usable' : 'blocks without their state';
}

/**
 * Has a validator's folder begin at a proven state: its snapshot and the block that it stands on.
 * Votes and mempool stay what they are; blocks and results that were there, and of no use, go.
 * All or nothing, whenever it is broken off. Rejects with FileError.
 */
export async function beginFolder(
  dataDir: string,
  { certified, file }: Pick<ProvenState, 'certified' | 'file'>,
): Promise<void> {
  const paths = validatorPaths(dataDir);
  const draft = join(dataDir, 'beginning.new');
  const drafts = validatorPaths(draft);
  try {
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(drafts.snapshots, { recursive: true });
    const store = await openFileBlockStore(drafts.blocks);
    await store.beginAt(certified);
    await store.close();
    const path = snapshotPath(drafts.snapshots, certified.block.header.height);
    const snapshot = await open(path, 'wx', 0o600);
    await snapshot.writeFile(file);
    await snapshot.sync();
    await snapshot.close();
    for (const old of [paths.executed, paths.blocks, paths.snapshots]) {
      rmSync(old, { recursive: true, force: true });
    }
    await rename(drafts.blocks, paths.blocks);
    await rename(drafts.snapshots, paths.snapshots);
    rmSync(draft, { recursive: true, force: true });
  } catch (error) {
    throw toFileError(error, draft);
  }
}

/** Blocks that begin above height 1, and no state before them: nothing can be executed. */
export function withoutState(dataDir: string): FileError {
  const { blocks } = validatorPaths(dataDir);
  const why = 'no snapshot reads back, and the blocks do not begin at height 1';
  return new FileError('corrupt', `${blocks}: ${why}; name an archive by --snapshot-archive`);
}
