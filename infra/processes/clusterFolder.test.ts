import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ConfigError } from '../config/loadConfig.js';
import { readSettings } from './clusterFolder.js';

const folder = mkdtempSync(join(tmpdir(), 'nullspace-cluster-folder-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('quotes nothing of settings that are not JSON: they may hold a password', () => {
  const path = join(folder, 'cluster.json');
  writeFileSync(path, '{"databaseUrl": S3cret}');
  const read = (): unknown => readSettings(folder);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(`${path}: not JSON`);
  expect(read).not.toThrow('S3cret');
});
