import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNativeSigner, nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import type { GatewayNode } from '../../infra/gateway/gatewayNode.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { CloseCode } from '../../schemas/gateway/protocol.js';
import { fromHex } from '../../schemas/kernel/bytes.js';
import { GATEWAY_MESSAGE_BYTES_MAX, MAX_ENVELOPE_BYTES } from '../../schemas/limits.js';
import { RejectCode, type RejectName } from '../../schemas/rejectCode.js';
import { describeGatewayAnswers } from '../contracts/gatewayAnswers.js';
import {
  enter,
  type GatewayWorld,
  greet,
  newPlayer,
  ownLane,
  seal,
} from '../contracts/rawClient.js';
import { type LocalCluster, startLocalCluster } from './localCluster.js';
import { openSocketConnection } from './socketConnection.js';

let cluster: LocalCluster;
let node: GatewayNode;

const DRAIN = { drainNoticeMs: 200, drainDeadlineMs: 500, drainSpreadMs: 100 };
const play = (url: string) => `${url.replace('http', 'ws')}/play`;

const world: GatewayWorld = {
  get chainId() {
    return genesisEpoch(cluster.genesis, 0).chainId;
  },
  get maxCommandLifetimeMs() {
    return cluster.genesis.limits.maxCommandLifetimeMs;
  },
  nowMs: () => Date.now(),
  newSigner: () => createNativeSigner(new Uint8Array(randomBytes(32))),
  connect: () => openSocketConnection(play(node.url)),
  wait: (durationMs) => sleep(durationMs),
  async setReach(reaches) {
    cluster.setReach(reaches);
    const wanted = reaches ? 4 : 0;
    while (node.links.connected().length !== wanted) await sleep(20);
  },
};

beforeAll(async () => {
  cluster = await startLocalCluster();
  node = await cluster.openGateway();
  while (node.links.connected().length < 4 || node.gateway.state.height === 0) await sleep(20);
}, 60_000);

afterAll(async () => {
  await node.stop(DRAIN);
  await cluster.stop();
}, 30_000);

describeGatewayAnswers(
  'a gateway and four validators on sockets',
  () => world,
  () => ({
    keys: genesisEpoch(cluster.genesis, 0),
    eventPartitions: cluster.genesis.eventPartitions,
    verifier: nativeVerifier(),
  }),
);

describe('frames that only sockets have', () => {
  it('binary', async () => {
    const { connection } = await enter(world, ownLane(world.newSigner()));
    connection.sendBinary(Uint8Array.of(1, 2, 3));
    expect(await connection.closed()).toBe(CloseCode.protocolError);
  });

  it('larger than the message limit', async () => {
    const { connection } = await enter(world, ownLane(world.newSigner()));
    connection.send('x'.repeat(GATEWAY_MESSAGE_BYTES_MAX + 1));
    expect(await connection.closed()).toBe(1009);
  });

  it('of the largest envelope get through', async () => {
    const { connection } = await enter(world, ownLane(world.newSigner()));
    const envelope = '00'.repeat(MAX_ENVELOPE_BYTES);
    connection.send(JSON.stringify({ type: 'submit', ref: 'r'.repeat(64), envelope }));
    expect(await connection.next()).toMatchObject({ code: RejectCode.undecodable });
    connection.close();
  });
});

interface Problem {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: { readonly code: number; readonly name: string; readonly status: number };
}

async function ask(path: string, init: RequestInit = {}): Promise<Problem> {
  const answer = await fetch(node.url + path, init);
  return {
    status: answer.status,
    contentType: answer.headers.get('content-type'),
    body: (await answer.json()) as Problem['body'],
  };
}

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('the HTTP side', () => {
  const rows: readonly [string, number, RejectName, string, RequestInit][] = [
    ['unknown path', 404, 'unknownPath', '/elsewhere', {}],
    ['a reader path', 404, 'unknownPath', '/explorer/blocks', {}],
    ['a path that does not decode', 400, 'badParameter', '/%E0%A4%A', {}],
    ['unknown method', 405, 'unknownPath', '/submit', { method: 'DELETE' }],
    ['body that is no JSON', 400, 'undecodable', '/submit', json('{')],
    ['JSON without an envelope', 400, 'undecodable', '/submit', json({ envelope: 7 })],
    ['an envelope that is not hex', 400, 'undecodable', '/submit', json({ envelope: 'xyz' })],
    ['a list', 400, 'undecodable', '/submit', json([])],
    ['no body', 400, 'undecodable', '/submit', { method: 'POST' }],
    [
      'another media type',
      415,
      'undecodable',
      '/submit',
      { method: 'POST', body: '<a/>', headers: { 'content-type': 'application/xml' } },
    ],
    ['a body above the limit', 413, 'oversized', '/submit', json(`"${'0'.repeat(300_000)}`)],
    ['bytes that are no envelope', 400, 'undecodable', '/submit', json({ envelope: '00' })],
    ['no command id', 400, 'badParameter', '/submit/xyz', {}],
    ['a command of nobody', 404, 'unknownPath', `/submit/${'0'.repeat(64)}`, {}],
  ];
  it.each(rows)('%s', async (_, status, name, path, init) => {
    const answer = await ask(path, init);
    expect(answer.body).toMatchObject({ status, name, code: RejectCode[name] });
    expect(answer.status).toBe(status);
    expect(answer.contentType).toContain('application/problem+json');
  });

  it('takes envelopes as hex and as bytes, and says how each command ends', async () => {
    const lane = ownLane(world.newSigner());
    const { hex, ids } = seal(world, lane, 0, { kind: 'ClaimFaucet', asset: 0 });
    const first = await ask('/submit', json({ envelope: hex }));
    expect(first).toMatchObject({ status: 202, body: { open: ids, ended: [] } });
    let state = await ask(`/submit/${ids[0]}`);
    while ((state.body as unknown as { status: string }).status !== 'ended') {
      await sleep(20);
      state = await ask(`/submit/${ids[0]}`);
    }
    expect(state.body).toMatchObject({ status: 'ended', outcome: { type: 'executed' } });
    const again = await ask('/submit', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: fromHex(hex),
    });
    const { outcome } = state.body as unknown as { outcome: unknown };
    expect(again).toMatchObject({ status: 200, body: { open: [], ended: [outcome] } });
  });

  it('documents itself', async () => {
    const { body } = await ask('/openapi.json');
    const { paths } = body as unknown as { paths: object };
    expect(Object.keys(paths).sort()).toEqual(['/submit', '/submit/{commandId}']);
  });

  it('never refuses the machine itself for asking too often', async () => {
    const strict = await cluster.openGateway({ requestsPerMinuteMax: 3 });
    for (let i = 0; i < 10; i++) {
      expect((await fetch(`${strict.url}/submit/${'0'.repeat(64)}`)).status).toBe(404);
    }
    await strict.stop(DRAIN);
  });
});

