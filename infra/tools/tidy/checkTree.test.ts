import { describe, expect, it } from 'vitest';
import { checkTree } from './checkTree.js';
import type { Finding, Rule } from './finding.js';
import type { TreeFile } from './sourceFile.js';

const MANIFEST = JSON.stringify({
  dependencies: { '@noble/hashes': '1', fastify: '1' },
  devDependencies: { vitest: '1' },
});

/** Findings of one rule in a made-up tree, as `path:line message`. */
function found(rule: Rule, files: Readonly<Record<string, string>>): string[] {
  const tree: TreeFile[] = [{ path: 'package.json', text: MANIFEST }];
  for (const [path, text] of Object.entries(files)) tree.push({ path, text });
  return checkTree(tree)
    .filter((one: Finding) => one.rule === rule)
    .map(({ path, line, message }) => `${path}:${line} ${message}`);
}

const lines = (count: number): string => 'void 0;\n'.repeat(count);
const exporting = (name: string): string => `export const ${name} = 1;\n`;
const using = (name: string, from: string): string =>
  `import { ${name} } from '${from}';\nvoid ${name};\n`;

describe('arrow', () => {
  it('is found where the table has none, also inside a folder, and for types', () => {
    const files = {
      'command/engine/account/balances.ts': exporting('balances'),
      'command/engine/state/cell.ts': using('balances', '../account/balances.js'),
      'consensus/core/votes.ts':
        "import type { balances } from '../../command/engine/account/x.js';",
      'command/engine/account/x.ts': exporting('x'),
    };
    expect(found('arrow', files)).toEqual([
      expect.stringContaining('command/engine/state/cell.ts:1 command/engine/state may not import'),
      expect.stringContaining('consensus/core/votes.ts:1 consensus/core may not import'),
    ]);
  });

  it('is found between games, between read models, from the page’s check to the engine', () => {
    const files = {
      'command/engine/games/hilo/hiLo.ts': exporting('hiLo'),
      'command/engine/games/craps/craps.ts': using('hiLo', '../hilo/hiLo.js'),
      'projections/stats/fold.ts': exporting('fold'),
      'projections/accounts/fold.ts': using('fold', '../stats/fold.js'),
      'command/engine/rng/draws.ts': exporting('draws'),
      'query/explorer/verify/publicDraw.ts': using('draws', '../../../command/engine/rng/draws.js'),
    };
    expect(found('arrow', files)).toHaveLength(3);
  });

  it('is found from a tool or an adapter to the processes, which are on top', () => {
    const files = {
      'infra/processes/reader.ts': exporting('reader'),
      'infra/http/readServer.ts': using('reader', '../processes/reader.js'),
    };
    expect(found('arrow', files)).toHaveLength(1);
  });

  it('is not found where the table has it, nor in a test that uses the test kit', () => {
    const files = {
      'command/engine/state/cell.ts': exporting('cell'),
      'command/engine/account/balances.ts': using('cell', '../state/cell.js'),
      'projections/stats/table.ts': exporting('table'),
      'query/routes/getStats.ts': using('table', '../../projections/stats/table.js'),
      'test/simulation/prng.ts': exporting('prng'),
      'command/mempool/pool.test.ts': using('prng', '../../test/simulation/prng.js'),
      'infra/http/a.ts': exporting('a'),
      'infra/processes/reader.ts': using('a', '../http/a.js'),
    };
    expect(found('arrow', files)).toEqual([]);
  });

  it('asks for a row for a folder that has none', () => {
    expect(found('arrow', { 'shared/thing.ts': exporting('thing') })).toHaveLength(1);
  });
});

describe('package', () => {
  it('is found in a pure folder, and undeclared or for development only in infra', () => {
    const files = {
      'command/engine/a.ts': "import 'node:fs';\nimport '@noble/hashes/sha2.js';\n",
      'infra/http/b.ts': "import 'vitest';\nimport 'express';\n",
    };
    expect(found('package', files)).toHaveLength(4);
  });

  it('is not found where the folder may use it', () => {
    const files = {
      'schemas/crypto/a.ts': "import '@noble/hashes/sha2.js';\n",
      'infra/http/b.ts': "import 'node:fs';\nimport 'fastify';\n",
      'command/engine/a.test.ts': "import 'vitest';\nimport 'node:fs';\n",
    };
    expect(found('package', files)).toEqual([]);
  });
});

describe('cycle', () => {
  const ring = (last: string) => ({
    'infra/files/a.ts': using('b', './b.js') + exporting('a'),
    'infra/files/b.ts': using('c', './c.js') + exporting('b'),
    'infra/files/c.ts': last + exporting('c'),
  });

  it('is found at the import that closes it, once', () => {
    expect(found('cycle', ring(using('a', './a.js')))).toEqual([
      expect.stringContaining('infra/files/c.ts:1 closes the cycle a.ts → b.ts → c.ts → a.ts'),
    ]);
  });

  it('is not found in a line', () => {
    expect(found('cycle', ring(''))).toEqual([]);
  });
});

