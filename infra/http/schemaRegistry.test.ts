import avro from 'avsc';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { topicNames } from '../../schemas/topics.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import { engineGenesis, engineKeys } from '../../test/simulation/engineChain.js';
import {
  openProjectedChain,
  type ProjectedChain,
  quietLog,
} from '../../test/simulation/projectedChain.js';
import { EXACT_LONG } from '../../test/vectors/codec/exactLong.js';
import { createMetrics } from '../telemetry/metrics.js';
import { createReadServer } from './readServer.js';

// As an analyst's own tool: of this program it knows the registry's paths and the topics' names.
const HEIGHTS = 40;

type Json = Record<string, unknown>;
interface Event {
  readonly height: bigint;
  readonly key: Buffer;
  readonly keySequence: bigint;
  readonly body: Record<string, Json>;
}

let world: ProjectedChain;
let server: FastifyInstance;
beforeAll(async () => {
  world = await openProjectedChain({ heights: HEIGHTS, commands: 12 });
  await world.project(HEIGHTS);
  server = await createReadServer({
    ...{ sql: world.sql, heights: world.heights, states: { read: async () => null } },
    ...{ genesis: engineGenesis, keys: engineKeys, shard: 0 },
    ...{ metrics: createMetrics('reader'), page: null },
    status: () => ({ role: 'reader', name: 'test', ready: true, height: 0 }),
    log: quietLog,
  });
});
afterAll(async () => {
  await server.close();
  await world.close();
});

async function ask<T>(url: string): Promise<T> {
  const headers = { accept: 'application/vnd.schemaregistry.v1+json, application/json' };
  const response = await server.inject({ method: 'GET', url, headers });
  expect(response.statusCode, url).toBe(200);
  return response.json() as T;
}

function exactLongs(schema: unknown): avro.Type | undefined {
  const { type = schema } = schema as { type?: unknown };
  return type === 'long' ? EXACT_LONG : undefined;
}

/** Decodes values as a Confluent deserializer does: a zero byte, the schema's id, the body. */
function createDecoder() {
  const types = new Map<number, avro.Type>();
  return async (value: Buffer): Promise<Json> => {
    expect(value.readUInt8(0)).toBe(0);
    const id = value.readUInt32BE(1);
    let type = types.get(id);
    if (type === undefined) {
      const { schema } = await ask<{ schema: string }>(`/schemas/ids/${id}`);
      type = avro.Type.forSchema(JSON.parse(schema), { wrapUnions: true, typeHook: exactLongs });
      types.set(id, type);
    }
    return type.fromBuffer(value.subarray(5)) as Json;
  };
}

it('lets a decoder that knows nothing else read every event, with totals that agree', async () => {
  const decode = createDecoder();
  const { events: topic } = topicNames(engineKeys.chainId);
  const values = world.chain
    .flatMap((height) => heightRecords(height, topicNames(engineKeys.chainId)))
    .filter((record) => record.topic === topic)
    .map(({ value }) => Buffer.from(value));
  const balances = new Map<string, bigint>();
  const sequences = new Map<string, bigint>();
  const kinds = new Set<string>();
  let count = 0;
  for (const value of values) {
    const body = (await decode(value)).body as Record<string, Event>;
    const event = body['nullspace.EventEnvelope'];
    if (event === undefined) continue;
    count++;
    const account = event.key.toString('hex');
    const [kind, fields] = Object.entries(event.body)[0]!;
    kinds.add(kind.replace('nullspace.', ''));
    const due = (sequences.get(account) ?? -1n) + 1n;
    expect(event.keySequence).toBe(due);
    sequences.set(account, due);
    if (kind !== 'nullspace.BalanceChanged') continue;
    const place = `${account}/${fields.asset}`;
    balances.set(place, (balances.get(place) ?? 0n) + (fields.delta as bigint));
    expect(fields.balance).toBe(balances.get(place));
  }
  const { items } = await ask<{ items: Json[] }>('/explorer/accounts?limit=100');
  expect(items.length).toBeGreaterThan(10);
  for (const { account: publicKey } of items) {
    const account = await ask<{ balances: Json[] }>(`/account/${publicKey}`);
    for (const { asset, amount } of account.balances) {
      expect(String(balances.get(`${publicKey}/${asset}`))).toBe(amount);
    }
  }
  expect(count).toBe(world.chain.flatMap(({ events }) => events.flat()).length);
  expect(kinds).toContain('RouletteSpun');
});

it('answers as a registry does: subjects by topic, versions, ids', async () => {
  const { blocks, events } = topicNames(engineKeys.chainId);
  expect(await ask('/subjects')).toEqual([`${blocks}-value`, `${events}-value`]);
  for (const topic of [blocks, events]) {
    const subject = `${topic}-value`;
    expect(await ask(`/subjects/${subject}/versions`)).toEqual([1]);
    const latest = await ask<Json>(`/subjects/${subject}/versions/latest`);
    expect(latest).toMatchObject({ subject, version: 1 });
    expect(await ask(`/subjects/${subject}/versions/1`)).toEqual(latest);
    const { schema } = await ask<{ schema: string }>(`/schemas/ids/${latest.id}`);
    expect(schema).toBe(latest.schema);
  }
});
