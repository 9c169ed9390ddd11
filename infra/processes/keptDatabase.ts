import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedPostgres } from '../postgres/embeddedPostgres.js';

/** A database for as long as the platform runs. */
export interface KeptDatabase {
  readonly url: string;
  stop(): Promise<void>;
}

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

/**
 * Opens the embedded server and starts it again whenever it has ended, whoever ended it. Its URL
 * stays: roles dial it again by themselves. Rejects when the first start fails.
 */
export async function keepDatabase(
  open: () => Promise<EmbeddedPostgres>,
  onLine: (line: string) => void,
): Promise<KeptDatabase> {
  let current = await open();
  let stopping = false;
  let opening: Promise<void> = Promise.resolve();

  const reopen = async (): Promise<void> => {
    await current.stop(); // frees what the dead server held
    for (let pauseMs = RETRY_MS_MIN; !stopping; pauseMs = Math.min(2 * pauseMs, RETRY_MS_MAX)) {
      try {
        current = await open();
        return;
      } catch (error) {
        onLine(`postgres does not start: ${(error as Error).message}`);
        await sleep(pauseMs);
      }
    }
  };
  const watch = async (): Promise<void> => {
    while (!stopping) {
      await current.ended;
      if (stopping) return;
      onLine('postgres ended; starting it again');
      opening = reopen();
      await opening;
    }
  };
  void watch();
  return {
    url: current.url,
    async stop() {
      stopping = true;
      await opening;
      await current.stop();
    },
  };
}
