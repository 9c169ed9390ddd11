import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Log } from '../../schemas/log.js';
import { topicManifest, topicNames, topicPrefix, writerId } from '../../schemas/topics.js';
import { describeLogContract, readToEnd } from '../../test/contracts/logContract.js';
import { type IssuedCertificate, newAuthority } from '../../test/contracts/newAuthority.js';
import { freePort } from '../postgres/freePort.js';
import { type ClientSecurity, createClient, type KafkaOptions } from './client.js';
import { openClusterAccess } from './clusterAccess.js';
import { KAFKA_CLIENTS } from './kafkaChoices.js';
import { fetchKafkaJars } from './kafkaJars.js';
import { openKafkaLog } from './kafkaLog.js';
import { type KafkaRuntime, startKafka } from './kafkaRuntime.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-secured-'));
const authority = newAuthority('nullspace test');
const CLIENT = authority.issue({ name: 'a role' });
const LOOPBACK = [127, 0, 0, 1];

const CHAIN = { chainId: Uint8Array.from({ length: 32 }, (_, i) => i), shards: 1, validators: 2 };
const TOPICS = topicManifest(CHAIN.chainId, 1, 2);
const NAMES = topicNames(CHAIN.chainId);
const SHARED_ID = writerId(CHAIN.chainId, 0);
const USERS = { publishers: ['first', 'second'], projectors: ['projector'], analysts: ['analyst'] };
const PEOPLE = ['operator', ...USERS.publishers, 'projector', 'analyst', 'stranger', 'contract'];

let kafka: KafkaRuntime;
let broker: string;

/** What a role of this user knows; `changed` is what it got wrong. */
function as(name: string, changed: Partial<ClientSecurity> & { at?: string } = {}): KafkaOptions {
  const tls = { ca: authority.certificate, certificate: ownOf(CLIENT) };
  const user = { mechanism: 'SCRAM-SHA-512', name, password: `${name}1` } as const;
  const { at = broker, ...security } = changed;
  return { brokers: [at], log, security: { tls, user, ...security } };
}

function ownOf({ certificate, key }: IssuedCertificate) {
  return { chain: certificate, key };
}

