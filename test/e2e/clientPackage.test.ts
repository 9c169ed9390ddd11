import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FOLLOWER } from './clientFollower.js';
import {
  INSTALL_MS_MAX,
  type InstalledClient,
  installClient,
  programsOf,
} from './installedClient.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const run = promisify(execFile);
/** All of it, minified: 175 kB when this was written, a third of that compressed. */
const BROWSER_BYTES_MAX = 200_000;

let client: InstalledClient;
beforeAll(async () => {
  client = await installClient();
}, INSTALL_MS_MAX);
afterAll(() => client?.remove());

/** Bundles a program of the project; every warning is a failure. */
async function bundled(contents: string, options: Parameters<typeof build>[0]) {
  const { outputFiles, metafile, warnings } = await build({
    stdin: { contents, resolveDir: client.project },
    ...{ bundle: true, write: false, metafile: true, logLevel: 'silent', ...options },
  });
  expect(warnings).toEqual([]);
  const inputs = Object.keys(metafile?.inputs ?? {}).filter((path) => path !== '<stdin>');
  return { text: outputFiles?.[0]?.text ?? '', inputs, metafile };
}

const inBrowser = { format: 'esm', platform: 'browser', minify: true } as const;

/** Words in a table of ERRORS.md. */
function errorsNamed(page: string): string[] {
  return Array.from(page.matchAll(/^\| `(\w+Error)`/gm), ([, name]) => name ?? '');
}

describe('the package of the client', () => {
  it('exports each error that its page names, and names each that it exports', async () => {
    const named = errorsNamed(client.read('ERRORS.md'));
    const program = `import * as client from 'nullspace-client';
console.log(Object.keys(client).filter((name) => name.endsWith('Error')).sort().join());`;
    client.write('errors.mjs', program);
    const exported = (await client.run('errors.mjs')).trim().split(',');
    // What its functions tell of an error is no error.
    expect(exported.filter((name) => name !== 'isReadError')).toEqual(named.toSorted());
  });

  it('depends on nothing, and has its licence and those of what is in it', () => {
    const manifest = JSON.parse(client.read('package.json'));
    expect(manifest.license).toBe('Apache-2.0');
    expect(client.read('LICENSE')).toMatch(/^\s*Apache License\s+Version 2\.0, January 2004/);
    expect(manifest.dependencies).toBeUndefined();
    const licences = client.read('LICENSES.txt');
    for (const name of ['@noble/curves', '@noble/hashes', 'ws']) expect(licences).toContain(name);
  });

  it('speaks in its types of nothing that its readers do not have', () => {
    const folder = join(client.project, 'node_modules/nullspace-client/types');
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const texts = names.filter((name) => name.endsWith('.d.ts')).map((name) => `types/${name}`);
    expect(texts.length).toBeGreaterThan(20);
    for (const name of texts)
      expect(client.read(name), name).not.toMatch(/DESIGN|engine's table|reference\//);
  });

  it('goes into a browser without a module of Node, or code from a string', async () => {
    const { text, inputs, metafile } = await bundled(
      "export * from 'nullspace-client';",
      inBrowser,
    );
    expect(inputs.filter((path) => !/nullspace-client\/browser[./]/.test(path))).toEqual([]);
    expect(Object.values(metafile?.outputs ?? {}).flatMap(({ imports }) => imports)).toEqual([]);
    expect(text).not.toMatch(/node:|require\(|new Function|\beval\(/);
    expect(text.length).toBeLessThan(BROWSER_BYTES_MAX);
  });

  it.each([
    ['toHex', 1_000],
    ['openReader', 11_000],
    ['feedMessages', 12_000],
    ['createSigner', 40_000],
  ])('brings with %s what that needs, and no more', async (name, bytesMax) => {
    const program = `import { ${name} } from 'nullspace-client'; console.log(${name});`;
    expect((await bundled(program, inBrowser)).text.length).toBeLessThan(bytesMax);
  });

  it.each(['cjs', 'esm'] as const)('is bundled for Node as %s, and runs', async (format) => {
    const program = `import { clientWorld, openReader } from 'nullspace-client';
const world = clientWorld();
const onClose = (code) => console.log(code, typeof openReader);
world.connect('ws://127.0.0.1:1/', { onOpen() {}, onText() {}, onClose });`;
    const { text } = await bundled(program, { format, platform: 'node' });
    const name = format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs';
    client.write(name, text);
    expect(await client.run(name)).toBe('1006 function\n');
  });
});

/** What there is in Node alone, and in a browser alone. */
const IN_NODE = `import { clientWorld, fileOutbox } from 'nullspace-client/node';
export const worlds = [clientWorld({ outboxDir: 'here' }), clientWorld()];
export const outbox = fileOutbox('here');
// @ts-expect-error a browser's
export { storedOutbox } from 'nullspace-client/node';
`;
const IN_BROWSER = `import { clientWorld, storedOutbox } from 'nullspace-client/browser';
export const world = clientWorld({ outbox: storedOutbox('aa') });
// @ts-expect-error Node's
export { fileOutbox } from 'nullspace-client/browser';
`;

/** What a program has of Node or of a browser, so that no types of either are needed here. */
const SURROUNDINGS = `declare const process: { readonly argv: readonly string[] };
declare const console: { log(...said: readonly unknown[]): void };
`;
const PAGES = ['README.md', 'MONEY.md', 'FAIRNESS.md'];

/** Compiles files of the project by the strictest settings; what the compiler says. */
async function compiled(files: Readonly<Record<string, string>>, resolution: string) {
  for (const [name, text] of Object.entries(files)) client.write(name, text);
  const compilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: false, types: [], target: 'es2022' },
    ...{ noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    ...{ moduleResolution: resolution, lib: ['ES2023'] },
  };
  const config = JSON.stringify({ compilerOptions, files: Object.keys(files) });
  client.write('tsconfig.json', config);
  const options = { cwd: client.project };
  const done = run(process.execPath, [tsc, '-p', client.project], options);
  return done.then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string }) => error.stdout,
  );
}

describe.each(['nodenext', 'bundler'])('the types of the package, by %s', (resolution) => {
  it('stand alone', async () => {
    expect(await compiled({ 'follower.ts': FOLLOWER }, resolution)).toBe('');
  });

  it('are of the surroundings that a program names', async () => {
    const files = { 'inNode.ts': IN_NODE, 'inBrowser.ts': IN_BROWSER };
    expect(await compiled(files, resolution)).toBe('');
  });

  it('take the programs of the pages as they stand', async () => {
    const files: Record<string, string> = { 'surroundings.d.ts': SURROUNDINGS };
    for (const page of PAGES) {
      const programs = programsOf(client.read(page));
      expect(programs.length, page).toBeGreaterThan(0);
      for (const [place, program] of programs.entries()) files[`${page}${place}.ts`] = program;
    }
    expect(await compiled(files, resolution)).toBe('');
  });
});
