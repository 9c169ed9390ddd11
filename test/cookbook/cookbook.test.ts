import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { eventually, freePorts, type Running, startProgram } from '../e2e/nullspaceProgram.js';

const PROGRAM = fileURLToPath(new URL('../../dist/infra/processes/nullspace.js', import.meta.url));
const README = readFileSync(new URL('README.md', import.meta.url), 'utf8');
const RECIPES = [...README.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) => text);
/** Explorer and gateway, then validators with what follows them. */
const PORTS = 40;

const folder = mkdtempSync(join(tmpdir(), 'nullspace-cookbook-'));
const dataDir = join(folder, '.data');
let first = 0;
let platform: Running;

beforeAll(async () => {
  first = await freePorts(PORTS);
  // `npx nullspace` of the page is the built program; everything else of it is used as it stands.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`;
  writeFileSync(join(bin, 'npx'), npx, { mode: 0o755 });
  const ports = ['--explorer-port', first, '--gateway-port', first + 1, '--base-port', first + 2];
  const size = ['--validators', '1'];
  platform = startProgram(['start', ...size, '--data-dir', dataDir, ...ports.map(String)]);
  await eventually(() => platform.stdout().includes('ready: '), 'the platform is ready', 180_000);
}, 200_000);

afterAll(async () => {
  platform.child.kill('SIGTERM');
  await platform.finished;
  await removeEmbeddedData(join(dataDir, 'postgres'));
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

/** The recipe with this platform's ports in the place of the usual ones. */
function here(recipe: string): string {
  return recipe
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${first}`)
    .replaceAll('nullspace demo', `nullspace demo ${demoFlags()}`);
}

function demoFlags(): string {
  return `--reader http://127.0.0.1:${first} --url ws://127.0.0.1:${first + 1}/play`;
}

it.each(RECIPES.map((recipe) => [recipe.split('\n')[0] ?? '', recipe]))(
  '%s',
  (_title, recipe) => {
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['-eu', '-o', 'pipefail', '-c', here(recipe)],
      {
        cwd: folder,
        env: {
          ...process.env,
          PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
          INIT_CWD: folder,
        },
        encoding: 'utf8',
        timeout: 110_000,
      },
    );
    expect(status, `${stdout}${stderr}`).toBe(0);
    expect(stdout.trim()).not.toBe('');
  },
  120_000,
);
