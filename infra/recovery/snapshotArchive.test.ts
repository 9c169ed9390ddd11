import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ARCHIVED_SNAPSHOTS_MAX } from '../../schemas/limits.js';
import { archiveStates } from '../../test/simulation/archiveStates.js';
import {
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import { FileError } from '../files/errors.js';
import { newestProven } from './provenState.js';
import { openSnapshotArchive, type SnapshotArchive, thinnedOut } from './snapshotArchive.js';

const { chainId } = engineKeys;
const chain = engineChain({ heights: 9, commands: 6, seed: 33 });

let root = '';
let archive: SnapshotArchive;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nullspace-archive-'));
  archive = openSnapshotArchive(root, chainId, 0);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The newest proven state, and what was passed over on the way. */
function prove(maxHeight?: number) {
  const passed: string[] = [];
  const proven = newestProven(archive, {
    ...{ genesis: engineGenesis, keys: engineKeys, verifiers: engineVerifiers },
    ...(maxHeight === undefined ? {} : { maxHeight }),
    onPassedOver: (height, fault) => passed.push(`${height}: ${fault}`),
  });
  return { height: proven?.state.height ?? null, passed };
}

describe('the archive of snapshots', () => {
  it('proves the newest state by the keys of genesis', async () => {
    expect(prove()).toEqual({ height: null, passed: [] });
    await archiveStates(archive, chain, [2, 5, 8]);
    expect(archive.heights()).toEqual([2, 5, 8]);
    expect(prove()).toEqual({ height: 8, passed: [] });
    expect(prove(7)).toEqual({ height: 5, passed: [] });
  });

  it('leaves what is there alone, whoever brings it again', async () => {
    await archiveStates(archive, chain, [5]);
    const [name = ''] = readdirSync(archive.folder);
    const before = readFileSync(join(archive.folder, name));
    await archive.add({ ...chain[4]!.certified }, '/no/such/file');
    expect(readFileSync(join(archive.folder, name)).equals(before)).toBe(true);
  });

  it('says that a snapshot cannot be read, and leaves no draft', async () => {
    const adding = archive.add(chain[4]!.certified, '/no/such/file');
    await expect(adding).rejects.toBeInstanceOf(FileError);
    expect(readdirSync(archive.folder)).toEqual([]);
  });

  it('keeps chains apart', async () => {
    await archiveStates(archive, chain, [5]);
    expect(openSnapshotArchive(root, new Uint8Array(32), 0).heights()).toEqual([]);
  });

  it('proves no snapshot with a byte changed', async () => {
    await archiveStates(archive, chain, [5]);
    const path = join(archive.folder, readdirSync(archive.folder)[0] as string);
    const whole = readFileSync(path);
    // Of the block every third byte, and of the state one of some hundred: its digest covers all.
    const blockEnd = 4 + whole.readUInt32BE(0);
    for (let at = 0; at < whole.length; at += at < blockEnd ? 3 : 301) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] as number) ^ (1 << (at & 7));
      writeFileSync(path, altered);
      const { height, passed } = prove();
      expect({ at, height, passed: passed.length }).toEqual({ at, height: null, passed: 1 });
    }
    await archiveStates(archive, chain, [2]);
    writeFileSync(path, whole.subarray(0, whole.length - 40));
    expect(prove()).toEqual({ height: 2, passed: ['5: it does not read back'] });
  });

  it('proves no state by the block of another', async () => {
    await archiveStates(archive, chain, [5, 6]);
    const [five, six] = readdirSync(archive.folder)
      .sort()
      .map((name) => join(archive.folder, name)) as [string, string];
    const [older, newer] = [readFileSync(five), readFileSync(six)];
    const state = older.subarray(4 + older.readUInt32BE(0));
    writeFileSync(six, Buffer.concat([newer.subarray(0, 4 + newer.readUInt32BE(0)), state]));
    expect(prove()).toEqual({ height: 5, passed: ['6: it is of another block'] });
  });

  it('removes a draft that nobody writes any more', () => {
    const [old, fresh] = ['a.new', 'b.new'].map((name) => join(archive.folder, name));
    for (const path of [old, fresh]) writeFileSync(path as string, 'half');
    utimesSync(old as string, 1_000, 1_000);
    openSnapshotArchive(root, chainId, 0);
    expect(readdirSync(archive.folder)).toEqual(['b.new']);
  });
});

describe('thinning out', () => {
  it('gives nothing up while there is room', () => {
    expect(thinnedOut([10, 20, 30], 3)).toEqual([]);
  });

  it('keeps the first and the newest, and what is left lies evenly', () => {
    const kept: number[] = [];
    for (let height = 2_000; height <= 2_000_000; height += 2_000) {
      kept.push(height);
      for (const gone of thinnedOut(kept, ARCHIVED_SNAPSHOTS_MAX))
        kept.splice(kept.indexOf(gone), 1);
    }
    expect(kept).toHaveLength(ARCHIVED_SNAPSHOTS_MAX);
    expect(kept[0]).toBe(2_000);
    expect(kept.slice(-2)).toEqual([1_998_000, 2_000_000]);
    const gaps = kept.slice(1).map((height, index) => height - (kept[index] as number));
    expect(Math.max(...gaps)).toBeLessThan((3 * 2_000_000) / ARCHIVED_SNAPSHOTS_MAX);
  });
});
