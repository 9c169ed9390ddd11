import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningPlatform, startPlatform } from '../browser/runningPlatform.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = join(root, 'dist', 'client');
const run = promisify(execFile);
const TIMEOUT_MS = 120_000;
/** All of it, minified: 170 kB when this was written, a third of that compressed. */
const BROWSER_BYTES_MAX = 200_000;

let project = '';

/** npm without a network: whatever it would have to ask a registry for is a failure. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const flags = ['--offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  const { stdout } = await run('npm', [...args, ...flags], { cwd, timeout: TIMEOUT_MS });
  return stdout;
}

beforeAll(async () => {
  if (!existsSync(built)) throw new Error('build first: npm run build');
  project = mkdtempSync(join(tmpdir(), 'nullspace-project-'));
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  const packed = await npm(['pack', built, '--pack-destination', project], project);
  await npm(['install', `./${packed.trim().split('\n').at(-1)}`], project);
}, TIMEOUT_MS);
afterAll(() => {
  if (project !== '') rmSync(project, { recursive: true, force: true });
});

const installed = (): string => join(project, 'node_modules', 'nullspace-client');

/** The program of the README, as a reader would copy it. */
function firstProgram(): string {
  const text = readFileSync(join(installed(), 'README.md'), 'utf8');
  return /```js\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
}

/** A program of another project, in TypeScript. */
const FOLLOWER = `
import {
  clientWorld, feedMessages, openProvenReader, openReader, openTrust, tipAfter, UnprovenError,
  type ChainTip, type FullBlock, type Proven, type ProvenBlock, type ReadersWord,
} from 'nullspace-client';

declare const process: { readonly argv: readonly string[] };
declare const console: { log(text: string): void };

const url = process.argv[2] ?? '';
const world = clientWorld();
const reader = openReader([url, url], world);
const { trust, genesis } = await openTrust(reader, { chainId: null });
const proven = openProvenReader({ reader, trust });

/** Wants what is proven, and is given nothing else. */
export function seedOf({ certificate }: Proven<ProvenBlock>): Uint8Array {
  return certificate.result.seed;
}
export async function confused(): Promise<void> {
  const said: ReadersWord<FullBlock> = await reader.block(1);
  // @ts-expect-error a reader's word proves nothing
  seedOf(said);
  // @ts-expect-error a made-up row is not even a reader's word
  const word: ReadersWord<FullBlock> = JSON.parse('{}') as FullBlock;
  void word;
}

let after: ChainTip | undefined;
const feed = feedMessages({ urls: url, world, topics: ['blocks'], from: 1 });
for await (const message of feed) {
  if (message.type !== 'block') continue;
  const { height } = message.block;
  const block = await proven.block(height, { ...(after && { after }) });
  after = tipAfter(block.value.block);
  if (seedOf(block).length !== 32 || height === 3) break;
}
let amount = 0n;
for await (const row of reader.history('00'.repeat(32))) amount += BigInt(row.delta);
const other = openTrust(reader, { chainId: '00'.repeat(32) });
const refused = await other.then(() => false, (error: unknown) => error instanceof UnprovenError);
console.log(JSON.stringify({ height: after?.height, name: genesis.name, refused }));
`;

describe('the package of the client', () => {
  it('is small, depends on nothing, and passes on the licences of what is in it', () => {
    const manifest = JSON.parse(readFileSync(join(installed(), 'package.json'), 'utf8'));
    expect(manifest.dependencies).toBeUndefined();
    const licences = readFileSync(join(installed(), 'LICENSES.txt'), 'utf8');
    for (const name of ['@noble/curves', '@noble/hashes', 'ws']) expect(licences).toContain(name);
    expect(firstProgram().trim().split('\n').length).toBeLessThanOrEqual(18);
  });

  it.each(['nodenext', 'bundler'])('has types that stand alone, by %s', async (resolution) => {
    writeFileSync(join(project, 'follower.ts'), FOLLOWER);
    const options = {
      ...{ strict: true, noEmit: true, skipLibCheck: false, types: [], target: 'es2022' },
      module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
      ...{ moduleResolution: resolution, lib: ['ES2023'] },
    };
    const config = { compilerOptions: options, files: ['follower.ts'] };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const compiled = run(process.execPath, [tsc, '-p', project], { cwd: project });
    await expect(compiled).resolves.toMatchObject({ stdout: '' });
  });

  it('goes into a browser without a module of Node, or code from a string', async () => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: "export * from 'nullspace-client';", resolveDir: project },
      ...{ bundle: true, format: 'esm', platform: 'browser', minify: true },
      ...{ write: false, metafile: true, logLevel: 'silent' },
    });
    const inputs = Object.keys(metafile.inputs).filter((path) => path !== '<stdin>');
    expect(inputs.map((path) => path.split('/').at(-1))).toEqual(['browser.js']);
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
    const { text = '' } = outputFiles[0] ?? {};
    expect(text).not.toMatch(/node:|require\(|new Function|\beval\(/);
    expect(text.length).toBeLessThan(BROWSER_BYTES_MAX);
    expect(statSync(join(installed(), 'node.js')).size).toBeGreaterThan(text.length);
  });
});

describe('a program that has installed it', { timeout: TIMEOUT_MS }, () => {
  let platform: RunningPlatform;
  beforeAll(async () => {
    platform = await startPlatform();
  }, TIMEOUT_MS);
  afterAll(() => platform?.stop());

  it('is the first one of the README: plays, and proves what became of it', async () => {
    writeFileSync(join(project, 'first.mjs'), firstProgram());
    const args = ['first.mjs', platform.url, platform.gatewayUrl];
    const { stdout } = await run(process.execPath, args, { cwd: project, timeout: 60_000 });
    expect(stdout).toBe('executed CommandExecuted 3\n');
  });

  it('follows the feed, and proves each block behind the one before', async () => {
    const { code } = transformSync(FOLLOWER, { loader: 'ts', format: 'esm' });
    writeFileSync(join(project, 'follower.mjs'), code);
    const args = ['follower.mjs', platform.url];
    const { stdout } = await run(process.execPath, args, { cwd: project, timeout: 60_000 });
    expect(JSON.parse(stdout)).toMatchObject({ height: 3, refused: true });
  });
});
