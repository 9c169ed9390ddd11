/** Lets some reads run at a time. The others wait in the order in which they came. */
export interface ReadBudget {
  run<T>(read: () => Promise<T>): Promise<T>;
}

/** How many wait is for those who ask to bound. */
export function createReadBudget(most: number): ReadBudget {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    async run(read) {
      if (running < most) running++;
      else await new Promise<void>((wake) => waiting.push(wake));
      try {
        return await read();
      } finally {
        // The place goes to the next one; it is not free in between.
        const wake = waiting.shift();
        if (wake === undefined) running--;
        else wake();
      }
    },
  };
}
