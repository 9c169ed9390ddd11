// Bundles the explorer page: `build({ outDir })`; or `node query/explorer/build.mjs OUT_DIR`.
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));

export async function build({ outDir }) {
  mkdirSync(outDir, { recursive: true });
  await bundle({
    entryPoints: [join(here, 'main.tsx')],
    outfile: join(outDir, 'main.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'error',
    define: { global: 'globalThis', 'process.env.NODE_DEBUG': '""' },
    inject: [join(here, 'nodeShim.ts')],
    alias: {
      avsc: 'avsc/etc/browser/avsc-types.js',
      util: join(here, 'nodeShim.ts'),
    },
  });
  for (const file of ['index.html', 'styles.css'])
    copyFileSync(join(here, file), join(outDir, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build({ outDir: process.argv[2] ?? 'dist/explorer' });
}
