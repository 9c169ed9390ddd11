// The client as a package of its own: `build({ root, outDir })` after the compiler has written
// dist, or `node infra/package/build.mjs [OUT_DIR]`. It depends on nothing: what it uses is in it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin as isBuiltinModule } from 'node:module';
import { dirname, join, posix } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { interpretedCodec, withoutDocs } from '../../schemas/codec/bundlePlugins.mjs';
import { BROWSER, COMMON, NODE } from './surface.mjs';

const own = dirname(fileURLToPath(import.meta.url));

export async function build({ root, outDir }) {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  const inputs = new Set();
  for (const platform of ['browser', 'node']) {
    const surface = byPath({ ...COMMON, ...(platform === 'node' ? NODE : BROWSER) });
    for (const path of await bundleFor(platform, surface, { root, outDir })) inputs.add(path);
    writeFileSync(join(outDir, `${platform}.js`), entryOf(valuesOf(surface), `./${platform}/`));
    writeFileSync(join(outDir, `${platform}.d.ts`), entryOf(surface, './types/'));
    copyDeclarations(Object.keys(surface), { root, outDir });
  }
  const { version, license, engines } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const manifest = packageManifest({ version, license, engines });
  writeFileSync(join(outDir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(outDir, 'LICENSES.txt'), licensesOf(root, inputs));
  copyFileSync(join(root, 'LICENSE'), join(outDir, 'LICENSE'));
  for (const name of readdirSync(own).filter((each) => each.endsWith('.md'))) {
    copyFileSync(join(own, name), join(outDir, name));
  }
}

function packageManifest({ version, license, engines }) {
  const node = { types: './node.d.ts', default: './node.js' };
  const browser = { types: './browser.d.ts', default: './browser.js' };
  return {
    name: 'nullspace-client',
    version,
    description: 'Plays on, reads and follows a Nullspace chain, and verifies what it is told.',
    ...{ license, type: 'module', sideEffects: false, engines },
    exports: {
      '.': { node, default: browser },
      // For who resolves without the condition `node`, as TypeScript does for bundlers.
      ...{ './node': node, './browser': browser },
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

/** What there is at run time; a file that has types alone is left out. */
function valuesOf(surface) {
  const values = (names) => names.split(', ').filter((name) => !name.startsWith('type '));
  const entries = Object.entries(surface).map(([path, names]) => [path, values(names).join(', ')]);
  return Object.fromEntries(entries.filter(([, names]) => names !== ''));
}

/**
 * Bundles; gives the paths of what went in. Each file of the surface stays one, and what several
 * need is shared: so who takes one name of the package gets what that needs, and no more.
 */
async function bundleFor(platform, surface, { root, outDir }) {
  const { metafile } = await bundle({
    entryPoints: Object.keys(valuesOf(surface)).map((path) => `${path}.ts`),
    ...{ outdir: join(outDir, platform), outbase: root, chunkNames: 'shared/[hash]' },
    ...{ bundle: true, splitting: true, format: 'esm', platform, metafile: true },
    target: platform === 'node' ? 'node20' : 'es2022',
    ...{ absWorkingDir: root, legalComments: 'inline', logLevel: 'error' },
    plugins: [interpretedCodec, withoutDocs, ...(platform === 'node' ? [importedBuiltins] : [])],
  });
  // What is loaded for its effects alone has none, and is a warning to who bundles the package.
  for (const path of Object.keys(metafile.outputs)) {
    const text = readFileSync(join(root, path), 'utf8');
    writeFileSync(join(root, path), text.replace(/^import "[^"]+";\n/gm, ''));
  }
  return Object.keys(metafile.inputs);
}

/**
 * ws is CommonJS and asks for Node's modules by `require`, which is not there in a module, and
 * which others cannot make CommonJS of again: they are imported. What ws can do without is not.
 */
const importedBuiltins = {
  name: 'imported-builtins',
  setup(plugin) {
    // Two steps: only CommonJS has an export that is no object, and only a module imports.
    plugin.onResolve({ filter: /./ }, ({ path, kind, namespace }) => {
      if (OPTIONAL.has(path)) return { path, namespace: 'missing' };
      if (kind !== 'require-call' || !isBuiltinModule(path)) return undefined;
      return { path, namespace: namespace === 'required' ? 'imported' : 'required' };
    });
    const load = (namespace, contentsOf) =>
      plugin.onLoad({ filter: /./, namespace }, ({ path }) => ({ contents: contentsOf(path) }));
    load('missing', (path) => `throw new Error('without ${path}');`);
    load('required', (path) => `module.exports = require('${path}').default;`);
    load('imported', (path) => `export { default } from 'node:${path.replace(/^node:/, '')}';`);
  },
};

/** Faster copies of what ws has itself. */
const OPTIONAL = new Set(['bufferutil', 'utf-8-validate']);

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
    (path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
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