async function withLog<T>(options: KafkaOptions, use: (opened: Log) => Promise<T>): Promise<T> {
  const opened = await openKafkaLog(options);
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

const record = (topic: string, text: string) => ({
  topic,
  partition: 0,
  key: new Uint8Array(1),
  value: Uint8Array.from(Buffer.from(text)),
  timestampMs: 1,
});

async function append(name: string, id: string, text: string): Promise<void> {
  await withLog(as(name), async (opened) => {
    const writer = await opened.openWriter(id);
    await writer.append([record(NAMES.blocks, text), record(NAMES.events, text)]);
  });
}

const lastText = (name: string): Promise<string | undefined> =>
  withLog(as(name), async (opened) => {
    const records = await readToEnd(opened, NAMES.blocks, 0);
    return records.map(({ value }) => Buffer.from(value).toString()).at(-1);
  });

const refused = (code: string) => ({ name: 'LogError', code, retriable: false });

/** By hand, as an operator may. */
async function withAdmin<T>(
  use: (admin: ReturnType<ReturnType<typeof createClient>['admin']>) => Promise<T>,
): Promise<T> {
  const admin = createClient(as('operator')).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const READ: number = AclOperationTypes.READ;
const rule = (principal: string, resourceName: string) => ({
  principal: `User:${principal}`,
  host: '*',
  operation: AclOperationTypes.WRITE as number,
  permissionType: AclPermissionTypes.ALLOW as number,
  resourceType: AclResourceTypes.TOPIC as number,
  resourcePatternType: ResourcePatternTypes.LITERAL as number,
  resourceName,
});

beforeAll(async () => {
  const server = authority.issue({ name: 'broker', addresses: [LOOPBACK] });
  const keyStorePath = join(dataDir, 'broker.pem');
  const clientCaPath = join(dataDir, 'authority.pem');
  writeFileSync(keyStorePath, server.key + server.certificate, { mode: 0o600 });
  writeFileSync(clientCaPath, authority.certificate);
  const users = PEOPLE.map((name) => ({ name, password: `${name}1` }));
  const port = await freePort();
  const secured = { port, keyStorePath, clientCaPath, operator: 'operator', users };
  kafka = await startKafka({ dataDir, log, secured });
  broker = `127.0.0.1:${port}`;
  await withLog(as('operator'), (opened) => opened.ensureTopics(TOPICS));
}, 300_000);
afterAll(async () => {
  await kafka?.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

describe('the rules of access', () => {
  const withAccess = async <T>(
    use: (access: Awaited<ReturnType<typeof openClusterAccess>>) => Promise<T>,
    options = as('operator'),
  ): Promise<T> => {
    const access = await openClusterAccess(options, CHAIN, USERS);
    try {
      return await use(access);
    } finally {
      await access.close();
    }
  };

  it('are made once, and are then those of the manifest', async () => {
    await withAccess(async (access) => {
      const before = await access.compare();
      expect(before.extra).toEqual([]);
      expect(before.missing).toContain(`User:first Write on Topic ${NAMES.blocks}`);
      expect(before.missing).toContain(`User:second Write on TransactionalId ${SHARED_ID}.1`);
      expect(before.missing).toContain(`User:analyst Read on Topic ${topicPrefix(CHAIN.chainId)}*`);
      expect(await access.apply()).toEqual(before);
      expect(await access.compare()).toEqual({ missing: [], extra: [] });
      expect(await access.apply()).toEqual({ missing: [], extra: [] });
    });
  });

  it('that nobody has made here are named, and nothing is changed', async () => {
    const denied = { ...rule('*', '*'), permissionType: AclPermissionTypes.DENY as number };
    const strange = [
      rule('analyst', NAMES.events),
      { ...rule('stranger', 'null'), resourcePatternType: ResourcePatternTypes.PREFIXED as number },
      { ...denied, operation: AclOperationTypes.ALTER as number },
      { ...rule('stranger', NAMES.blocks), operation: READ },
      rule('stranger', 'of another program'),
    ];
    await withAdmin((admin) => admin.createAcls({ acl: strange }));
    const extra = [
      'User:* denied Alter on Topic *',
      `User:analyst Write on Topic ${NAMES.events}`,
      'User:stranger Write on Topic null*',
    ];
    await withAccess(async (access) => {
      await expect.poll(() => access.compare()).toEqual({ missing: [], extra });
      await withAdmin((admin) =>
        admin.deleteAcls({ filters: [{ ...rule('first', NAMES.events) }] }),
      );
      const missing = [`User:first Write on Topic ${NAMES.events}`];
      await expect.poll(() => access.compare()).toEqual({ missing, extra });
      expect(await access.apply()).toEqual({ missing, extra });
      expect(await access.compare()).toEqual({ missing, extra });
      await withAdmin((admin) => admin.deleteAcls({ filters: strange }));
      // As long as the broker still shows them, nothing is made.
      await expect.poll(() => access.compare()).toEqual({ missing, extra: [] });
      expect((await access.apply()).missing).toEqual(missing);
      expect(await access.compare()).toEqual({ missing: [], extra: [] });
    });
  });

  it('are shown to operators alone', async () => {
    const opened = withAccess((access) => access.compare(), as('projector'));
    await expect(opened).rejects.toMatchObject(refused('notAuthorised'));
  });
});

describe('a user of the log', () => {
  it('publishes under the id of all and its own, and under no other', async () => {
    await append('first', SHARED_ID, 'of all');
    await append('second', SHARED_ID, 'of all, by another');
    await append('second', `${SHARED_ID}.1`, 'of its own');
    expect(await lastText('first')).toBe('of its own');
    const foreign = append('first', `${SHARED_ID}.1`, 'of another');
    await expect(foreign).rejects.toMatchObject(refused('notAuthorised'));
    await expect(foreign).rejects.toThrow(`${SHARED_ID}.1`);
    expect(await lastText('first')).toBe('of its own');
  });

  it('finds the topics as they should be, and makes none', async () => {
    for (const name of ['first', 'projector', 'analyst']) {
      await withLog(as(name), async (opened) => {
        await opened.ensureTopics(TOPICS);
        const more = [{ ...TOPICS[0]!, name: `${topicPrefix(CHAIN.chainId)}more` }];
        const refusal = expect(opened.ensureTopics(more), name).rejects;
        await refusal.toMatchObject(refused('notAuthorised'));
      });
    }
  });

  it.each(['projector', 'analyst'])('reads as %s and cannot write', async (name) => {
    expect(await lastText(name)).toBe('of its own');
    const written = append(name, SHARED_ID, 'by a reader');
    await expect(written).rejects.toMatchObject(refused('notAuthorised'));
    const producer = createClient(as(name)).producer();
    await producer.connect();
    const sent = producer.send({ topic: NAMES.blocks, messages: [{ value: 'plainly' }] });
    await expect(sent).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
    await producer.disconnect();
    expect(await lastText(name)).toBe('of its own');
  });

  it('without a rule sees nothing', async () => {
    await withLog(as('stranger'), async (opened) => {
      const offsets = opened.reader.offsets(NAMES.blocks, 0);
      await expect(offsets).rejects.toMatchObject(refused('notAuthorised'));
      await expect(offsets).rejects.toThrow(NAMES.blocks);
    });
  });

  it('analyses in groups of the chain, and in no others', async () => {
    const join = async (groupId: string): Promise<string> => {
      const consumer = createClient(as('analyst')).consumer({ groupId });
      await consumer.connect();
      try {
        await consumer.subscribe({ topic: NAMES.events, fromBeginning: true });
        return await new Promise<string>((resolve, reject) => {
          consumer.on('consumer.crash', ({ payload: { error, restart } }) => {
            if (!restart) reject(error); // a coordinator that only just began is asked again
          });
          const eachMessage = async ({ message }: { message: { value: Buffer | null } }) =>
            resolve(String(message.value));
          consumer.run({ eachMessage }).catch(reject);
        });
      } finally {
        await consumer.disconnect();
      }
    };
    expect(await join(`${topicPrefix(CHAIN.chainId)}mine`)).toBe('of all');
    await expect(join('mine')).rejects.toThrow(/group/i);
  });

  it('is told at once when its right to read is taken away', async () => {
    await withLog(as('projector'), async (opened) => {
      const { end } = await opened.reader.offsets(NAMES.blocks, 0);
      const partitions = [{ topic: NAMES.blocks, partition: 0, fromOffset: end }];
      const { batches } = await opened.reader.subscribe({ partitions, maxBatchBytes: 1_000 });
      const next = batches[Symbol.asyncIterator]().next();
      const ended = expect(next).rejects.toMatchObject(refused('notAuthorised'));
      const read = { ...rule('projector', NAMES.blocks), operation: READ };
      await withAdmin((admin) => admin.deleteAcls({ filters: [read] }));
      const takenMs = performance.now();
      await ended;
      expect(performance.now() - takenMs).toBeLessThan(8_000); // what may come back has 15 s
      await withAdmin((admin) => admin.createAcls({ acl: [read] }));
    });
  });
});

describe('who is not who it should be', () => {
  const outcome = async (options: KafkaOptions): Promise<unknown> => {
    const beganMs = performance.now();
    const error = await withLog(options, async () => 'was let in').catch((e: unknown) => e);
    expect(performance.now() - beganMs).toBeLessThan(8_000); // the client's own patience is 12 s
    return error;
  };
  const own = (issued: IssuedCertificate) => ({
    tls: { ca: authority.certificate, certificate: ownOf(issued) },
  });
  const others = newAuthority('nullspace test');

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('by %s', async (mechanism) => {
    const user = (password: string, name = 'projector') => ({ mechanism, name, password });
    await withLog(as('', { user: user('projector1') }), async (opened) => {
      expect((await opened.reader.offsets(NAMES.blocks, 0)).end).toBeGreaterThan(0n);
    });
    const wrong = await outcome(as('', { user: user('analyst1') }));
    expect(wrong).toMatchObject(refused('notAuthenticated'));
    expect(String(wrong)).not.toContain('analyst1');
    const nobody = await outcome(as('', { user: user('x', 'nobody') }));
    expect(nobody).toMatchObject(refused('notAuthenticated'));
  });

  it('has the password that an operator gave it last', async () => {
    const file = join(dataDir, 'password.properties');
    writeFileSync(file, 'SCRAM-SHA-512=iterations=8192,password=another\n', { mode: 0o600 });
    const tool = ['-cp', join(await fetchKafkaJars(), '*'), 'kafka.admin.ConfigCommand'];
    const server = ['--bootstrap-server', kafka.brokers[0]!];
    const user = ['--alter', '--entity-type', 'users', '--entity-name', 'analyst'];
    await promisify(execFile)('java', [...tool, ...server, ...user, '--add-config-file', file]);
    const named = { mechanism: 'SCRAM-SHA-512', name: 'analyst' } as const;
    await withLog(as('', { user: { ...named, password: 'another' } }), (opened) =>
      opened.reader.offsets(NAMES.blocks, 0),
    );
    expect(await outcome(as('analyst'))).toMatchObject(refused('notAuthenticated'));
  });

  it('has a certificate of its own', async () => {
    const hourMs = 3_600_000;
    const past = new Date(Date.now() - hourMs);
    const notBefore = new Date(Date.now() - 2 * hourMs);
    const old = authority.issue({ name: 'old', notBefore, notAfter: past });
    const { ca } = as('operator').security!.tls;
    const cases: readonly Partial<ClientSecurity>[] = [
      { tls: { ca: ca! } },
      own(others.issue({ name: 'a role' })),
      own(old),
    ];
    for (const changed of cases) {
      expect(await outcome(as('projector', changed))).toMatchObject(refused('tlsRefused'));
    }
  });

  it('trusts brokers by their authority, their names and their dates', async () => {
    const certificate = ownOf(CLIENT);
    const foreign = as('projector', { tls: { ca: others.certificate, certificate } });
    expect(await outcome(foreign)).toMatchObject(refused('tlsRefused'));
    expect(await outcome(as('projector', { tls: { certificate } }))).toMatchObject(
      refused('tlsRefused'),
    );
    const named = as('projector', { at: broker.replace('127.0.0.1', 'localhost') });
    expect(await outcome(named)).toMatchObject(refused('tlsRefused'));
    const notBefore = new Date(0);
    const notAfter = new Date(1);
    const ended = { name: 'broker', addresses: [LOOPBACK], notBefore, notAfter };
    const { certificate: cert, key } = authority.issue(ended);
    const server: Server = createServer({ cert, key });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await outcome(as('projector', { at }))).toMatchObject(refused('tlsRefused'));
    server.close();
  });

  it('meets a listener of another kind: told how that looks, and may be asked again', async () => {
    const closed = { code: 'unreachable', message: expect.stringContaining('other TLS or user') };
    const tls = { ca: authority.certificate, certificate: ownOf(CLIENT) };
    const cases: readonly KafkaOptions[] = [
      { brokers: [broker], log },
      { brokers: [broker], log, security: { tls } },
      as('projector', { at: kafka.brokers[0]! }),
    ];
    const readings = cases.map((options) =>
      withLog(options, (opened) => opened.reader.offsets(NAMES.blocks, 0)),
    );
    await Promise.all(readings.map((reading) => expect(reading).rejects.toMatchObject(closed)));
  }, 120_000);
});

/** Its topics begin otherwise than a chain's, so rules of its own; the operator makes them. */
for (const client of KAFKA_CLIENTS) {
  describeLogContract(`the log on a Kafka cluster with users by ${client}`, {
    place: async () => {
      const operator = await openKafkaLog(as('operator'));
      const all = { ...rule('contract', 'contract.'), resourcePatternType: 4 };
      const { WRITE, DESCRIBE_CONFIGS } = AclOperationTypes;
      const transactional = { ...all, resourceType: AclResourceTypes.TRANSACTIONAL_ID as number };
      const acl = [
        ...[READ, WRITE, DESCRIBE_CONFIGS].map((operation) => ({ ...all, operation })),
        { ...rule('contract', 'no.such.topic'), operation: READ },
        transactional,
        { ...transactional, resourceName: 'property' },
      ];
      await withAdmin((admin) => admin.createAcls({ acl }));
      return {
        open: async () => ({
          ...(await openKafkaLog({ ...as('contract'), client })),
          ensureTopics: operator.ensureTopics,
        }),
        stop: () => operator.close(),
      };
    },
    propertyRuns: 2,
  });
}