describe('a gateway that began later', () => {
  it('gives the end of a command that it did not see', async () => {
    const session = await newPlayer(world);
    const { hex, ids } = seal(world, session.lane, 1, { kind: 'StartHiLo', asset: 0, stake: 5n });
    session.connection.send(JSON.stringify({ type: 'submit', ref: 'a', envelope: hex }));
    let first = await session.connection.next();
    while (first.type !== 'executed') first = await session.connection.next();
    const late = await cluster.openGateway();
    while (late.gateway.state.height <= first.height) await sleep(20);
    const there = { ...world, connect: () => openSocketConnection(play(late.url)) };
    const other = await enter(there, session.lane);
    other.connection.send(JSON.stringify({ type: 'submit', ref: 'b', envelope: hex }));
    let again = await other.connection.next();
    while (again.type === 'accepted' || again.type === 'pending') {
      again = await other.connection.next();
    }
    expect(again).toMatchObject({ type: 'executed', commandId: ids[0], events: first.events });
    other.connection.close();
    session.connection.close();
    await late.stop(DRAIN);
  });
});

describe('health and drain', () => {
  const status = async (url: string, path: string) => (await fetch(url + path)).status;

  it('says first that it is stopping, then to players, and closes what is left', async () => {
    const stopping = await cluster.openGateway();
    while (stopping.links.connected().length < 4) await sleep(20);
    for (const path of ['/livez', '/readyz', '/lbz', '/healthz', '/metrics']) {
      expect(await status(stopping.url, path)).toBe(200);
    }
    const there = { ...world, connect: () => openSocketConnection(play(stopping.url)) };
    const stays = await enter(there, ownLane(world.newSigner()));
    const stopped = stopping.stop(DRAIN);
    await sleep(50);
    expect(await status(stopping.url, '/lbz')).toBe(404);
    expect(await status(stopping.url, '/readyz')).toBe(503);
    expect(await status(stopping.url, '/livez')).toBe(200);
    const late = await openSocketConnection(play(stopping.url));
    expect(await late.closed()).toBe(CloseCode.draining);
    expect(await stays.connection.next()).toMatchObject({ type: 'goaway', deadlineMs: 500 });
    stays.connection.send(JSON.stringify({ type: 'submit', ref: 'a', envelope: '00' }));
    expect(await stays.connection.next()).toMatchObject({ code: RejectCode.draining });
    expect(await stays.connection.closed()).toBe(CloseCode.draining);
    await stopped;
    await expect(status(stopping.url, '/livez')).rejects.toThrow();
  });

  it('says that it is broken without a validator', async () => {
    await world.setReach(false);
    expect(await status(node.url, '/lbz')).toBe(503);
    expect(await status(node.url, '/livez')).toBe(200);
    await world.setReach(true);
    expect(await status(node.url, '/lbz')).toBe(200);
  });

  it('counts without naming anybody', async () => {
    const session = await newPlayer(world);
    session.connection.close();
    const { connection } = await greet(world, ownLane(world.newSigner()));
    connection.close();
    await sleep(400);
    const text = await (await fetch(`${node.url}/metrics`)).text();
    for (const name of [
      'gateway_connections',
      'gateway_connects_total',
      'gateway_disconnects_total',
      'gateway_commands_total',
      'gateway_command_ack_seconds',
      'gateway_command_commit_seconds',
      'gateway_event_lag_seconds',
      'gateway_outbox_bytes',
      'gateway_draining',
    ]) {
      expect(text).toContain(`nullspace_${name}`);
    }
    const labels = text
      .split('\n')
      .filter((line) => line.startsWith('nullspace_gateway') && line.includes('{'));
    expect(labels.filter((line) => /[0-9a-f]{16}/.test(line.slice(0, line.indexOf('}'))))).toEqual(
      [],
    );
  });
});
