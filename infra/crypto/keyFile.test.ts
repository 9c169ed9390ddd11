import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { publicKeyOf } from '../../schemas/crypto/ed25519.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { keysOf, readKeyFile, writeKeyFile } from './keyFile.js';

const folder = mkdtempSync(join(tmpdir(), 'nullspace-key-file-'));
const seed = new Uint8Array(32).fill(11);
const share = new Uint8Array(32).fill(12);
const good = {
  format: 'nullspace-key-1',
  publicKey: toHex(publicKeyOf(seed)),
  seed: toHex(seed),
};

afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
}

describe('key files', () => {
  it('come back as they were written, for the owner only', () => {
    for (const beaconShare of [null, share]) {
      const path = join(folder, beaconShare === null ? 'player.json' : 'validator.json');
      writeKeyFile(path, keysOf(seed, beaconShare));
      expect(readKeyFile(path)).toEqual({ seed, publicKey: publicKeyOf(seed), beaconShare });
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
  });

  it('are never overwritten', () => {
    const path = join(folder, 'once.json');
    writeKeyFile(path, keysOf(seed));
    expect(() => writeKeyFile(path, keysOf(share))).toThrow(
      expect.objectContaining({ code: 'key-file-exists', retriable: false, path }),
    );
    expect(readKeyFile(path).seed).toEqual(seed);
  });

  it.each([0o640, 0o604, 0o666])('are refused with mode %o', (mode) => {
    const path = fileWith('exposed.json', JSON.stringify(good), mode);
    expect(() => readKeyFile(path)).toThrow(expect.objectContaining({ code: 'key-file-exposed' }));
  });

  it.each([
    ['no JSON', `{"seed": "${good.seed}`],
    ['another format', JSON.stringify({ ...good, format: 'nullspace-key-2' })],
    ['a short seed', JSON.stringify({ ...good, seed: good.seed.slice(2) })],
    ['upper-case hex', JSON.stringify({ ...good, publicKey: good.publicKey.toUpperCase() })],
    ['an unknown field', JSON.stringify({ ...good, comment: 'mine' })],
    ['the public key of another seed', JSON.stringify({ ...good, seed: toHex(share) })],
    ['a beacon share of zero', JSON.stringify({ ...good, beaconShare: '00'.repeat(32) })],
    ['a beacon share above r', JSON.stringify({ ...good, beaconShare: 'ff'.repeat(32) })],
    ['five kilobytes', `${JSON.stringify(good)}${' '.repeat(5_000)}`],
  ])('are refused with %s, and the message tells no secret', (name, text) => {
    const path = fileWith('malformed.json', text);
    const read = () => readKeyFile(path);
    expect(read).toThrow(expect.objectContaining({ code: 'key-file-malformed' }));
    expect(read, name).not.toThrow(new RegExp(good.seed.slice(0, 20)));
  });

  it('name what the operating system refuses', () => {
    const missing = expect.objectContaining({ code: 'key-file-missing' });
    expect(() => readKeyFile(join(folder, 'nowhere.json'))).toThrow(missing);
    expect(() => writeKeyFile(join(folder, 'no', 'folder.json'), keysOf(seed))).toThrow(missing);
    chmodSync(folder, 0o700);
    const directory = expect.objectContaining({ code: 'key-file-unreadable' });
    expect(() => readKeyFile(folder)).toThrow(directory);
  });
});
