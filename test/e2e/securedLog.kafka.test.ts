import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { developmentNetwork } from '../../infra/genesis/developmentNetwork.js';
import { type KafkaRuntime, startKafka } from '../../infra/kafka/kafkaRuntime.js';
import { newAuthority } from '../contracts/newAuthority.js';
import {
  eventually,
  type Finished,
  freePorts,
  runProgram,
  startProgram,
} from './nullspaceProgram.js';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const folder = mkdtempSync(join(tmpdir(), 'nullspace-secured-'));
const authority = newAuthority('nullspace test');
const PEOPLE = ['operator', 'nullspace_publisher', 'nullspace_projector', 'nullspace_analyst'];
const TIMEOUT_MS = 120_000;
let kafka: KafkaRuntime;
let ports: number;
let genesis: string;
let key: string;

/** Where the cluster is, and who one is there: by environment, config file and password file. */
function as(name: string, password = `${name}Password`): Readonly<Record<string, string>> {
  const config = join(folder, 'role.json');
  const kafkaCaFile = join(folder, 'authority.pem');
  const kafkaBrokers = [`127.0.0.1:${ports}`];
  writeFileSync(
    config,
    JSON.stringify({ log: 'kafka', kafkaBrokers, kafkaTls: true, kafkaCaFile }),
  );
  const file = join(folder, `${name}.password`);
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return {
    NULLSPACE_CONFIG: config,
    NULLSPACE_KAFKA_USER: name,
    NULLSPACE_KAFKA_PASSWORD_FILE: file,
  };
}

function log(argv: readonly string[], environment = as('operator')): Promise<Finished> {
  return runProgram(['log', ...argv, '--genesis', genesis], { environment });
}

beforeAll(async () => {
  ports = await freePorts(2);
  const server = authority.issue({ name: 'broker', addresses: [[127, 0, 0, 1]] });
  const keyStorePath = join(folder, 'broker.pem');
  writeFileSync(keyStorePath, server.key + server.certificate, { mode: 0o600 });
  writeFileSync(join(folder, 'authority.pem'), authority.certificate);
  const users = PEOPLE.map((name) => ({ name, password: `${name}Password` }));
  const secured = { port: ports, keyStorePath, operator: 'operator', users };
  kafka = await startKafka({ dataDir: join(folder, 'kafka'), log: quiet, secured });
  const network = developmentNetwork(join(folder, 'network'), 1, Date.now());
  genesis = network.genesisPath;
  key = network.keyPaths[0]!;
}, 300_000);
afterAll(async () => {
  await kafka?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

it(
  'an operator makes topics and rules, and looks at them',
  async () => {
    const missing = await log(['topics', '--check']);
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^nullspace log: no topic nullspace\.\S+\.blocks\n$/);
    const made = await log(['topics', '--apply']);
    expect(made, made.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(/\.blocks: 1 partitions, .*\n.*\.events: 16 partitions, /);
    expect(await log(['topics', '--check'])).toEqual(made);

    const lacking = await log(['access', '--check']);
    expect(lacking.code).toBe(1);
    expect(lacking.stdout).toMatch(/^missing: User:nullspace_analyst Read on Group /m);
    expect(lacking.stderr).toMatch(
      /^nullspace log: \d+ rules are missing, 0 are not in the manifest/,
    );
    const applied = await log(['access', '--apply']);
    expect(applied, applied.stderr).toMatchObject({ code: 0, stderr: '' });
    const same = { code: 0, stdout: 'the rules of access are those of the manifest\n', stderr: '' };
    expect(await log(['access', '--check'])).toEqual(same);
    expect(await log(['access', '--apply'])).toEqual(same);
    const others = await log(['access', '--check', '--publishers', 'nullspace_analyst']);
    expect(others.stdout).toMatch(/not in the manifest: User:nullspace_publisher Write on Topic /);
    expect(others.code).toBe(1);

    const printed = await log(['access'], { NULLSPACE_LOG: 'kafka' });
    expect(printed.stdout.split('\n')[0]).toMatch(/^--add --allow-principal 'User:nullspace_pub/);
  },
  TIMEOUT_MS,
);

it(
  'a validator publishes as publisher, an analyst reads it, and none of them more',
  async () => {
    const port = ports + 1;
    const own = ['--key', key, '--data-dir', join(folder, 'validator'), '--port', String(port)];
    const peers = ['--peers', `ws://127.0.0.1:${port}`];
    const argv = ['validator', '--genesis', genesis, ...own, ...peers];
    const validator = startProgram(argv, { environment: as('nullspace_publisher') });
    try {
      const cat = ['cat', '--topic', 'blocks', '--to', '1'];
      await eventually(async () => {
        const { code, stdout } = await log(cat, as('nullspace_analyst'));
        return code === 0 && stdout.includes('"height":1');
      }, 'height 1 on the log, read by the analyst');
    } finally {
      validator.child.kill('SIGTERM');
    }
    const { code, stdout, stderr } = await validator.finished;
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).not.toContain('Password');
    const topics = await log(['topics', '--check'], as('nullspace_projector'));
    expect(topics.code, topics.stderr).toBe(0);
    const rules = await log(['access', '--apply'], as('nullspace_projector'));
    expect(rules).toMatchObject({ code: 1, stdout: '' });
    expect(rules.stderr).toMatch(/^nullspace log: Kafka: rules of access: Cluster authorization/);
  },
  TIMEOUT_MS,
);

it(
  'a role with a wrong password ends with one line, and says no password',
  async () => {
    const argv = ['projector', '--genesis', genesis, '--port', '0'];
    const database = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    const environment = { ...as('nullspace_projector', 'wrongPassword'), ...database };
    const { code, stderr, stdout } = await runProgram(argv, { environment });
    expect(stderr).toMatch(
      /^projector: Kafka: \S+: SASL SCRAM SHA512 authentication failed: .*\n$/,
    );
    expect(stdout + stderr).not.toContain('wrongPassword');
    expect(code).toBe(2);
  },
  TIMEOUT_MS,
);