describe('barrel', () => {
  it('is found in an index file and where one passes on what another has', () => {
    const files = {
      'query/routes/index.ts': exporting('routes'),
      'query/routes/all.ts': "export { routes } from './index.js';\nexport * from './index.js';\n",
    };
    expect(found('barrel', files)).toHaveLength(3);
  });

  it('is not found where a thing is made', () => {
    expect(found('barrel', { 'query/routes/routes.ts': exporting('routes') })).toEqual([]);
  });
});

describe('ban', () => {
  const body = (code: string) => ({
    'consensus/core/step.ts': `export function step(x) { ${code} }`,
  });

  it.each([
    ['return Date.now();', '`Date`: time is an input'],
    ['return new Date(0);', '`Date`: time is an input'],
    ['return Math.random();', '`Math.random`: take the seed'],
    ['return performance.now();', '`performance`: time is an input'],
    ['setTimeout(x, 1);', '`setTimeout`: let the caller say when'],
    ['return x.localeCompare("a");', '`.localeCompare`: compare code units'],
    ['return f().toLocaleString();', '`.toLocaleString`: compare code units'],
    ['return new Intl.Collator();', '`Intl`: compare code units'],
    ['return fetch(x);', '`fetch`: the outside world'],
    ['return process.env;', '`process`: the outside world'],
    ['console.log(x);', '`console`: return what is worth saying'],
    ['return JSON.stringify(x);', '`JSON.stringify`: one value'],
    ['return Buffer.from(x);', '`Buffer`: use Uint8Array'],
    ['return { Date };', '`Date`: time is an input'],
    ['return x.sort();', '`sort()` without a comparator'],
    ['return x.toSorted();', '`toSorted()` without a comparator'],
    ['for (const k in x) k;', '`for … in`: use `for … of`'],
    ['return async () => 1;', '`async` in a core'],
    ['const y: any = x; return y;', '`any`: say the type'],
  ])('finds %s', (code, message) => {
    expect(found('ban', body(code))).toEqual([
      expect.stringContaining(`consensus/core/step.ts:1 ${message}`),
    ]);
  });

  it.each([
    'return x.Date;',
    'return { Date: 1, process: x };',
    'const process = x; return process(x);',
    'return x.sort((a, b) => a - b);',
    'return x.random();',
    '// Date, Math.random and `any` in words',
  ])('passes %s', (code) => {
    expect(found('ban', body(code))).toEqual([]);
  });

  it('passes time in infra, in tests and on the page; never a default export', () => {
    const now = 'export const a = Date.now();\n';
    const files = {
      'infra/http/a.ts': now,
      'query/explorer/main.tsx': now,
      'schemas/codec/a.test.ts': now,
      'infra/http/b.ts': 'export default 1;\n',
    };
    expect(found('ban', files)).toEqual([
      expect.stringContaining('infra/http/b.ts:1 a default export'),
    ]);
    expect(found('ban', { 'query/explorer/verify/a.ts': now })).toHaveLength(1);
  });
});

describe('unfinished', () => {
  const mark = ['FIX', 'ME'].join('');
  const only = ['on', 'ly'].join('');

  it('is found in words and in tests', () => {
    const files = {
      'infra/README.md': `one\n${mark}: two\n`,
      'infra/http/a.test.ts': `it.${only}('x', f);\nit.${only}.each([])('z', f);\n`,
      'infra/http/b.test.ts': "describe.skip('y', f);\n",
    };
    expect(found('unfinished', files)).toHaveLength(4);
  });

  it('is not found in words that only look like it', () => {
    const files = {
      'infra/README.md': `${mark}D and prefix${mark}\n`,
      'infra/http/a.test.ts': "it('skips nothing', () => rows.skip(1));\n",
    };
    expect(found('unfinished', files)).toEqual([]);
  });
});

describe('function-length', () => {
  const body = (count: number): string => `() => {\n${lines(count)}}`;

  it('is found above 70 lines, its first and last included', () => {
    expect(found('function-length', { 'infra/http/a.ts': `void (${body(69)});` })).toHaveLength(1);
    expect(found('function-length', { 'infra/http/a.ts': `void (${body(68)});` })).toEqual([]);
  });

  it('does not count a chapter, which holds tests, but each of its tests', () => {
    const path = 'infra/http/a.test.ts';
    const chapter = `() => {\n${lines(90)}it('b', f);\n}`;
    expect(found('function-length', { [path]: `describe('a', ${chapter});` })).toEqual([]);
    const contract = { 'test/contracts/log.ts': `export const log = ${chapter};` };
    expect(found('function-length', contract)).toEqual([]);
    expect(found('function-length', { [path]: `it('a', ${body(90)});` })).toHaveLength(1);
  });
});

