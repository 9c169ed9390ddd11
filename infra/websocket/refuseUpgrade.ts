import type { Duplex } from 'node:stream';

/**
 * Answers an upgrade with a status and closes. The caller may reset the connection while it is
 * refused: that error belongs to nobody, and without a listener it would end the process.
 */
export function refuseUpgrade(stream: Duplex, status: string, retryAfterSeconds?: number): void {
  stream.on('error', () => stream.destroy());
  const retry = retryAfterSeconds === undefined ? '' : `Retry-After: ${retryAfterSeconds}\r\n`;
  stream.end(`HTTP/1.1 ${status}\r\n${retry}Connection: close\r\n\r\n`);
}
