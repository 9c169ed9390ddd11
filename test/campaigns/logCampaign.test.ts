import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { runLogCampaign } from './logCampaign.js';

const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-campaign-'));
const platform = { log: 'postgres', brokers: false, dataDir, basePort: undefined } as const;
const options = { ...platform, seed: 5, players: 3 };
const whole = { missing: 0, doubled: 0, conflicts: 0, lostAccepted: 0, fault: null };

afterAll(async () => {
  await removeEmbeddedData(join(dataDir, 'postgres'));
  rmSync(dataDir, { recursive: true, force: true });
});

it('loses and doubles nothing when publishers are killed, and goes on where it was stopped', async () => {
  const first = await runLogCampaign({ ...options, kills: 1 }, () => {});
  expect(first).toMatchObject({ kills: 1, findings: whole });
  const second = await runLogCampaign({ ...options, kills: 2 }, () => {});
  expect(second).toMatchObject({ kills: 2, findings: whole });
  expect(second.findings.heights).toBeGreaterThan(first.findings.heights);
}, 900_000);