describe('file-length and line-length', () => {
  it('are found above 500 lines and 100 columns', () => {
    expect(found('file-length', { 'infra/http/a.test.ts': lines(501) })).toHaveLength(1);
    expect(found('file-length', { 'infra/http/a.test.ts': lines(500) })).toEqual([]);
    expect(found('line-length', { 'infra/http/a.ts': `//${'→'.repeat(99)}\n` })).toHaveLength(1);
    expect(found('line-length', { 'infra/http/a.ts': `//${'→'.repeat(98)}\n` })).toEqual([]);
  });

  it('are not found in generated files, in prose, nor for a link that cannot be broken', () => {
    const files = {
      'schemas/types/block.ts': `//${'x'.repeat(200)}\n${lines(600)}`,
      'infra/a.md': 'x'.repeat(200),
      'infra/http/a.ts': ` * https://example.org/${'x'.repeat(100)}\n`,
    };
    expect(found('file-length', files)).toEqual([]);
    expect(found('line-length', files)).toEqual([]);
  });
});

describe('dead-file', () => {
  const program = { 'infra/processes/nullspace.ts': "await import('./start.js');\n" };

  it('is found where nothing leads to it, or only a test does', () => {
    const files = {
      ...program,
      'infra/processes/start.ts': exporting('start'),
      'infra/http/lost.ts': exporting('lost'),
      'infra/http/tested.ts': exporting('tested'),
      'infra/http/tested.test.ts': using('tested', './tested.js'),
      'projections/lost.sql': 'select 1;',
    };
    expect(found('dead-file', files)).toEqual([
      expect.stringContaining('infra/http/lost.ts:1 nothing reaches'),
      expect.stringContaining('infra/http/tested.ts:1 only tests reach'),
      expect.stringContaining('projections/lost.sql:1 no source names'),
    ]);
  });

  it('is not found for a thread’s file named in a text, nor for the test kit of a test', () => {
    const files = {
      ...program,
      'infra/processes/start.ts': "new URL('./worker.js', import.meta.url);\n",
      'infra/processes/worker.ts': "readFileSync('table.sql');\n",
      'projections/table.sql': 'select 1;',
      'test/simulation/prng.ts': exporting('prng'),
      'command/a.test.ts': using('prng', '../test/simulation/prng.js'),
    };
    expect(found('dead-file', files)).toEqual([]);
  });
});

describe('unused-export', () => {
  it('is found for a value that no other file imports, not for types and errors', () => {
    const files = {
      'infra/files/a.ts': exporting('a') + exporting('b'),
      'infra/files/b.ts': 'export class BError {}\nexport type B = 1;\n',
      'infra/files/c.test.ts': using('a', './a.js'),
    };
    expect(found('unused-export', files)).toEqual([
      expect.stringContaining('infra/files/a.ts:2 no other file imports b'),
    ]);
  });

  it('is not found where the whole module is taken', () => {
    const files = {
      'infra/files/a.ts': exporting('a'),
      'infra/files/b.test.ts': "import * as all from './a.js';\nvoid all;\n",
    };
    expect(found('unused-export', files)).toEqual([]);
  });
});

describe('file-name', () => {
  it('is found for another name than the one export, for empty words and other cases', () => {
    const files = {
      'infra/files/store.ts': exporting('openJournal'),
      'infra/files/frameHelper.ts': exporting('frameHelper'),
      'infra/files/Frame.ts': exporting('frame'),
      'infra/someFiles/frame.ts': exporting('frame'),
    };
    expect(found('file-name', files)).toHaveLength(4);
  });

  it('is not found for a factory, a constant, several things or a role in its folder', () => {
    const files = {
      'infra/files/journal.ts': exporting('openJournal'),
      'schemas/limits.ts': exporting('MAX_LIMIT'),
      'infra/files/words.ts': exporting('open') + exporting('close'),
      'projections/stats/fold.ts': exporting('stats'),
      'infra/tools/tidyCommand.ts': exporting('main'),
    };
    expect(found('file-name', files)).toEqual([]);
  });
});

describe('readme and link', () => {
  const readmes = Object.fromEntries(
    ['schemas', 'command', 'consensus', 'projections', 'query', 'infra', 'test'].map((folder) => [
      `${folder}/README.md`,
      '# One\n',
    ]),
  );

  it('are found: a missing README, one of more than 80 lines, a link that leads nowhere', () => {
    expect(found('readme', { ...readmes, 'query/README.md': 'x\n'.repeat(81) })).toHaveLength(1);
    const { 'test/README.md': _, ...without } = readmes;
    expect(found('readme', without)).toEqual([
      expect.stringContaining('test/README.md:1 is missing'),
    ]);
    expect(found('link', { 'a.md': '\n[x](gone.md)' })).toEqual([
      expect.stringContaining('a.md:2 the link to gone.md leads nowhere'),
    ]);
  });

  it('are not found in good ones', () => {
    expect(found('readme', { ...readmes, 'query/README.md': 'x\n'.repeat(80) })).toEqual([]);
    const words = '[a](../a.md#part) [b](https://example.org) [c](#here) [d](../query/)';
    expect(found('link', { 'query/b.md': words, 'a.md': '' })).toEqual([]);
  });
});

it('says that a file does not parse', () => {
  expect(found('syntax', { 'infra/http/a.ts': 'const = 1;' })).toHaveLength(1);
});
