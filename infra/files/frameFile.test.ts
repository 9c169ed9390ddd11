import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { FILE_READ_BYTES } from '../../schemas/limits.js';
import { openExecutedStore } from './executedStore.js';
import { openFrameFile } from './frameFile.js';
import { openSnapshotStore } from './snapshotStore.js';

const folder = mkdtempSync(join(tmpdir(), 'nullspace-frames-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newPath = (): string => join(folder, `file-${files++}`);
const frame = (fill: number, length: number): Uint8Array => new Uint8Array(length).fill(fill);
const FRAMES = [frame(1, 5), frame(2, 1), frame(3, 9), frame(4, 3)];
const HEADER_BYTES = 8;

async function contents(path: string): Promise<Uint8Array[]> {
  const file = await openFrameFile(path);
  const found: Uint8Array[] = [];
  for (let index = 0; index < file.offsets.length; index++) found.push(await file.read(index));
  await file.close();
  return found;
}

async function written(frames: readonly Uint8Array[]): Promise<Buffer> {
  const path = newPath();
  const file = await openFrameFile(path);
  await file.append(frames);
  await file.close();
  return readFileSync(path);
}

/** A small file system of its own; null with the reason where this user may not mount one. */
function mountSmall(): string | null {
  const path = mkdtempSync(join(folder, 'small-'));
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]);
  return mount.status === 0 ? path : null;
}
const small = mountSmall();
if (small === null) process.stdout.write('not run: a full disk: this user may not mount a tmpfs\n');
afterAll(() => {
  if (small !== null) spawnSync('umount', [small]);
});

