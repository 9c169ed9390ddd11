// Bundles the explorer page: `build({ outDir })`; or `node query/explorer/build.mjs OUT_DIR`.
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { interpretedCodec, withoutDocs } from '../../schemas/codec/bundlePlugins.mjs';

const here = dirname(fileURLToPath(import.meta.url));

export async function build({ outDir }) {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(here, '../../package.json'), 'utf8'));
  await bundle({
    entryPoints: { main: join(here, 'main.tsx'), styles: join(here, 'styles/main.css') },
    outdir: outDir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'error',
    define: { PAGE_VERSION: JSON.stringify(version) },
    plugins: [interpretedCodec, withoutDocs],
  });
  for (const file of ['index.html', 'favicon.svg'])
    copyFileSync(join(here, file), join(outDir, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build({ outDir: process.argv[2] ?? 'dist/explorer' });
}
