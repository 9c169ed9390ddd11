import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROLE = fileURLToPath(new URL('../../dist/infra/processes/role.js', import.meta.url));

/** A role that gets ready, and then meets what `failing` rejects with and nobody handles. */
function runFailing(failing: string): SpawnSyncReturns<string> {
  const program = `
    import { runRole } from ${JSON.stringify(ROLE)};
    import { writeSync, openSync } from 'node:fs';
    await runRole('tester', async () => ({ url: 'http://127.0.0.1:1', stop: async () => {} }));
    setTimeout(() => {}, 60_000);
    Promise.reject(await (async () => { ${failing} })().catch((error) => error));`;
  const argv = ['--input-type=module', '--eval', program];
  return spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 60_000 });
}

it('a role that meets a full disk ends, and says so in one line that is no bug', {
  timeout: 120_000,
}, () => {
  const { status, stderr } = runFailing(`writeSync(openSync('/dev/full', 'w'), 'x');`);
  const words = 'no space is left for a file of this process';
  expect(stderr).toMatch(new RegExp(`"code":"disk-full".*${words}.*\\ntester: ${words}\\n$`));
  expect(stderr).not.toMatch(/a bug|"stack"/);
  expect(status).toBe(1);
});

it('a role that meets a bug says so, with where it was', { timeout: 120_000 }, () => {
  const { status, stderr } = runFailing('null.missing;');
  expect(stderr).toContain('a bug: the process stops');
  expect(stderr).toContain('"stack"');
  expect(status).toBe(1);
});
