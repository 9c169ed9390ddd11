import { posix } from 'node:path';
import type { Finding } from './finding.js';
import type { TreeFile } from './sourceFile.js';

const README_LINES_MAX = 80;

/** Folders that a newcomer opens first: each says what it is for. */
const FOLDERS = ['schemas', 'command', 'consensus', 'projections', 'query', 'infra', 'test'];

/** READMEs: there, short, and with links that lead somewhere. */
export function checkProse(files: readonly TreeFile[]): Finding[] {
  const paths = new Set(files.map(({ path }) => path));
  const missing = FOLDERS.filter((folder) => !paths.has(`${folder}/README.md`)).map(
    (folder): Finding => ({
      path: `${folder}/README.md`,
      line: 1,
      rule: 'readme',
      message: 'is missing: purpose, what flows in and out, invariants, how to test it alone',
    }),
  );
  const prose = files.filter(({ path }) => path.endsWith('.md'));
  return [...missing, ...prose.flatMap((file) => [...readmeLength(file), ...links(file, paths)])];
}

function readmeLength({ path, text }: TreeFile): Finding[] {
  if (posix.basename(path) !== 'README.md') return [];
  const lines = text.trimEnd().split('\n').length;
  if (lines <= README_LINES_MAX) return [];
  const message = `${lines} lines, at most ${README_LINES_MAX}: leave out what the code says`;
  return [{ path, line: README_LINES_MAX + 1, rule: 'readme', message }];
}

/** Relative links must lead to a file or folder of the tree. */
function links({ path, text }: TreeFile, paths: ReadonlySet<string>): Finding[] {
  return text.split('\n').flatMap((words, index) =>
    [...words.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].flatMap(([, link = '']): Finding[] => {
      if (/^[a-z]+:/.test(link)) return [];
      const target = posix.normalize(posix.join(posix.dirname(path), link)).replace(/\/$/, '');
      const isThere = paths.has(target) || [...paths].some((one) => one.startsWith(`${target}/`));
      if (isThere) return [];
      const message = `the link to ${link} leads nowhere: mend or remove it`;
      return [{ path, line: index + 1, rule: 'link', message }];
    }),
  );
}
