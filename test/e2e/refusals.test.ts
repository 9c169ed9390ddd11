import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { developmentNetwork } from '../../infra/genesis/developmentNetwork.js';
import { lockFolder } from '../../infra/postgres/folderLock.js';
import { type Finished, freePorts, type RunOptions, runProgram } from './nullspaceProgram.js';

const base = mkdtempSync(join(tmpdir(), 'nullspace-refusals-'));
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
/** Explorer, gateway, then validators with what follows them. */
const PORTS = 40;
const TIMEOUT_MS = 120_000;
let first = 0;
beforeAll(async () => {
  chmodSync(base, 0o755);
  first = await freePorts(PORTS);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const folderOf = (name: string): string => join(base, name);
const start = (dataDir: string, more: readonly string[], options: RunOptions = {}) => {
  const ports = ['--explorer-port', first, '--gateway-port', first + 1, '--base-port', first + 2];
  return runProgram(['start', '--data-dir', dataDir, ...ports.map(String), ...more], options);
};

/** One line on stderr, and a status that is not 0. */
function refused({ code, stdout, stderr }: Finished, words: string | RegExp): void {
  expect(stderr.trimEnd().split('\n'), stderr).toHaveLength(1);
  expect(stderr).toMatch(words);
  expect(stdout).not.toContain('ready');
  expect(code).toBeGreaterThan(0);
}

function occupy(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

describe('npm start', () => {
  it.each([
    ['the explorer', 0, '--explorer-port'],
    ['the gateway', 1, '--gateway-port'],
    ['validator-0', 2, '--base-port'],
    ['validator-3', 5, '--base-port'],
    ['the projector', 22, '--base-port'],
    ['Postgres', 32, '--base-port'],
  ])(
    'says that the port of %s is taken, and which flag names another',
    async (what, offset, flag) => {
      const server = await occupy(first + offset);
      try {
        const finished = await start(folderOf('ports'), []);
        refused(finished, `port ${first + offset} on 127.0.0.1, for ${what}, is taken`);
        expect(finished.stderr).toContain(flag);
      } finally {
        server.close();
      }
    },
    TIMEOUT_MS,
  );

  it.each([
    [['--bogus'], "Unknown option '--bogus'"],
    [['--validators', '5'], 'expected 1, 4 or 7, not "5"'],
    [['--base-port', 'abc'], '--base-port (NULLSPACE_BASE_PORT): expected number, not "abc"'],
    [['--host', '203.0.113.7'], 'nothing can listen on 203.0.113.7'],
  ])(
    'refuses %j',
    async (argv, words) => {
      const { stderr, code } = await start(folderOf('flags'), argv.slice());
      expect(stderr).toContain(words);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(code).toBe(2);
    },
    TIMEOUT_MS,
  );

  it(
    'refuses another number of validators than the data folder has',
    async () => {
      const dataDir = folderOf('four');
      developmentNetwork(dataDir, 4, Date.now());
      refused(await start(dataDir, ['--validators', '1']), /a chain of 4 validators, not 1/);
      expect(readdirSync(dataDir)).not.toContain('supervisor.lock');
    },
    TIMEOUT_MS,
  );

  it(
    'refuses a data folder that another start has, --fresh too',
    async () => {
      const dataDir = folderOf('held');
      developmentNetwork(dataDir, 1, Date.now());
      const lock = lockFolder(join(dataDir, 'supervisor.lock'));
      const before = readdirSync(dataDir);
      for (const more of [[], ['--fresh']]) {
        const finished = await start(dataDir, more);
        refused(finished, `in use by process ${process.pid}`);
        expect(finished.code).toBe(2);
      }
      expect(readdirSync(dataDir)).toEqual(before);
      lock.release();
    },
    TIMEOUT_MS,
  );

  it.skipIf(!isRoot)(
    'refuses a data folder that this user may not write',
    async () => {
      const dataDir = folderOf('closed');
      mkdirSync(dataDir, { mode: 0o755 });
      const nobody = { uid: NOBODY, gid: NOBODY, cwd: '/' };
      refused(await start(dataDir, [], nobody), 'permission denied');
      refused(await start(join(dataDir, 'below'), [], nobody), 'permission denied');
    },
    TIMEOUT_MS,
  );
});

describe('a URL that cannot be parsed', () => {
  const database = 'postgres://ns:S3cret/Pw@127.0.0.1:8290/nullspace';
  const redis = 'redis://:S3cret/Pw@127.0.0.1:8290';
  it.each([
    ['reader', [], { DATABASE_URL: database }, '--database-url (DATABASE_URL)'],
    ['reader', ['--standby-urls', database], {}, '--standby-urls (NULLSPACE_STANDBY_URLS)'],
    ['reader', ['--primary-url', database], {}, '--primary-url (NULLSPACE_PRIMARY_URL)'],
    ['projector', ['--redis-url', redis], {}, '--redis-url (REDIS_URL)'],
    ['projector', [], { DATABASE_URL: 'garbage' }, '--database-url (DATABASE_URL)'],
    ['start', [], { DATABASE_URL: database }, '--database-url (DATABASE_URL)'],
    ['standby', ['status'], { DATABASE_URL: database }, '--database-url (DATABASE_URL)'],
    ['demo', ['--reader', 'garbage'], {}, '--reader (NULLSPACE_READER)'],
  ] as const)(
    'ends "%s %j" with status 2 and no word of it',
    async (name, argv, environment, names) => {
      const genesis = ['reader', 'projector'].includes(name) ? ['--genesis', 'none'] : [];
      const finished = await runProgram([name, ...argv, ...genesis], { environment });
      refused(finished, names);
      expect(finished.code).toBe(2);
      expect(finished.stderr + finished.stdout).not.toMatch(/S3cret|Pw@|garbage/);
    },
    TIMEOUT_MS,
  );
});

describe('nullspace validator', () => {
  it(
    'does not run beside another with its key, or with its data folder',
    async () => {
      const { genesisPath, keyPaths } = developmentNetwork(folderOf('keys'), 4, Date.now());
      const argv = (data: string, key: number): string[] => [
        ...['validator', '--genesis', genesisPath, '--port', '0', '--no-publish'],
        ...['--peers', 'ws://127.0.0.1:1,ws://127.0.0.1:1,ws://127.0.0.1:1,ws://127.0.0.1:1'],
        ...['--key', keyPaths[key] as string, '--data-dir', data],
      ];
      const key = lockFolder(`${keyPaths[0]}.lock`);
      const data = folderOf('validator-data');
      mkdirSync(data);
      const folder = lockFolder(join(data, 'validator.lock'));
      const [byKey, byFolder] = await Promise.all([
        runProgram(argv(folderOf('other-data'), 0)),
        runProgram(argv(data, 1)),
      ]);
      expect(byKey.stderr).toContain('another validator runs with this key');
      expect(byFolder.stderr).toContain('another validator runs with this data folder');
      expect([byKey.code, byFolder.code]).toEqual([2, 2]);
      key.release();
      folder.release();
    },
    TIMEOUT_MS,
  );
});

describe('npm run cluster', () => {
  const cluster = (action: string, name: string, more: readonly string[], options?: RunOptions) =>
    runProgram(['cluster', action, '--data-dir', folderOf(name), ...more], options);

  it(
    'says that there is no Java, or no cluster, or no such action',
    async () => {
      const programs = folderOf('programs');
      mkdirSync(programs);
      symlinkSync('/usr/bin/id', join(programs, 'id'));
      const environment = { PATH: programs };
      const noJava = await cluster('up', 'no-java', ['--log', 'kafka'], { environment });
      refused(noJava, /no Java on the PATH .*--log postgres/);
      refused(await cluster('down', 'nothing', []), 'no cluster in');
      refused(await cluster('sideways', 'nothing', []), 'expected up, status or down');
    },
    TIMEOUT_MS,
  );

  it(
    'does not become a cluster on another log or of another size',
    async () => {
      const environment = { PATH: folderOf('nowhere') };
      await cluster('up', 'fixed', ['--log', 'kafka', '--validators', '4'], { environment });
      const log = await cluster('up', 'fixed', ['--log', 'postgres']);
      refused(log, /holds a cluster with --log kafka, not postgres/);
      const size = await cluster('up', 'fixed', ['--validators', '7']);
      refused(size, /holds a cluster with --validators 4, not 7/);
    },
    TIMEOUT_MS,
  );

  it(
    'refuses a folder that another up or down has',
    async () => {
      const dataDir = folderOf('held-cluster');
      mkdirSync(dataDir);
      const lock = lockFolder(join(dataDir, 'cluster.lock'));
      for (const action of ['up', 'down']) {
        const finished = await cluster(action, 'held-cluster', []);
        refused(finished, `in use by process ${process.pid}`);
        expect(finished.code).toBe(2);
      }
      lock.release();
    },
    TIMEOUT_MS,
  );

  it('demo says in one line that nothing runs', async () => {
    const nowhere = ['--reader', `http://127.0.0.1:${first + 39}`];
    refused(await runProgram(['demo', ...nowhere]), /nullspace demo: .*is the platform running/);
  });
});
