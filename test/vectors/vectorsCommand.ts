import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goldenFiles, goldenTexts } from './goldenFiles.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

function read(path: string): string | null {
  const place = join(root, path);
  return existsSync(place) ? readFileSync(place, 'utf8') : null;
}

/**
 * `npm run vectors [-- --write]`: which golden files would change, exit code 1 if any would; with
 * `--write` it changes them.
 */
export async function main(args: readonly string[]): Promise<number> {
  const isWriting = args.length === 1 && args[0] === '--write';
  if (args.length > 0 && !isWriting) {
    process.stderr.write(`usage: npm run vectors [-- --write] (got ${args.join(' ')})\n`);
    return 2;
  }
  const files = goldenFiles(goldenTexts(), read);
  const stale = files.filter(({ state }) => state !== 'same');
  const say = (line: string): boolean => process.stdout.write(`vectors: ${line}\n`);
  for (const { path, text, state } of stale) {
    if (isWriting) writeFileSync(join(root, path), text);
    say(`${path} ${isWriting ? 'written' : state}`);
  }
  if (stale.length === 0) {
    say(`${files.length} files, all as their generators write them`);
    return 0;
  }
  if (isWriting) {
    say('whoever commits this approves other bytes for every validator, log and client');
    return 0;
  }
  say('-- --write makes them so; to do that is to approve other bytes on purpose');
  return 1;
}
