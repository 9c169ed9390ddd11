import { setTimeout as sleep } from 'node:timers/promises';
import type { LogCluster } from './logCluster.js';

const ATTEMPTS = 40;
const WAIT_MS = 100;

/** Asks again while a partition changes its leader or a broker is away. @throws as `ask` */
export async function askAgain<Answer>(
  cluster: LogCluster,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const { retriable } = error as { retriable?: boolean };
      if (retriable === false || attempt === ATTEMPTS) throw error;
      await sleep(WAIT_MS);
      await cluster.refresh();
    }
  }
}
