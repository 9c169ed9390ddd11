import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from './nullspaceProgram.js';

const TIMEOUT_MS = 120_000;
const COMMANDS = [
  ...['start', 'demo', 'cluster', 'verify', 'replay', 'recover', 'drill', 'log', 'export'],
  ...['projections', 'standby', 'validator', 'gateway', 'projector', 'reader'],
];

/** What stands on stdout; nothing else is said, and the status is 0. */
async function helpOf(argv: readonly string[], program?: string): Promise<string> {
  const options = program === undefined ? {} : { program };
  const { code, stdout, stderr } = await runProgram(argv, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe('--help', () => {
  it('lists all commands', async () => {
    const listed = await helpOf(['--help']);
    const names = [...listed.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) => name);
    expect(names.toSorted()).toEqual(COMMANDS.toSorted());
    expect(await helpOf(['help'])).toBe(listed);
  });

  it.each(COMMANDS)(
    'of %s says of every option what it is',
    async (name) => {
      const [usage, , about, , head, ...lines] = (await helpOf([name, '--help'])).split('\n');
      expect(usage).toMatch(new RegExp(`^usage: nullspace ${name} .*\\[OPTIONS\\]$`));
      expect(about).not.toBe('');
      expect(head).toBe('options, by flag or (variable):');
      const options = lines.slice(0, lines.findLastIndex((line) => line.startsWith('      ')) + 1);
      expect(options.length).toBeGreaterThan(4);
      for (const [index, line] of options.entries()) {
        const form = /^ {2}(?:--[^ ]+( [^ ]+)? \([A-Z_]+\)|[A-Z_]+=TEXT, no flag)/;
        expect(line).toMatch(index % 2 === 0 ? form : /^ {6}\S/);
        expect(line.length, line).toBeLessThanOrEqual(120);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'is answered behind an action, in other places, and by npm start',
    async () => {
      expect(await helpOf(['cluster', 'up', '--help'])).toBe(await helpOf(['help', 'cluster']));
      expect(await helpOf(['projections', 'swap', '-h'])).toContain('swap: which tables');
      expect(await helpOf(['log', 'access', '--help'])).toContain('--publishers');
      const run = fileURLToPath(new URL('../../infra/tools/run.mjs', import.meta.url));
      expect(await helpOf(['start', '--help'], run)).toContain('--base-port PORT (NULLSPACE_BASE');
    },
    TIMEOUT_MS,
  );
});
