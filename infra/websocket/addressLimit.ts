import { BlockList, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConfigError } from '../config/loadConfig.js';
import { isLoopback } from './playerPath.js';

/** How many connections an address may have open at once. */
export interface AddressLimit {
  /** Counts the connection until it closes. False when the address has as many as it may. */
  enter(address: string, stream: Duplex): boolean;
}

/**
 * Whether an address is trusted: loopback is, and `10.0.0.0/8`, `fd00::/8` or single addresses as
 * given. Throws ConfigError for anything else.
 */
export function parseNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const version = isIP(address);
    const prefix = bits === undefined ? (version === 4 ? 32 : 128) : Number(bits);
    const isWhole = Number.isInteger(prefix) && prefix >= 0 && prefix <= (version === 4 ? 32 : 128);
    if (version === 0 || !isWhole) throw new ConfigError(`${network}: not an address or network`);
    list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    if (isLoopback(address)) return true;
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  };
}

/** IPv4 in its own form also where the socket is one of IPv6. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped ?? (address.split('%')[0] as string);
}

/** Who shares a limit: an IPv4 address, or the 64 bits of IPv6 that one customer has whole. */
export function addressGroup(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  const groups = [...left, ...(tail === undefined ? [] : zeros), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** Trusted addresses share a limit with nobody. */
export function createAddressLimit(
  connectionsMax: number,
  trusted: (address: string) => boolean,
): AddressLimit {
  const counts = new Map<string, number>();
  return {
    enter(address, stream) {
      if (trusted(address)) return true;
      const group = addressGroup(address);
      const open = counts.get(group) ?? 0;
      if (open >= connectionsMax) return false;
      counts.set(group, open + 1);
      stream.once('close', () => {
        const left = (counts.get(group) ?? 1) - 1;
        if (left > 0) counts.set(group, left);
        else counts.delete(group);
      });
      return true;
    },
  };
}
