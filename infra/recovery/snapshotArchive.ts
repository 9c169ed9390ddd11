import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode } from '../../schemas/codec/codec.js';
import { toHex, uint32 } from '../../schemas/kernel/bytes.js';
import { ARCHIVED_SNAPSHOTS_MAX } from '../../schemas/limits.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import { toFileError } from '../files/errors.js';
import { parseSnapshot, type Snapshot } from '../files/snapshotStore.js';

/** A state and the certified block whose result names its root. Neither is proven by being here. */
export interface ArchivedSnapshot {
  readonly certified: CertifiedBlock;
  readonly snapshot: Snapshot;
  /** The file that a store of snapshots has of it. */
  readonly file: Uint8Array;
}

/** Snapshots of one chain and shard in a folder that validators share and none of them needs. */
export interface SnapshotArchive {
  readonly folder: string;
  /** Ascending. @throws FileError */
  heights(): readonly number[];
  /** Null for a file that does not read back whole. @throws FileError */
  read(height: number): ArchivedSnapshot | null;
  /**
   * Copies the snapshot in `path`, unless one of its height is here. Durable on resolve. Beyond
   * ARCHIVED_SNAPSHOTS_MAX those go that stand nearest to their neighbours. Rejects with FileError.
   */
  add(certified: CertifiedBlock, path: string): Promise<void>;
}

/** The newest ones are never thinned out: a validator that lost its folder begins there. */
const NEWEST_KEPT = 2;
/** A draft this old has nobody who writes it. */
const DRAFT_MS_MAX = 3_600_000;
const LENGTH_BYTES = 4;

function fileName(height: number): string {
  return `certified-${String(height).padStart(12, '0')}.bin`;
}

function heightsIn(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => /^certified-(\d+)\.bin$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Which of ascending heights to give up, so that what is left lies as evenly as can be. */
export function thinnedOut(heights: readonly number[], max: number): readonly number[] {
  const kept = [...heights];
  const gone: number[] = [];
  while (kept.length > max) {
    let at = 1;
    const gapAt = (index: number) => (kept[index + 1] as number) - (kept[index - 1] as number);
    for (let i = 2; i < kept.length - NEWEST_KEPT; i++) if (gapAt(i) < gapAt(at)) at = i;
    gone.push(...kept.splice(at, 1));
  }
  return gone;
}

/**
 * A file is: length (uint32) and bytes of the framed CertifiedBlock, then the file of a
 * SnapshotStore. Null for anything else.
 */
function parseArchived(bytes: Uint8Array): ArchivedSnapshot | null {
  if (bytes.length < LENGTH_BYTES) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const file = bytes.subarray(LENGTH_BYTES + length);
  const snapshot = parseSnapshot(file);
  if (snapshot === null) return null;
  const block = bytes.slice(LENGTH_BYTES, LENGTH_BYTES + length);
  const certified = decode('CertifiedBlock', block, block.length);
  return certified.ok ? { certified: certified.value, snapshot, file } : null;
}

function removeOldDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.endsWith('.new')) continue;
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > DRAFT_MS_MAX) rmSync(path);
  }
}

/** In a folder of its own in `root`, so that chains do not meet. @throws FileError */
export function openSnapshotArchive(
  root: string,
  chainId: Uint8Array,
  shard: number,
): SnapshotArchive {
  const folder = join(root, `${toHex(chainId).slice(0, 16)}-${shard}`);
  const guarded = <T>(path: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw toFileError(error, path);
    }
  };
  guarded(folder, () => {
    mkdirSync(folder, { recursive: true });
    removeOldDrafts(folder);
  });
  const pathOf = (height: number) => join(folder, fileName(height));
  const heights = () => guarded(folder, () => heightsIn(folder));
  return {
    folder,
    heights,
    read: (height) =>
      guarded(pathOf(height), () => parseArchived(new Uint8Array(readFileSync(pathOf(height))))),
    async add(certified, path) {
      const { height } = certified.block.header;
      if (heights().includes(height)) return;
      const draft = `${pathOf(height)}.${randomUUID()}.new`;
      try {
        await writeDraft(draft, encode('CertifiedBlock', certified), path);
        await rename(draft, pathOf(height));
        for (const old of thinnedOut(heights(), ARCHIVED_SNAPSHOTS_MAX)) {
          await rm(pathOf(old), { force: true });
        }
      } catch (error) {
        await rm(draft, { force: true });
        throw toFileError(error, draft);
      }
    },
  };
}

async function writeDraft(draft: string, certified: Uint8Array, path: string): Promise<void> {
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(uint32(certified.length));
    await file.writeFile(certified);
    for await (const piece of createReadStream(path)) await file.writeFile(piece as Buffer);
    await file.sync();
  } finally {
    await file.close();
  }
}
