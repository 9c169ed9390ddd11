import { join } from 'node:path';
import type { EngineState } from '../../command/engine/engineState.js';
import { exportEntries, stateRoot } from '../../command/engine/snapshot.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { type ChainTip, type EpochKeys, genesisTip } from '../../schemas/crypto/epochKeys.js';
import { assert } from '../../schemas/kernel/assert.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import { CATCH_UP_BLOCKS_MAX, MAX_FRAME_BYTES } from '../../schemas/limits.js';
import type { LogReader } from '../../schemas/log.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { FileError } from '../files/errors.js';
import { type FileBlockStore, openFileBlockStore } from '../files/fileBlockStore.js';
import {
  openSnapshotStore,
  type Snapshot,
  type SnapshotStore,
  snapshotPath,
} from '../files/snapshotStore.js';
import { lockFolder } from '../postgres/folderLock.js';
import { restoreState } from '../validator/restoreState.js';
import type { LogProgress } from '../verify/logReading.js';
import { newestProven } from './provenState.js';
import { type ReplayVerifiers, replayLog } from './replayLog.js';
import type { SnapshotArchive } from './snapshotArchive.js';
import { beginFolder, folderStart, validatorPaths, withoutState } from './validatorFolder.js';

export interface ReplayFolderOptions {
  readonly genesis: Genesis;
  /** At least of the epochs up to what is in folder and archive. */
  readonly keys: EpochKeys;
  readonly reader: LogReader;
  readonly verifiers: ReplayVerifiers;
  /** A validator's data folder, which may be empty, or what an earlier replay left. */
  readonly folder: string;
  /** Where an empty folder may begin, and where the states made here are kept. Null: nowhere. */
  readonly archive: SnapshotArchive | null;
  readonly snapshotEveryHeights: number;
  onPassedOver(height: number, fault: string): void;
  onProgress(progress: LogProgress): void;
}

/** What a replay did. */
export interface ReplayReport {
  /** The state it began at: 0 is genesis. */
  readonly fromHeight: number;
  readonly height: number;
  readonly commands: number;
  readonly stateRoot: string;
}

/**
 * Makes a validator's folder from the log: state and blocks up to its end, as a validator that took
 * part has them. It begins at what is in the folder, else at the newest proven state of the
 * archive, else at genesis. Broken off, it goes on at its last snapshot.
 * Rejects with LogError, FileError, ReplayError.
 */
export async function replayFolder(options: ReplayFolderOptions): Promise<ReplayReport> {
  const { folder, genesis, keys } = options;
  const lock = lockFolder(join(folder, 'validator.lock'), (message) => {
    return new FileError('in-use', `${folder} is in use: ${message}`);
  });
  try {
    const paths = validatorPaths(folder);
    const snapshots = openSnapshotStore(paths.snapshots);
    const snapshot = await begin(options, snapshots);
    const blocks = await openFileBlockStore(paths.blocks);
    try {
      const state = restoreState(genesis, keys.shard, snapshot);
      const tip = await tipOf(options, blocks, state);
      return await goOn(options, { snapshots, blocks, state, tip });
    } finally {
      await blocks.close();
    }
  } finally {
    lock.release();
  }
}

/**
 * An empty folder begins at the newest proven state of the archive, if there is one. Returns the
 * newest snapshot of the folder, as it then is.
 */
async function begin(
  options: ReplayFolderOptions,
  snapshots: SnapshotStore,
): Promise<Snapshot | null> {
  const { folder, archive } = options;
  const newest = snapshots.newest();
  const start = await folderStart(folder, newest);
  if (start === 'usable') return newest;
  const proven = archive === null ? null : newestProven(archive, options);
  if (proven === null && start !== 'empty') throw withoutState(folder);
  if (proven === null) return null;
  await beginFolder(folder, proven);
  return snapshots.newest();
}

/** The certified tip that the folder's state stands on. */
async function tipOf(
  { genesis, keys, folder }: ReplayFolderOptions,
  blocks: FileBlockStore,
  state: EngineState,
): Promise<ChainTip> {
  if (state.height === 0) return genesisTip(genesis, keys.shard);
  const [certified] = await blocks.certifiedBlocks(state.height, 1, MAX_FRAME_BYTES);
  const root = certified?.certificate.result.stateRoot;
  if (certified === undefined || root === undefined || !equalBytes(root, stateRoot(state))) {
    const what = `the snapshot of height ${state.height} is not the state of the block there`;
    throw new FileError('corrupt', `${folder}: ${what}`);
  }
  return tipAfter(certified);
}

interface Replaying {
  readonly snapshots: SnapshotStore;
  readonly blocks: FileBlockStore;
  readonly state: EngineState;
  readonly tip: ChainTip;
}

async function goOn(options: ReplayFolderOptions, replaying: Replaying): Promise<ReplayReport> {
  const { state, tip, snapshots, blocks } = replaying;
  const { archive, snapshotEveryHeights } = options;
  let waiting: CertifiedBlock[] = [];
  let last: CertifiedBlock | null = null;
  let snapshotHeight = tip.height;
  const store = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    await blocks.appendCertified(batch);
  };
  const keep = async (certified: CertifiedBlock): Promise<void> => {
    const { height, timestampMs } = certified.block.header;
    assert(height === state.height, 'a snapshot is of the state as it is');
    await store();
    await snapshots.write(height, timestampMs, exportEntries(state));
    const path = snapshotPath(validatorPaths(options.folder).snapshots, height);
    await archive?.add(certified, path);
    snapshotHeight = height;
  };
  const commands = await replayLog({
    ...options,
    ...{ state, tip },
    onHeight(certified) {
      last = certified;
      const { height } = certified.block.header;
      if (height > blocks.certifiedHeight()) waiting.push(certified);
      if (height % snapshotEveryHeights === 0) return keep(certified);
      return waiting.length < CATCH_UP_BLOCKS_MAX ? null : store();
    },
  });
  if (last !== null && snapshotHeight < state.height) await keep(last);
  const root = toHex(stateRoot(state));
  return { fromHeight: tip.height, height: state.height, commands, stateRoot: root };
}
