import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, loadConfig } from './loadConfig.js';
import {
  count,
  flag,
  list,
  port,
  postgresUrl,
  postgresUrls,
  redisUrl,
  validatorCount,
  webSocketUrls,
} from './optionTypes.js';

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

  it('are not given by a variable that is set to nothing', () => {
    const environment = { DATABASE_URL: '', NULLSPACE_LISTEN_PORT: '', NULLSPACE_PEERS: '' };
    expect(load([], environment)).toEqual(load([]));
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
    [['--bogus'], /^Unknown option '--bogus'$/],
    [['postgres://ns:S3cret@h'], /^a URL was given/],
    [['--listen-port'], '--listen-port (NULLSPACE_LISTEN_PORT): expected a value, and nothing was'],
    [
      ['--genesis', '--read-only'],
      /^--genesis \(NULLSPACE_GENESIS\): expected a value, and nothing/,
    ],
    [['--config', '-x'], '--config (NULLSPACE_CONFIG): expected a value'],
    [['--listen-port', '-1'], /^--listen-port .*: expected number to be >=0, not "-1"$/],
    [['--listen-port=-1'], 'expected number to be >=0, not "-1"'],
    [['--read-only=maybe'], '--read-only (READ_ONLY): takes no value; --no-read-only is off'],
    [['--listen-port', '70000'], '--listen-port (NULLSPACE_LISTEN_PORT)'],
    [['--listen-port', 'abc'], 'expected number, not "abc"'],
    [['--listen-port', '1.5'], '"1.5"'],
    [['--validators', '5'], 'expected 1, 4 or 7, not "5"'],
    [['--sessions-max', '0'], '--sessions-max (NULLSPACE_SESSIONS_MAX)'],
    [['--sessions-max', '11'], '"11"'],
    [['--config', '/no/such/file'], '/no/such/file'],
  ])('refuses %j in one line', (argv, words) => {
    expect(refusal(argv)).toMatch(words);
    expect(refusal(argv)).not.toContain('S3cret');
  });

  it('refuses a variable, a line of the file and a file that are not usable', () => {
    const maybe = '--read-only (READ_ONLY): expected true or false, 1 or 0, not "maybe"';
    expect(refusal([], { READ_ONLY: 'maybe' })).toBe(maybe);
    const listed = configFile('listed.json', '{"peers": [1]}');
    expect(refusal(['--config', listed])).toContain('expected a,b,c or a list of texts, not [1]');
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

  it('takes values that begin with a dash behind an equals sign, and negative numbers', () => {
    expect(load(['--genesis=-file', '--listen-port', '1'])).toMatchObject({ genesis: '-file' });
    expect(load(['--genesis', '-']).genesis).toBe('-');
    expect(load(['--genesis', '-3']).genesis).toBe('-3');
    expect(load(['--genesis', 'a=b']).genesis).toBe('a=b');
    expect(load(['--genesis=']).genesis).toBe('');
  });

  it('says that a needed value is missing', () => {
    const needed = z.object({ genesis: z.string() });
    expect(() => loadConfig(needed, [], {})).toThrow(
      '--genesis (NULLSPACE_GENESIS): expected string, and nothing was given',
    );
  });
});

describe('URLs', () => {
  const urls = z.object({
    databaseUrl: postgresUrl.optional(),
    standbyUrls: postgresUrls.default([]),
    redisUrl: redisUrl.optional(),
    peers: webSocketUrls,
  });
  const PEERS = ['--peers', 'ws://127.0.0.1:1,wss://a.example:2'];
  const loadUrls = (argv: string[], environment: Record<string, string> = {}) =>
    loadConfig(urls, argv, environment);

  /** What is said of it, in one line that shows nothing of what was given. */
  function refusedUrl(argv: string[], environment: Record<string, string> = {}): string {
    try {
      loadUrls(argv, environment);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      const { message } = error as Error;
      expect(message).not.toMatch(/S3cret|123|Pw|garbage|\n/);
      return message;
    }
    throw new Error('was accepted');
  }

  it('of the known schemes are taken as they are', () => {
    const databaseUrl = 'postgresql://ns:S3cret%2FPw@127.0.0.1:8290/nullspace?sslmode=disable';
    const standbyUrls = ['postgres://ns:p@ss@a.example/n', 'postgres:///n?host=/tmp&user=a@b'];
    const config = loadUrls([...PEERS, '--standby-urls', standbyUrls.join(',')], {
      DATABASE_URL: databaseUrl,
      REDIS_URL: 'redis://:S3cret@127.0.0.1:1',
    });
    const peers = ['ws://127.0.0.1:1', 'wss://a.example:2'];
    expect(config).toEqual({
      ...{ databaseUrl, standbyUrls, peers },
      redisUrl: 'redis://:S3cret@127.0.0.1:1',
    });
  });

  it.each([
    'postgres://ns:S3cret/Pw@127.0.0.1:8290/nullspace',
    'postgres://ns:123/Pw@127.0.0.1:8290/nullspace',
    'postgres://ns:123?Pw@127.0.0.1:8290/nullspace',
    'postgres://ns:123#Pw@127.0.0.1:8290/nullspace',
    'postgres://ns@S3cret:123/Pw@127.0.0.1:8290/nullspace',
  ])('with a character of the password that is not encoded are refused: %s', (url) => {
    const encoded = /must be percent-encoded/;
    const database = refusedUrl(PEERS, { DATABASE_URL: url });
    expect(database).toMatch(/^--database-url \(DATABASE_URL\): expected postgres:\/\//);
    expect(database).toMatch(encoded);
    const standbys = refusedUrl([...PEERS, '--standby-urls', `postgres://a.example/n,${url}`]);
    expect(standbys).toMatch(/^--standby-urls \(NULLSPACE_STANDBY_URLS\): URL 2 of 2: expected/);
    expect(standbys).toMatch(encoded);
  });

  it.each(['garbage', 'S3cret:Pw@127.0.0.1', 'mysql://ns:S3cret@h/n', ''])(
    'that begin otherwise are refused: "%s"',
    (url) => {
      const words = /expected postgres:.*does not begin so/;
      expect(refusedUrl([...PEERS, `--database-url=${url}`])).toMatch(words);
      const path = configFile('url.json', JSON.stringify({ databaseUrl: { password: 'S3cret' } }));
      expect(refusedUrl([...PEERS, '--config', path])).toMatch(words);
    },
  );

  it('of Redis and of validators are looked at too', () => {
    expect(refusedUrl([...PEERS, '--redis-url', 'redis://:S3cret/Pw@h:1'])).toContain(
      '--redis-url (REDIS_URL): expected redis://',
    );
    expect(refusedUrl([...PEERS, '--redis-url', 'redis://:S3cret%zz@h:1'])).toContain('encoded');
    expect(refusedUrl(['--peers', 'ws://h:1,garbage'])).toContain('URL 2 of 2: expected ws://');
    expect(refusedUrl([])).toMatch(/^--peers \(NULLSPACE_PEERS\): .*and nothing was given$/);
  });

  it('do not show in what is said of a file that is not JSON', () => {
    const torn = configFile('tornUrl.json', '{"redisUrl": S3cret}');
    expect(refusedUrl(['--config', torn])).toContain('tornUrl.json: not JSON');
  });
});
