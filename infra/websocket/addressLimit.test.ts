import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { addressGroup, createAddressLimit, parseNetworks } from './addressLimit.js';

const nobody = (): boolean => false;

describe('the limit of connections by address', () => {
  it('counts until a connection is closed', async () => {
    const limit = createAddressLimit(2, nobody);
    const first = new PassThrough();
    expect(limit.enter('192.0.2.1', first)).toBe(true);
    expect(limit.enter('192.0.2.1', new PassThrough())).toBe(true);
    expect(limit.enter('192.0.2.1', new PassThrough())).toBe(false);
    expect(limit.enter('192.0.2.2', new PassThrough())).toBe(true);
    first.destroy();
    await new Promise((resolve) => first.once('close', resolve));
    expect(limit.enter('192.0.2.1', new PassThrough())).toBe(true);
    expect(limit.enter('192.0.2.1', new PassThrough())).toBe(false);
  });

  it('is no limit for loopback and for trusted networks', () => {
    const limit = createAddressLimit(0, parseNetworks(['10.0.0.0/8', 'fd00::/8']));
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.9.8.7', '::ffff:10.1.2.3']) {
      expect(limit.enter(address, new PassThrough())).toBe(true);
    }
    expect(limit.enter('fd12::1', new PassThrough())).toBe(true);
    expect(limit.enter('11.0.0.1', new PassThrough())).toBe(false);
    expect(limit.enter('', new PassThrough())).toBe(false);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2:ffff::1', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('%s shares with %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });

  it.each(['10.0.0.0/33', 'example.org', '10.0.0.0/x', '', 'fd00::/129'])(
    'says that %s is no network',
    (network) => {
      expect(() => parseNetworks([network])).toThrow('not an address or network');
    },
  );
});
