import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { ATTACKS } from './hostile/attacks.js';
import { runHostileCampaign } from './hostileCampaign.js';

const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-hostile-'));

afterAll(async () => {
  await removeEmbeddedData(join(dataDir, 'postgres'));
  rmSync(dataDir, { recursive: true, force: true });
});

it('leaves clean tables when a validator writes what it likes, and goes on', async () => {
  const size = { megabytes: 4, seconds: 2, seed: 3 };
  const options = { ...size, log: 'postgres', basePort: undefined } as const;
  const result = await runHostileCampaign({ ...options, dataDir }, () => {});
  expect(result.different).toEqual([]);
  expect(result.attacks).toHaveLength(ATTACKS.size);
  for (const { name, records, publishedMs, visibleMs } of result.attacks) {
    expect(records, name).toBeGreaterThan(5);
    expect(Math.max(publishedMs, visibleMs), name).toBeLessThan(10_000);
  }
  expect(result.others).toBeGreaterThan(1_000);
  expect(result.droppedRecords).toBeGreaterThan(1_000);
}, 900_000);
