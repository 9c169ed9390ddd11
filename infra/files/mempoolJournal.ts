import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MempoolJournal } from '../../command/ports.js';
import { openFrameFile } from './frameFile.js';

/** Envelopes on disk, one frame each. */
export async function openMempoolJournal(folder: string): Promise<MempoolJournal> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'mempool.log');
  rmSync(`${path}.new`, { force: true });
  let file = await openFrameFile(path);
  let turn: Promise<unknown> = Promise.resolve();
  return {
    async append(envelopes) {
      if (envelopes.length === 0) return;
      await turn;
      await file.append(envelopes);
    },
    replay: () => file.readAll(),
    async rewrite(envelopes) {
      const work = async (): Promise<void> => {
        const draft = await openFrameFile(`${path}.new`);
        if (envelopes.length > 0) await draft.append(envelopes);
        await file.close();
        renameSync(`${path}.new`, path);
        file = draft;
      };
      const mine = turn.then(work);
      turn = mine;
      await mine;
    },
    get sizeBytes() {
      return file.sizeBytes;
    },
    async close() {
      await turn;
      await file.close();
    },
  };
}
