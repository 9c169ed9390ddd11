import { READ_TURNS_MAX, READ_TURNS_WAITING_MAX } from '../../schemas/limits.js';
import { addressGroup } from '../websocket/addressLimit.js';
import { isLoopback } from '../websocket/playerPath.js';

interface Queue {
  running: number;
  readonly waiting: (() => void)[];
}

/** Has each address read so many things at once, and no more: the others find a connection. */
export interface AddressTurns {
  /** Runs `read` when it is its turn; null when too many of the address wait already. */
  run<T>(address: string, read: () => Promise<T>): Promise<T | null>;
}

export function createAddressTurns(
  atOnce = READ_TURNS_MAX,
  waitingMax = READ_TURNS_WAITING_MAX,
): AddressTurns {
  const queues = new Map<string, Queue>();
  return {
    async run(address, read) {
      if (isLoopback(address)) return await read();
      const group = addressGroup(address);
      let queue = queues.get(group);
      if (queue === undefined) queues.set(group, (queue = { running: 0, waiting: [] }));
      const { waiting } = queue;
      if (queue.running < atOnce) queue.running += 1;
      else if (waiting.length >= waitingMax) return null;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await read();
      } finally {
        const next = waiting.shift();
        // The turn passes on as it is.
        if (next !== undefined) next();
        else if (--queue.running === 0) queues.delete(group);
      }
    },
  };
}
