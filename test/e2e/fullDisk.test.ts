import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { developmentNetwork } from '../../infra/genesis/developmentNetwork.js';

const PROGRAM = fileURLToPath(new URL('../../dist/infra/processes/nullspace.js', import.meta.url));
const ROLE = fileURLToPath(new URL('../../dist/infra/processes/role.js', import.meta.url));

/** A role that gets ready, and then meets what `failing` rejects with and nobody handles. */
function runFailing(failing: string, output: 'pipe' | number = 'pipe'): SpawnSyncReturns<string> {
  const program = `
    import { runRole } from ${JSON.stringify(ROLE)};
    import { writeSync, openSync } from 'node:fs';
    await runRole('tester', async () => ({ url: 'http://127.0.0.1:1', stop: async () => {} }));
    setTimeout(() => {}, 60_000);
    Promise.reject(await (async () => { ${failing} })().catch((error) => error));`;
  const argv = ['--input-type=module', '--eval', program];
  const stdio = ['ignore' as const, output, output];
  return spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 60_000, stdio });
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

it('a role whose log is on the full disk ends with that status all the same', {
  timeout: 120_000,
}, () => {
  const full = openSync('/dev/full', 'w');
  try {
    expect(runFailing('null.missing;', full).status).toBe(1);
  } finally {
    closeSync(full);
  }
});

it('a role that meets a bug says so, with where it was', { timeout: 120_000 }, () => {
  const { status, stderr } = runFailing('null.missing;');
  expect(stderr).toContain('a bug: the process stops');
  expect(stderr).toContain('"stack"');
  expect(status).toBe(1);
});

it('a validator whose journals cannot grow ends, and says so in one line', {
  timeout: 120_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nullspace-full-'));
  try {
    const { genesisPath, keyPaths } = developmentNetwork(folder, 1, Date.now());
    const argv = [
      ...['validator', '--genesis', genesisPath, '--key', keyPaths[0] as string, '--port', '0'],
      ...['--peers', 'ws://127.0.0.1:1', '--data-dir', join(folder, 'data'), '--no-publish'],
    ];
    // Heights of a chain that nobody plays on fill these few KiB within seconds.
    const limited = ['-c', 'ulimit -f 8; exec "$0" "$@"', process.execPath, PROGRAM, ...argv];
    const { status, stdout, stderr } = spawnSync('sh', limited, {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stdout + stderr).toContain('"msg":"ready"');
    expect(stderr).toMatch(/^validator: stopped itself at height \d+: FileError: .+$/m);
    expect(status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
