import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientOutbox } from '../../command/client/ports.js';
import { toFileError } from './errors.js';

const SUFFIX = '.envelope';
/** `<order>-<hash>.envelope`: read back in the order of keeping. */
const NAME = /^(\d{12})-([0-9a-f]{64})\.envelope$/;

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * A client's open envelopes in a folder of its own, one file each: written aside, made durable,
 * then given its name, so that a file that can be read is whole. Rejects with FileError.
 */
export function fileOutbox(folder: string): ClientOutbox {
  const names = new Map<string, string>();
  let nextOrder = 0;
  const list = async (): Promise<string[]> => {
    await mkdir(folder, { recursive: true });
    const found = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
    for (const name of found) {
      const [, order, id] = NAME.exec(name) as unknown as [string, string, string];
      names.set(id, name);
      nextOrder = Math.max(nextOrder, Number(order) + 1);
    }
    return found;
  };
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toFileError(error, folder);
    }
  };
  return {
    load: () =>
      guarded(async () => {
        const found = await list();
        return Promise.all(
          found.map(async (name) => new Uint8Array(await readFile(join(folder, name)))),
        );
      }),
    keep: (id, envelope) =>
      guarded(async () => {
        const name = `${String(nextOrder++).padStart(12, '0')}-${id}${SUFFIX}`;
        const draft = join(folder, `${name}.new`);
        await mkdir(folder, { recursive: true });
        const handle = await open(draft, 'w');
        try {
          await handle.writeFile(envelope);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(draft, join(folder, name));
        await syncFolder(folder);
        names.set(id, name);
      }),
    remove: (id) =>
      guarded(async () => {
        const name = names.get(id);
        names.delete(id);
        if (name !== undefined) await rm(join(folder, name), { force: true });
      }),
  };
}
