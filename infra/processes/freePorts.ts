import { createServer } from 'node:net';
import { ConfigError } from '../config/loadConfig.js';

function bind(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((answer) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => answer(error));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => answer(null)));
  });
}

/**
 * Whether everything may listen where it is to listen, before anything is started. Throws
 * ConfigError with the port that is not free, and the flag that names another.
 */
export async function requireFreePorts(
  host: string,
  wanted: readonly { readonly flag: string; readonly port: number; readonly what: string }[],
): Promise<void> {
  for (const { flag, port, what } of wanted) {
    const error = port === 0 ? null : await bind(host, port);
    if (error === null) continue;
    if (error.code === 'EADDRINUSE') {
      const taken = `port ${port} on ${host}, for ${what}, is taken by another program`;
      throw new ConfigError(`${taken}: choose another with ${flag}`);
    }
    throw new ConfigError(`nothing can listen on ${host}:${port} (${what}): ${error.message}`);
  }
}
