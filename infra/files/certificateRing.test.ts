import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { engineChain } from '../../test/simulation/engineChain.js';
import { openCertificateRing, readCertificates } from './certificateRing.js';

const chain = engineChain({ heights: 11, commands: 1, seed: 5 });
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nullspace-ring-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const heightsIn = async (): Promise<readonly number[]> =>
  (await readCertificates(folder)).map(({ result }) => result.height);

it('keeps the newest certificates across restarts, at most twice as many as it must', async () => {
  expect(await heightsIn()).toEqual([]);
  for (const [from, to] of [
    [0, 4],
    [4, 5],
    [5, 11],
  ] as const) {
    const ring = await openCertificateRing(folder, 3);
    const added = chain.slice(from, to).map(({ certified }) => ring.add(certified.certificate));
    await Promise.all(added);
    await ring.close();
    const heights = await heightsIn();
    expect(heights.at(-1)).toBe(to);
    expect(heights).toEqual(chain.slice(to - heights.length, to).map(({ tip }) => tip.height));
    expect(heights.length).toBeGreaterThanOrEqual(Math.min(3, to));
    expect(heights.length).toBeLessThanOrEqual(6);
  }
  expect(readdirSync(folder)).toHaveLength(2);
});
