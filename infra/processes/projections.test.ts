import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projections } from './projections.js';

/** Nobody has made it: what is not refused before fails for want of a chain. */
const NOWHERE = ['--data-dir', join(tmpdir(), 'nullspace-no-such-folder')];
const SCHEMA = '--schema (NULLSPACE_SCHEMA): is of swap and prune, not of';
const GRACE = '--grace-ms (NULLSPACE_GRACE_MS): is of prune, not of';
const KEEP = '--keep (NULLSPACE_KEEP): is of rebuild, not of';

it.each([
  ['status', ['--schema', 'p_1'], SCHEMA],
  ['status', ['--keep'], KEEP],
  ['status', ['--grace-ms=0'], GRACE],
  ['swap', ['--threads', '2'], '--threads (NULLSPACE_THREADS): is of rebuild, not of'],
  ['rebuild', ['--schema=p_1'], SCHEMA],
  ['rebuild', ['--grace-ms', '0'], GRACE],
  ['swap', ['--keep'], KEEP],
  ['swap', ['--grace-ms', '0'], GRACE],
  ['prune', ['--keep'], KEEP],
])('%s refuses %j, which it does not heed', async (action, options, words) => {
  const refused = projections([action, ...NOWHERE, ...options]);
  await expect(refused).rejects.toMatchObject({ code: 'config', message: `${words} ${action}` });
});

it.each([
  ['status', ['--json']],
  ['rebuild', ['--keep', '--threads', '2', '--json']],
  ['swap', ['--schema', 'p_1']],
  ['prune', ['--schema', 'p_1', '--grace-ms', '0']],
])('%s takes %j', async (action, options) => {
  const failed = projections([action, ...NOWHERE, ...options]);
  await expect(failed).rejects.toThrow('nullspace-no-such-folder');
});
