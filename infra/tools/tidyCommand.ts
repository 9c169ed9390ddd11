import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkTree } from './tidy/checkTree.js';
import { applyExceptions, EXCEPTIONS_PATH } from './tidy/exceptions.js';
import { readTree } from './tidy/readTree.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** `npm run tidy`: one line a finding, last a summary. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    process.stderr.write(`usage: npm run tidy (it takes no arguments; got ${args.join(' ')})\n`);
    return 2;
  }
  const files = readTree(root);
  const list = join(root, EXCEPTIONS_PATH);
  const text = existsSync(list) ? readFileSync(list, 'utf8') : '';
  const { findings, excepted } = applyExceptions(checkTree(files), text);
  for (const { path, line, rule, message } of findings) {
    process.stdout.write(`${path}:${line}: ${message} [${rule}]\n`);
  }
  const known = excepted === 0 ? '' : `, ${excepted} known in ${EXCEPTIONS_PATH}`;
  process.stdout.write(`tidy: ${files.length} files, ${findings.length} findings${known}\n`);
  return findings.length === 0 ? 0 : 1;
}
