import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fileOutbox } from './fileOutbox.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nullspace-outbox-'));
  folders.push(folder);
  return join(folder, 'outbox');
}

const id = (number: number): string => number.toString(16).padStart(64, '0');

describe('an outbox of files', () => {
  it('gives back in order what was kept and not removed', async () => {
    const folder = newFolder();
    const first = fileOutbox(folder);
    expect(await first.load()).toEqual([]);
    for (let i = 9; i >= 0; i--) await first.keep(id(i), Uint8Array.of(i));
    await first.remove(id(4));
    await first.remove(id(99));
    const again = fileOutbox(folder);
    const kept = await again.load();
    expect(kept.map(([byte]) => byte)).toEqual([9, 8, 7, 6, 5, 3, 2, 1, 0]);
    await again.keep(id(50), Uint8Array.of(50));
    await again.remove(id(9));
    expect((await fileOutbox(folder).load()).map(([byte]) => byte).at(-1)).toBe(50);
  });

  it('leaves out a file that was not written whole, and whatever else lies there', async () => {
    const folder = newFolder();
    const outbox = fileOutbox(folder);
    await outbox.keep(id(1), Uint8Array.of(1));
    writeFileSync(join(folder, `000000000002-${id(2)}.envelope.new`), 'half');
    writeFileSync(join(folder, 'notes.txt'), 'no envelope');
    expect(await fileOutbox(folder).load()).toEqual([Uint8Array.of(1)]);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('says what the disk says', async () => {
    const folder = newFolder();
    await fileOutbox(folder).load();
    writeFileSync(join(folder, 'file'), '');
    const inFile = fileOutbox(join(folder, 'file'));
    await expect(inFile.keep(id(1), new Uint8Array())).rejects.toMatchObject({ code: 'io' });
    await expect(inFile.load()).rejects.toMatchObject({ name: 'FileError' });
  });
});
