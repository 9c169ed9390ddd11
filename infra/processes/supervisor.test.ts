import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSupervisor } from './supervisor.js';

it('starts nothing any more once everything is about to stop', async () => {
  const logFolder = mkdtempSync(join(tmpdir(), 'nullspace-supervisor-'));
  try {
    const supervisor = createSupervisor({ logFolder, onLine: () => undefined });
    supervisor.endRestarts();
    const late = supervisor.start({ name: 'reader-0', role: 'reader', argv: [] });
    await expect(late).rejects.toThrow('reader-0: everything is about to stop');
    expect(readdirSync(logFolder)).toEqual([]);
  } finally {
    rmSync(logFolder, { recursive: true, force: true });
  }
});
