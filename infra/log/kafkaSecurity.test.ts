import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newAuthority } from '../../test/contracts/newAuthority.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { kafkaSecurity } from './kafkaSecurity.js';
import { checkLogConfig, logOptions } from './openLog.js';

const folder = mkdtempSync(join(tmpdir(), 'nullspace-security-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const authority = newAuthority('authority');
const own = authority.issue({ name: 'own' });
const ca = file('ca.pem', authority.certificate + newAuthority('second').certificate);
const certificate = file('own.pem', own.certificate);
const key = file('own.key', own.key);
const password = file('password', 'correct horse\n');
const otherKey = file('other.key', authority.issue({ name: 'other' }).key);
const empty = file('empty', '');

const schema = z.object(logOptions);
const security = (argv: readonly string[], environment: Record<string, string> = {}) =>
  kafkaSecurity(loadConfig(schema, argv, environment));

function refusal(argv: readonly string[], environment: Record<string, string> = {}): string {
  const all = ['--log', 'kafka', '--kafka-brokers', 'a:1', ...argv];
  try {
    checkLogConfig(loadConfig(schema, all, environment));
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).not.toMatch(/\n|horse/);
    return (error as Error).message;
  }
  throw new Error('was accepted');
}

describe('options of a Kafka cluster that asks who one is', () => {
  it('are none, by default', () => {
    expect(security([])).toBeUndefined();
    expect(security(['--kafka-tls'])).toEqual({ tls: {} });
  });

  it('read what they name', () => {
    const tls = ['--kafka-tls', '--kafka-ca-file', ca];
    const certified = ['--kafka-certificate-file', certificate, '--kafka-key-file', key];
    const named = ['--kafka-user', 'u', '--kafka-password-file', password];
    expect(security([...tls, ...certified, ...named])).toEqual({
      tls: {
        ca: expect.stringContaining('BEGIN CERTIFICATE'),
        certificate: { chain: own.certificate, key: own.key },
      },
      user: { mechanism: 'SCRAM-SHA-512', name: 'u', password: 'correct horse' },
    });
  });

  it('take a password from the environment or the config file, and from no command line', () => {
    const user = { mechanism: 'PLAIN', name: 'u', password: 'correct horse' };
    const named = ['--kafka-tls', '--kafka-sasl', 'PLAIN', '--kafka-user', 'u'];
    const environment = { NULLSPACE_KAFKA_PASSWORD: 'correct horse' };
    expect(security(named, environment)?.user).toEqual(user);
    const config = file('config.json', '{"kafkaPassword": "correct horse"}');
    expect(security([...named, '--config', config])?.user).toEqual(user);
    for (const flags of [['--kafka-password', 'horse'], ['--kafka-password=horse']]) {
      const message = '--kafka-password: a command line shows it to others';
      expect(refusal([...named, ...flags])).toContain(message);
    }
    const wrong = file('wrong.json', '{"kafkaPassword": ["correct horse"]}');
    expect(refusal([...named, '--config', wrong])).toContain('NULLSPACE_KAFKA_PASSWORD');
  });

  it.each([
    [['--kafka-ca-file', ca], '--kafka-ca-file (NULLSPACE_KAFKA_CA_FILE): needs --kafka-tls'],
    [['--kafka-user', 'u', '--kafka-password-file', password], '--kafka-user'],
    [['--kafka-tls', '--kafka-ca-file', 'none.pem'], 'ENOENT'],
    [['--kafka-tls', '--kafka-ca-file', empty], 'holds no certificate in PEM form'],
    [['--kafka-tls', '--kafka-ca-file', key], 'holds no certificate in PEM form'],
    [['--kafka-tls', '--kafka-certificate-file', certificate], 'needs --kafka-key-file'],
    [['--kafka-tls', '--kafka-key-file', key], 'needs --kafka-certificate-file'],
    [
      ['--kafka-tls', '--kafka-certificate-file', certificate, '--kafka-key-file', otherKey],
      'is not the key of',
    ],
    [
      ['--kafka-tls', '--kafka-certificate-file', certificate, '--kafka-key-file', certificate],
      'holds no private key',
    ],
    [['--kafka-tls', '--kafka-user', 'u'], 'needs a password'],
    [['--kafka-tls', '--kafka-user', 'u', '--kafka-password-file', empty], 'needs a password'],
    [['--kafka-tls', '--kafka-password-file', password], 'needs the name of its user'],
    [['--kafka-tls', '--kafka-sasl', 'GSSAPI'], 'PLAIN'],
  ] as const)('refuse %j in one line', (argv, words) => {
    expect(refusal(argv)).toContain(words);
  });

  it('refuse two passwords', () => {
    const argv = ['--kafka-tls', '--kafka-user', 'u', '--kafka-password-file', password];
    expect(refusal(argv, { NULLSPACE_KAFKA_PASSWORD: 'horse' })).toContain('not both');
  });
});
