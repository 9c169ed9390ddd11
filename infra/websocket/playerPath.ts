/** Where players' WebSockets are served; `/` answers too. */
export const PLAYER_PATH = '/play';

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}
