import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../config/loadConfig.js';
import { optionNames } from '../config/optionNames.js';
import { flag } from '../config/optionTypes.js';
import type { ClientSecurity } from '../kafka/client.js';
import { SASL_MECHANISMS, type SaslMechanism } from '../kafka/kafkaChoices.js';

const pemFile = z.string().meta({ value: 'FILE' });

/** Options of every role that reaches a Kafka cluster which asks who one is. */
export const kafkaSecurityOptions = {
  kafkaTls: flag.default(false).describe('speak TLS with the brokers'),
  kafkaCaFile: pemFile
    .optional()
    .describe("who signs the brokers' certificates (PEM); without, whom Node.js knows"),
  kafkaCertificateFile: pemFile
    .optional()
    .describe("a client's own certificate (PEM), where brokers ask for one"),
  kafkaKeyFile: pemFile.optional().describe('the key of that certificate (PEM)'),
  kafkaSasl: z.enum(SASL_MECHANISMS).default('SCRAM-SHA-512').describe('how a password is proven'),
  kafkaUser: z.string().optional().describe('name of a user, where brokers ask for one'),
  kafkaPasswordFile: z
    .string()
    .meta({ value: 'FILE' })
    .optional()
    .describe('file with the password of that user'),
  kafkaPassword: z
    .string()
    .optional()
    .describe('the password of that user; also as a line of the config file'),
};

export interface KafkaSecurityConfig {
  readonly kafkaTls?: boolean | undefined;
  readonly kafkaCaFile?: string | undefined;
  readonly kafkaCertificateFile?: string | undefined;
  readonly kafkaKeyFile?: string | undefined;
  readonly kafkaSasl?: SaslMechanism | undefined;
  readonly kafkaUser?: string | undefined;
  readonly kafkaPasswordFile?: string | undefined;
  readonly kafkaPassword?: string | undefined;
}

/** Options that need `kafkaTls`: those of a user too, so that no password goes in clear. */
const WITH_TLS = [
  'kafkaCaFile',
  'kafkaCertificateFile',
  'kafkaKeyFile',
  'kafkaUser',
  'kafkaPasswordFile',
  'kafkaPassword',
] as const;

/**
 * Reads the files that the configuration names, so that what is wrong with them is said at the
 * start. Undefined where the cluster asks nobody who one is. @throws ConfigError
 */
export function kafkaSecurity(config: KafkaSecurityConfig): ClientSecurity | undefined {
  if (config.kafkaTls !== true) {
    const alone = WITH_TLS.find((option) => config[option] !== undefined);
    if (alone === undefined) return undefined;
    throw new ConfigError(`${optionNames(alone)}: needs ${optionNames('kafkaTls')}`);
  }
  const { kafkaCaFile } = config;
  const certificate = ownCertificate(config);
  const user = namedUser(config);
  return {
    tls: {
      ...(kafkaCaFile === undefined ? {} : { ca: readAuthorities(kafkaCaFile) }),
      ...(certificate === undefined ? {} : { certificate }),
    },
    ...(user === undefined ? {} : { user }),
  };
}

function fileText(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${optionNames(option)}: ${(error as Error).message}`);
  }
}

/** What a PEM file holds, by `parse`; its bytes stand in no message. */
function parsed<T>(option: string, path: string, what: string, parse: (text: string) => T): T {
  const text = fileText(option, path);
  try {
    return parse(text);
  } catch {
    throw new ConfigError(`${optionNames(option)}: ${path} holds no ${what} in PEM form`);
  }
}

const ONE_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

function readAuthorities(path: string): string {
  return parsed('kafkaCaFile', path, 'certificate', (text) => {
    const all = text.match(ONE_CERTIFICATE) ?? [''];
    for (const each of all) new X509Certificate(each);
    return text;
  });
}

function ownCertificate(
  config: KafkaSecurityConfig,
): { readonly chain: string; readonly key: string } | undefined {
  const { kafkaCertificateFile: path, kafkaKeyFile: keyPath } = config;
  if (path === undefined && keyPath === undefined) return undefined;
  if (path === undefined || keyPath === undefined) {
    const [given, missing] =
      path === undefined
        ? ['kafkaKeyFile', 'kafkaCertificateFile']
        : ['kafkaCertificateFile', 'kafkaKeyFile'];
    throw new ConfigError(`${optionNames(given!)}: needs ${optionNames(missing!)}`);
  }
  const read = (text: string): [string, X509Certificate] => [text, new X509Certificate(text)];
  const [chain, certificate] = parsed('kafkaCertificateFile', path, 'certificate', read);
  const readKey = (text: string): [string, KeyObject] => [text, createPrivateKey(text)];
  const [key, privateKey] = parsed(
    'kafkaKeyFile',
    keyPath,
    'private key without a password',
    readKey,
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    const message = `${keyPath} is not the key of ${path}`;
    throw new ConfigError(`${optionNames('kafkaKeyFile')}: ${message}`);
  }
  return { chain, key };
}

function namedUser(config: KafkaSecurityConfig): ClientSecurity['user'] {
  const { kafkaUser: name, kafkaPasswordFile: path, kafkaPassword } = config;
  const given = path === undefined ? kafkaPassword : readPassword(path);
  if (name === undefined && given === undefined) return undefined;
  const passwords = `${optionNames('kafkaPasswordFile')} or ${optionNames('kafkaPassword')}`;
  if (name === undefined || name === '') {
    throw new ConfigError(`${optionNames('kafkaUser')}: a password needs the name of its user`);
  }
  if (given === undefined || given === '') {
    throw new ConfigError(`${optionNames('kafkaUser')}: needs a password by ${passwords}`);
  }
  if (path !== undefined && kafkaPassword !== undefined) {
    throw new ConfigError(`${passwords}: not both`);
  }
  return { mechanism: config.kafkaSasl ?? 'SCRAM-SHA-512', name, password: given };
}

/** One line, as an editor ends it. */
function readPassword(path: string): string {
  return fileText('kafkaPasswordFile', path).replace(/\r?\n$/, '');
}
