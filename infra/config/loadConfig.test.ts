import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, loadConfig } from './loadConfig.js';
import { count, flag, list, port, validatorCount } from './optionTypes.js';

const folder = mkdtempSync(join(tmpdir(), 'nullspace-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const schema = z.object({
  listenPort: port.default(9000),
  databaseUrl: z.string().optional(),
  peers: list.default([]),
  readOnly: flag.default(false),
  validators: validatorCount.default(4),
  sessionsMax: count(10).default(3),
  genesis: z.string().default('none'),
});

function configFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const load = (argv: string[], environment: Record<string, string> = {}) =>
  loadConfig(schema, argv, environment);

/** The message of the ConfigError that `argv` and `environment` end in. */
function refusal(argv: string[], environment: Record<string, string> = {}): string {
  try {
    load(argv, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  }
  throw new Error('was accepted');
}

describe('options', () => {
  it('come from flags before variables before the file before defaults', () => {
    const path = configFile('order.json', '{"listenPort": 1, "genesis": "file", "peers": ["a"]}');
    const all = { NULLSPACE_CONFIG: path, NULLSPACE_LISTEN_PORT: '2', NULLSPACE_GENESIS: 'env' };
    expect(load([]).listenPort).toBe(9000);
    expect(load(['--config', path])).toMatchObject({
      listenPort: 1,
      genesis: 'file',
      peers: ['a'],
    });
    expect(load([], all)).toMatchObject({ listenPort: 2, genesis: 'env', peers: ['a'] });
    expect(load(['--listen-port', '3'], all)).toMatchObject({ listenPort: 3, genesis: 'env' });
  });

  it('name the file by flag before variable', () => {
    const named = configFile('named.json', '{"listenPort": 11}');
    const other = configFile('other.json', '{"listenPort": 12}');
    expect(load(['--config', named], { NULLSPACE_CONFIG: other }).listenPort).toBe(11);
  });

  it('have the names that the world gives them, and NULLSPACE_ names else', () => {
    const environment = { DATABASE_URL: 'postgres://x', READ_ONLY: '1', NULLSPACE_PEERS: 'a,b' };
    const config = load([], environment);
    expect(config).toMatchObject({
      databaseUrl: 'postgres://x',
      readOnly: true,
      peers: ['a', 'b'],
    });
    expect(load(['--read-only']).readOnly).toBe(true);
    expect(load([], { READ_ONLY: 'false' }).readOnly).toBe(false);
    expect(load(['--no-read-only'], { READ_ONLY: 'true' }).readOnly).toBe(false);
  });

  it.each([
    [['--bogus'], 'bogus'],
    [['stray'], 'stray'],
    [['--listen-port'], 'listen-port'],
    [['--listen-port', '70000'], '--listen-port (NULLSPACE_LISTEN_PORT)'],
    [['--listen-port', 'abc'], 'expected number, not "abc"'],
    [['--listen-port', '1.5'], '"1.5"'],
    [['--validators', '5'], 'expected 1, 4 or 7, not "5"'],
    [['--sessions-max', '0'], '--sessions-max (NULLSPACE_SESSIONS_MAX)'],
    [['--sessions-max', '11'], '"11"'],
    [['--config', '/no/such/file'], '/no/such/file'],
  ])('refuses %j in one line', (argv, words) => {
    expect(refusal(argv)).toContain(words);
  });

  it('refuses a variable, a line of the file and a file that are not usable', () => {
    expect(refusal([], { READ_ONLY: 'maybe' })).toContain('READ_ONLY');
    const wrong = configFile('wrong.json', '{"listenPort": "abc"}');
    expect(refusal(['--config', wrong])).toContain('--listen-port');
    expect(refusal(['--config', configFile('torn.json', '{"listenPort": ')])).toContain(
      'torn.json',
    );
    expect(refusal(['--config', configFile('list.json', '[1]')])).toContain('not a JSON object');
  });

  it('takes a text of a form that "true" fits too for a text', () => {
    const named = z.object({ name: z.string().regex(/^[a-z][a-z0-9-]*$/) });
    expect(loadConfig(named, ['--name', 'standby-0'], {})).toEqual({ name: 'standby-0' });
  });

  it('says that a needed value is missing', () => {
    const needed = z.object({ genesis: z.string() });
    expect(() => loadConfig(needed, [], {})).toThrow(
      '--genesis (NULLSPACE_GENESIS): expected string, and nothing was given',
    );
  });
});
