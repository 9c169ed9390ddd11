import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedFiles, writeCryptoVectors } from './generate.js';

const ROOT = new URL('../../../', import.meta.url);

// Writing is an explicit approval of another rule: UPDATE_VECTORS=1 npx vitest run <this file>.
if (process.env.UPDATE_VECTORS === '1') writeCryptoVectors(ROOT);

it.each([...generatedFiles()])('%s is what the generator writes', (path, text) => {
  expect(readFileSync(new URL(path, ROOT), 'utf8')).toBe(text);
});
