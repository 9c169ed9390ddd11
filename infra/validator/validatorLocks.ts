import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileError, toFileError } from '../files/errors.js';
import { type FolderLock, lockFolder } from '../postgres/folderLock.js';

/** The one before may be stopping still, when its supervisor was killed. */
const WAIT_MS = 12_000;
const POLL_MS = 100;

async function lockWhenFree(path: string, what: string): Promise<FolderLock> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return lockFolder(path, (message) => {
        return new FileError('in-use', `another validator runs with this ${what}: ${message}`);
      });
    } catch (error) {
      const isHeld = error instanceof FileError && error.code === 'in-use';
      if (!isHeld) throw toFileError(error, path);
      if (performance.now() > deadline) throw error;
    }
    await sleep(POLL_MS);
  }
}

/**
 * Takes the data folder and the key for this process alone: two validators with one key sign
 * against each other, which is what a Byzantine one does. @throws FileError in-use, io
 */
export async function lockValidator(dataDir: string, keyPath: string): Promise<FolderLock> {
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    throw toFileError(error, dataDir);
  }
  const key = await lockWhenFree(`${keyPath}.lock`, 'key');
  try {
    const folder = await lockWhenFree(join(dataDir, 'validator.lock'), 'data folder');
    return {
      release() {
        folder.release();
        key.release();
      },
    };
  } catch (error) {
    key.release();
    throw error;
  }
}
