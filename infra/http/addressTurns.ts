import { createReadBudget, type ReadBudget } from '../../query/feeds/readBudget.js';
import { READ_TURNS_MAX, READ_TURNS_WAITING_MAX } from '../../schemas/limits.js';
import { addressGroup } from '../websocket/addressLimit.js';

interface Asked {
  readonly budget: ReadBudget;
  /** Under way, or waiting. */
  reads: number;
}

/**
 * Has each address read so many things at once, and no more: the others find a connection. Those
 * that are trusted read as they like.
 */
export interface AddressTurns {
  /** Runs `read` when it is its turn; null when too many of the address wait already. */
  run<T>(address: string, read: () => Promise<T>): Promise<T | null>;
}

export function createAddressTurns(
  trusted: (address: string) => boolean,
  atOnce = READ_TURNS_MAX,
  waitingMax = READ_TURNS_WAITING_MAX,
): AddressTurns {
  const groups = new Map<string, Asked>();
  return {
    async run(address, read) {
      if (trusted(address)) return await read();
      const group = addressGroup(address);
      const asked = groups.get(group) ?? { budget: createReadBudget(atOnce), reads: 0 };
      if (asked.reads >= atOnce + waitingMax) return null;
      groups.set(group, asked);
      asked.reads += 1;
      try {
        return await asked.budget.run(read);
      } finally {
        asked.reads -= 1;
        if (asked.reads === 0) groups.delete(group);
      }
    },
  };
}