describe('a file of frames', () => {
  it('gives back what was appended, over openings, with what came at once in order', async () => {
    const path = newPath();
    const file = await openFrameFile(path);
    const places = await Promise.all(FRAMES.map((each) => file.append([each])));
    expect(places).toEqual([0, 1, 2, 3]);
    expect(await file.read(2)).toEqual(FRAMES[2]);
    await expect(file.read(4)).rejects.toMatchObject({ code: 'io', retriable: false });
    await file.close();
    expect(await contents(path)).toEqual(FRAMES);
    expect(statSync(path).size).toBe(file.sizeBytes);
  });

  it('is opened and read from front to back in large pieces, whatever the frames are', async () => {
    const path = newPath();
    const frames = Array.from({ length: 4_000 }, (_, at) => frame(1 + (at % 250), 1 + (at % 900)));
    frames.splice(2_000, 0, frame(7, 2 * FILE_READ_BYTES + 1));
    const file = await openFrameFile(path);
    await file.append(frames);
    await file.close();
    const probe = await open(path);
    const reads = vi.spyOn(Object.getPrototypeOf(probe) as FileHandle, 'read');
    await probe.close();
    const opened = await openFrameFile(path);
    const found: Uint8Array[] = [];
    for await (const each of opened.readAll()) found.push(each);
    const count = reads.mock.calls.length;
    reads.mockRestore();
    expect(Buffer.concat(found).equals(Buffer.concat(frames))).toBe(true);
    expect(found.map(({ length }) => length)).toEqual(frames.map(({ length }) => length));
    const large = Buffer.from(await opened.read(2_000));
    expect(large.equals(frames[2_000] as Uint8Array)).toBe(true);
    // A piece ends within a frame, which is read again: somewhat more than twice the file.
    expect(count).toBeLessThan(2 * (2 + Math.ceil(opened.sizeBytes / FILE_READ_BYTES)) + 4);
    await opened.close();
  });

  it('keeps the whole frames of a file cut at any byte, and can be appended to', async () => {
    const whole = await written(FRAMES);
    const ends = FRAMES.map((_, index) =>
      FRAMES.slice(0, index + 1).reduce((sum, { length }) => sum + HEADER_BYTES + length, 0),
    );
    for (let size = 0; size <= whole.length; size++) {
      const path = newPath();
      writeFileSync(path, whole.subarray(0, size));
      const kept = ends.filter((end) => end <= size).length;
      const file = await openFrameFile(path);
      expect(file.offsets.length, `cut at ${size}`).toBe(kept);
      await file.append([frame(9, 2)]);
      await file.close();
      expect(await contents(path)).toEqual([...FRAMES.slice(0, kept), frame(9, 2)]);
    }
  });

  it('does not open when a bit of a frame flipped that others follow', async () => {
    const whole = await written(FRAMES);
    const lastStart = whole.length - HEADER_BYTES - (FRAMES.at(-1) as Uint8Array).length;
    for (let byte = 0; byte < whole.length; byte++) {
      const path = newPath();
      const flipped = Buffer.from(whole);
      flipped[byte] = (flipped[byte] as number) ^ 0x10;
      writeFileSync(path, flipped);
      if (byte < lastStart) {
        const error = { code: 'corrupt', retriable: false };
        await expect(openFrameFile(path), `byte ${byte}`).rejects.toMatchObject(error);
        expect(readFileSync(path).equals(flipped)).toBe(true);
      } else {
        // What a crash tears off looks the same: it was not yet durable, or is the newest alone.
        expect((await contents(path)).length, `byte ${byte}`).toBe(FRAMES.length - 1);
      }
    }
  });

  it('takes a tail of zeros, as a lost write leaves it, for no frames', async () => {
    const path = newPath();
    writeFileSync(path, Buffer.concat([await written(FRAMES), Buffer.alloc(4_096)]));
    expect(await contents(path)).toEqual(FRAMES);
  });

  it('notices a frame that changes under it', async () => {
    const path = newPath();
    const file = await openFrameFile(path);
    await file.append(FRAMES);
    const bytes = readFileSync(path);
    bytes[HEADER_BYTES] = 0xff;
    writeFileSync(path, bytes);
    await expect(file.read(0)).rejects.toMatchObject({ code: 'corrupt', retriable: false });
    await file.close();
  });

  it('cannot be opened where there is no folder', async () => {
    const path = join(folder, 'no', 'such', 'folder');
    await expect(openFrameFile(path)).rejects.toMatchObject({ code: 'io', retriable: false });
  });

  it.skipIf(small === null)('says that the disk is full, and keeps what was durable', async () => {
    const path = join(small as string, 'frames');
    const file = await openFrameFile(path);
    await file.append([FRAMES[0] as Uint8Array]);
    const full = { code: 'disk-full', retriable: true };
    await expect(file.append([frame(5, 100_000)])).rejects.toMatchObject(full);
    // What is on disk is unknown now: the handle is not trusted again.
    await expect(file.append([FRAMES[1] as Uint8Array])).rejects.toMatchObject(full);
    await file.close();
    expect(await contents(path)).toEqual([FRAMES[0]]);
    rmSync(path);
  });
});

describe.skipIf(small === null)('on a full disk', () => {
  it('an executed height is stored whole or not at all', () => {
    const at = join(small as string, 'executed');
    const store = openExecutedStore(at, 1);
    store.append(1, frame(1, 100));
    expect(() => store.append(2, frame(2, 100_000))).toThrow(
      expect.objectContaining({ code: 'disk-full', retriable: true }),
    );
    store.append(2, frame(3, 100));
    store.close();
    const again = openExecutedStore(at, 1);
    expect(again.last()).toBe(2);
    expect(again.read(2)).toEqual(frame(3, 100));
    again.close();
    rmSync(at, { recursive: true });
  });

  it('a snapshot that does not fit leaves the one before', async () => {
    const store = openSnapshotStore(join(small as string, 'snapshots'));
    await store.write(1, 10, [[frame(1, 4), frame(2, 4)]]);
    const big = Array.from({ length: 100 }, (_, i) => [frame(i, 32), frame(i, 2_000)] as const);
    const full = { code: 'disk-full', retriable: true };
    await expect(store.write(2, 20, big)).rejects.toMatchObject(full);
    expect(store.newest()?.height).toBe(1);
    await store.write(3, 30, [[frame(1, 4), frame(3, 4)]]);
    expect(store.newest()?.height).toBe(3);
  });
});
