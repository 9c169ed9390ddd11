// The client as a package of its own: `build({ root, outDir })` after the compiler has written
// dist, or `node infra/package/build.mjs [OUT_DIR]`. It depends on nothing: what it uses is in it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { interpretedCodec, withoutDocs } from '../../schemas/codec/bundlePlugins.mjs';
import { BROWSER, COMMON, NODE } from './surface.mjs';

const own = dirname(fileURLToPath(import.meta.url));

/** ws is CommonJS and asks for Node's modules by `require`. */
const REQUIRE = `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);`;

export async function build({ root, outDir }) {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  const inputs = new Set();
  for (const platform of ['browser', 'node']) {
    const surface = byPath({ ...COMMON, ...(platform === 'node' ? NODE : BROWSER) });
    for (const path of await bundleFor(platform, surface, { root, outDir })) inputs.add(path);
    writeFileSync(join(outDir, `${platform}.d.ts`), entryOf(surface, './types/'));
    copyDeclarations(Object.keys(surface), { root, outDir });
  }
  const { version, license, engines } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const manifest = packageManifest({ version, license, engines });
  writeFileSync(join(outDir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(outDir, 'LICENSES.txt'), licensesOf(root, inputs));
  copyFileSync(join(own, 'README.md'), join(outDir, 'README.md'));
}

function packageManifest({ version, license, engines }) {
  return {
    name: 'nullspace-client',
    version,
    description: 'Plays on, reads and follows a Nullspace chain, and verifies what it is told.',
    ...{ license, type: 'module', sideEffects: false, engines },
    exports: {
      '.': {
        node: { types: './node.d.ts', default: './node.js' },
        default: { types: './browser.d.ts', default: './browser.js' },
      },
      './package.json': './package.json',
    },
    types: './browser.d.ts',
    main: './node.js',
    browser: './browser.js',
  };
}

/** Files as paths of the checkout, without their ends. */
function byPath(surface) {
  const path = (file) => posix.join('infra/package', file).replace(/\.js$/, '');
  return Object.fromEntries(Object.entries(surface).map(([file, names]) => [path(file), names]));
}

/** Every name from the file that has it, as a module. */
function entryOf(surface, folder) {
  const lines = Object.entries(surface).map(
    ([path, names]) => `export { ${names} } from '${folder}${path}.js';`,
  );
  return `${lines.join('\n')}\n`;
}

/** Bundles; gives the paths of what went in. */
async function bundleFor(platform, surface, { root, outDir }) {
  const { metafile } = await bundle({
    stdin: { contents: entryOf(surface, './'), resolveDir: root, loader: 'ts' },
    outfile: join(outDir, `${platform}.js`),
    ...{ bundle: true, format: 'esm', platform, metafile: true, absWorkingDir: root },
    target: platform === 'node' ? 'node20' : 'es2022',
    ...{ legalComments: 'inline', logLevel: 'error' },
    external: platform === 'node' ? ['bufferutil', 'utf-8-validate'] : [],
    banner: platform === 'node' ? { js: REQUIRE } : {},
    plugins: [interpretedCodec, withoutDocs],
  });
  return Object.keys(Object.values(metafile.outputs)[0].inputs);
}

/** The declarations that the compiler wrote for these files, and all that they name. */
function copyDeclarations(paths, { root, outDir }) {
  const waiting = paths.map((path) => `${path}.d.ts`);
  const seen = new Set();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const text = readFileSync(join(root, 'dist', path), 'utf8');
    const target = join(outDir, 'types', path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text.replace(/^\/\/# sourceMappingURL=.*$/m, ''));
    for (const [, specifier] of text.matchAll(/(?:from|import\() ?['"]([^'"]+)['"]/g)) {
      if (!specifier.startsWith('.')) throw new Error(`${path} names types of ${specifier}`);
      waiting.push(posix.join(posix.dirname(path), specifier.replace(/\.js$/, '.d.ts')));
    }
  }
}

/** The licences of the packages whose code is in the bundles. */
function licensesOf(root, inputs) {
  const names = [...inputs].flatMap(
    (path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  const texts = [...new Set(names)].sort().map((name) => {
    const folder = join(root, 'node_modules', name);
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined) throw new Error(`${name} has no licence to pass on`);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return ['Code of other projects is in this package, under their licences.', ...texts].join(
    '\n\n',
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = join(own, '..', '..');
  await build({ root, outDir: process.argv[2] ?? join(root, 'dist', 'client') });
}
