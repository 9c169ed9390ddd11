import { createServer } from 'node:net';
import { PostgresError } from './errors.js';

/** Below 32768, where the kernel takes its ephemeral ports from. */
const PORT_RANGE = { first: 20_000, count: 12_000 } as const;

/** Whether nothing listens on a loopback port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const probe = createServer();
    probe.once('error', () => answer(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      probe.close(() => answer(true));
    });
  });
}

/** A loopback port that nothing listens on at the moment, below the ephemeral range. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = PORT_RANGE.first + Math.floor(Math.random() * PORT_RANGE.count);
    if (await isFree(port)) return port;
  }
  throw new PostgresError('portTaken', 'no free port found between 20000 and 32000');
}
