// For esbuild: the codec as it goes into a browser, in the explorer's page and the client package.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * The codec without generated code: the page's policy allows no eval (interpretedTypes.ts).
 */
export const interpretedCodec = {
  name: 'interpreted-codec',
  setup(plugin) {
    plugin.onResolve({ filter: /\/avroTypes\.js$/ }, () => ({
      path: join(here, 'interpretedTypes.ts'),
    }));
  },
};

/** Texts of documentation in the definitions are for readers of the sources. */
export const withoutDocs = {
  name: 'definitions-without-docs',
  setup(plugin) {
    plugin.onLoad({ filter: /schemas[\\/]types[\\/]definitions\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        /\n?\s*\bdoc:\s*(['"])(?:\\.|(?!\1).)*\1,?/g,
        '',
      ),
      loader: 'ts',
    }));
  },
};
