import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { parseNetworks } from './addressLimit.js';
import { clientAddress } from './clientAddress.js';

const trusted = parseNetworks(['10.0.0.0/8']);

it.each([
  ['nobody between', '203.0.113.7', undefined, '203.0.113.7'],
  ['a proxy', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
  ['a proxy on this machine', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
  ['two proxies', '10.0.0.1', '203.0.113.7, 10.0.0.2', '203.0.113.7'],
  [
    'a proxy, before which anything may be written',
    '10.0.0.1',
    '1.1.1.1, 203.0.113.7',
    '203.0.113.7',
  ],
  ['a proxy of somebody else', '203.0.113.7', '1.1.1.1', '203.0.113.7'],
  ['a proxy that names nobody', '10.0.0.1', undefined, '10.0.0.1'],
  ['a proxy that asks for another of ours', '10.0.0.1', '10.0.0.9', '10.0.0.9'],
  ['a proxy that names no address', '10.0.0.1', '10.0.0.9, unknown', 'unknown'],
  ['nobody any more', undefined, '203.0.113.7', ''],
])('is whom limits hold for, with %s', (_, remoteAddress, forwarded, address) => {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const request = { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
  expect(clientAddress(request, trusted)).toBe(address);
});
