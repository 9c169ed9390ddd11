// dist from the sources: `tsc -b`, the files that are read at run time, and the explorer's bundle.
// A digest of all sources in dist/.sources tells whether dist is of today, whatever git did to
// mtimes.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { expectedFailure, runProgram } from './childProcess.mjs';

const FOLDERS = ['schemas', 'command', 'consensus', 'projections', 'query', 'infra', 'test'];
const ROOT_FILES = ['package.json', 'package-lock.json', 'tsconfig.json'];
const SOURCES = new Set([
  '.ts',
  '.tsx',
  '.mts',
  '.mjs',
  '.json',
  '.avsc',
  '.sql',
  '.html',
  '.css',
  '.svg',
]);
/** Read by the compiled program beside its own file. */
const ASSETS = new Set(['.avsc', '.sql']);
/** What is bundled once the compiler is done, and below which name in dist. */
const BUNDLES = [
  ['query/explorer/build.mjs', 'explorer'],
  ['infra/package/build.mjs', 'client'],
];
const OUTPUT = /\.(?:js|d\.ts|js\.map|avsc|sql)$/;

const stampPath = (root) => join(root, 'dist', '.sources');

/** Copied into the package, so they are among the things that dist is made from. */
function packageTexts(root) {
  const folder = 'infra/package';
  const pages = readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));
  return ['LICENSE', ...pages.sort().map((name) => `${folder}/${name}`)];
}

/** SHA-256 over names and contents of everything that dist is made from. */
export function sourceDigest(root) {
  const hash = createHash('sha256');
  for (const path of [...ROOT_FILES, ...packageTexts(root), ...sourceFiles(root)]) {
    const content = readFileSync(join(root, path));
    hash.update(`\n${path} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

export function buildIsCurrent(root, digest) {
  return existsSync(stampPath(root)) && readFileSync(stampPath(root), 'utf8') === digest;
}

/** Builds and stamps; with `force`, from nothing. Throws after printing the compiler's findings. */
export async function buildSources(root, digest, { say, force }) {
  const isFirst = !existsSync(stampPath(root));
  if (isFirst || force) say('building');
  rmSync(stampPath(root), { force: true });
  if (force) {
    for (const folder of [...FOLDERS, '.tsbuildinfo', 'explorer', 'client']) {
      rmSync(join(root, 'dist', folder), { recursive: true, force: true });
    }
  }
  await compile(root);
  removeOrphans(root);
  for (const path of sourceFiles(root)) if (ASSETS.has(extname(path))) copyAsset(root, path);
  for (const [path, name] of BUNDLES) {
    if (!existsSync(join(root, path))) continue;
    const { build } = await import(pathToFileURL(join(root, path)).href);
    await build({ root, outDir: join(root, 'dist', name) });
  }
  writeFileSync(stampPath(root), digest);
}

async function compile(root) {
  const program = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [program, '-b', '--pretty', String(process.stderr.isTTY === true)];
  const { code, output } = await runProgram(process.execPath, args, { cwd: root });
  if (code === 0) return;
  process.stderr.write(`${output.trimEnd()}\n`);
  throw expectedFailure('the sources do not compile');
}

/** Paths below the source folders, relative to the root, in a fixed order. */
function sourceFiles(root) {
  const found = [];
  const visit = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (SOURCES.has(extname(entry.name))) found.push(path);
    }
  };
  for (const folder of FOLDERS) if (existsSync(join(root, folder))) visit(folder);
  return found.sort();
}

/** Removes outputs whose source is gone: a renamed file must not live on under its old name. */
function removeOrphans(root) {
  const visit = (folder) => {
    for (const entry of readdirSync(join(root, 'dist', folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (OUTPUT.test(path) && !hasSource(root, path)) unlinkSync(join(root, 'dist', path));
    }
  };
  for (const folder of FOLDERS) if (existsSync(join(root, 'dist', folder))) visit(folder);
}

function hasSource(root, path) {
  if (ASSETS.has(extname(path))) return existsSync(join(root, path));
  const stem = path.replace(OUTPUT, '');
  return existsSync(join(root, `${stem}.ts`)) || existsSync(join(root, `${stem}.tsx`));
}

function copyAsset(root, path) {
  const target = join(root, 'dist', path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(root, path), target);
}
