import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedFiles } from './generate.js';

const ROOT = new URL('../../../', import.meta.url);

it.each([...generatedFiles()])('%s is what the generator writes', (path, text) => {
  expect(readFileSync(new URL(path, ROOT), 'utf8')).toBe(text);
});
