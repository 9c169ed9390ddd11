import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCertificate, openProvenEvent } from '../../command/client/verifyEvents.js';
import type { Sql, StateReader } from '../../query/ports.js';
import { routes } from '../../query/routes/routes.js';
import { encode } from '../../schemas/codec/codec.js';
import { blockDigest, chainIdOf } from '../../schemas/crypto/digests.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { PAGE_ROWS_MAX, READ_TURNS_MAX, READ_TURNS_WAITING_MAX } from '../../schemas/limits.js';
import { RejectCode, rejectName } from '../../schemas/rejectCode.js';
import { topicNames } from '../../schemas/topics.js';
import { engineGenesis, engineKeys, engineVerifiers } from '../../test/simulation/engineChain.js';
import {
  openProjectedChain,
  type ProjectedChain,
  quietLog,
} from '../../test/simulation/projectedChain.js';
import { parseGenesis } from '../genesis/genesisFile.js';
import { PostgresError } from '../postgres/errors.js';
import { projectionContent } from '../postgres/projectionSql.js';
import { createMetrics } from '../telemetry/metrics.js';
import { parseNetworks } from '../websocket/addressLimit.js';
import { openReadDatabase } from './readDatabase.js';
import { followHeights } from './readHeights.js';
import { createReadServer, type ReadServerOptions, VISIBLE_HEADER } from './readServer.js';

const HEIGHTS = 40;
const PROJECTED = 30;
let world: ProjectedChain;
let server: FastifyInstance;
const pages = mkdtempSync(join(tmpdir(), 'nullspace-page-'));
const accountKey = { kind: 'AccountKey', account: new Uint8Array(32) } as const;
const stateKey = toHex(encode('StateKey', { key: accountKey }));
const eventsSubject = `${topicNames(engineKeys.chainId).events}-value`;
let states: StateReader = { read: async () => null };

async function openServer(more: Partial<ReadServerOptions> = {}): Promise<FastifyInstance> {
  return createReadServer({
    sql: world.sql,
    heights: world.heights,
    states: { read: (key, height) => states.read(key, height) },
    genesis: engineGenesis,
    keys: engineKeys,
    shard: 0,
    metrics: createMetrics('reader'),
    status: () => ({ role: 'reader', name: 'test', ready: true, height: 0 }),
    log: quietLog,
    page: null,
    waitMsMax: 60,
    ...more,
  });
}

type Json = Record<string, unknown>;

async function get(url: string, headers: Record<string, string> = {}, from = server) {
  const response = await from.inject({ method: 'GET', url, headers });
  const { headers: said } = response;
  const isJson =
    String(said['content-type']).includes('json') && said['content-encoding'] === undefined;
  const body: Json = isJson && response.payload !== '' ? response.json() : {};
  return { status: response.statusCode, headers: response.headers, body, text: response.payload };
}

/** All rows of a list, page by page. */
async function readAll(url: string, limit: number): Promise<Json[]> {
  const rows: Json[] = [];
  const joint = url.includes('?') ? '&' : '?';
  for (let cursor: string | null = ''; cursor !== null; ) {
    const suffix: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { status, body } = await get(`${url}${joint}limit=${limit}${suffix}`);
    expect(status).toBe(200);
    rows.push(...(body.items as Json[]));
    cursor = body.nextCursor as string | null;
  }
  return rows;
}

beforeAll(async () => {
  world = await openProjectedChain({ heights: HEIGHTS, commands: 12 });
  await world.project(PROJECTED);
  server = await openServer();
});
afterAll(async () => {
  await server.close();
  await world.close();
  rmSync(pages, { recursive: true, force: true });
});

describe('what is read', () => {
  it('of the chain: every block once, newest first, each as in the log', async () => {
    const rows = await readAll('/explorer/blocks', 7);
    const heights = Array.from({ length: PROJECTED }, (_, index) => PROJECTED - index);
    expect(rows.map(({ height }) => height)).toEqual(heights);
    for (const row of rows) {
      const { header } = world.chain[(row.height as number) - 1]!.certified.block;
      expect(row.digest).toBe(toHex(blockDigest(header)));
    }
    const bounded = await readAll('/explorer/blocks?asOf=20&fromHeight=11', 4);
    expect(bounded.map(({ height }) => height)).toEqual(heights.slice(10, 20));
  });

  it('of a block: by height and by digest, with its books that add up', async () => {
    const { body } = await get('/explorer/blocks/20');
    const { certified } = world.chain[19]!;
    const record = encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified } });
    expect(body).toMatchObject({ height: 20, certified: toHex(record) });
    expect(body.visibleHeight).toBe(PROJECTED);
    expect((await get(`/explorer/blocks/${body.digest}`)).body).toEqual(body);
    expect((await get('/explorer/blocks/20?certified=false')).body.certified).toBeNull();
    const supply = body.supply as Record<string, string>[];
    expect(supply).toHaveLength(engineGenesis.assets.length);
    for (const books of supply) {
      const sum = [books.accounts, books.inPlay, books.bankroll, books.faucet];
      expect(sum.reduce((total, part) => total + BigInt(part ?? 0), 0n)).toBe(
        BigInt(books.issued ?? 0),
      );
    }
    const own = await readAll('/explorer/blocks/20/commands', 3);
    const indices = own.map(({ executionIndex }) => executionIndex as number);
    expect(indices).toEqual(indices.toSorted((a, b) => a - b));
    expect(own.length).toBeGreaterThan(0);
  });

  it('of a command: events that prove themselves against the certificate', async () => {
    const trust = {
      keys: engineKeys,
      eventPartitions: engineGenesis.eventPartitions,
      verifier: engineVerifiers.signatures,
    };
    const rows = await readAll('/explorer/commands', 50);
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['executed', 'refused']));
    for (const row of rows.filter((_, index) => index % 5 === 0)) {
      const { body } = await get(`/explorer/commands/${row.id}`);
      expect(body).toMatchObject(row);
      const certificate = openCertificate(body.certificate as string, trust)!;
      expect(toHex(certificate.result.seed)).toBe((body.block as Json).seed);
      const events = body.events as Parameters<typeof openProvenEvent>[0][];
      expect(events.length).toBeGreaterThan(0);
      for (const event of events) {
        const opened = openProvenEvent(event, certificate, trust);
        expect(opened?.executionIndex).toBe(row.executionIndex);
        const altered = { ...event, index: event.index + 1 };
        expect(openProvenEvent(altered, certificate, trust)).toBeNull();
      }
    }
  });

  it('of lists: by kind, status and account, without a gap between pages', async () => {
    const rows = await readAll('/explorer/commands', 100);
    const spins = await readAll('/explorer/commands?kind=SpinRoulette&status=executed', 9);
    const isSpin = ({ kind, status }: Json): boolean =>
      kind === 'SpinRoulette' && status === 'executed';
    expect(spins).toEqual(rows.filter(isSpin));
    const account = rows[0]?.account as string;
    const own = rows.filter((row) => row.account === account);
    expect(await readAll(`/explorer/commands?account=${account}`, 2)).toEqual(own);
    expect(await readAll(`/explorer/accounts/${account.toUpperCase()}/commands`, 3)).toEqual(own);
  });

  it('of an account: balance as the sum of its history, now and as of any height', async () => {
    const rows = await readAll('/explorer/commands', 100);
    const accounts = [...new Set(rows.map(({ account }) => account as string))];
    for (const account of accounts.slice(0, 8)) {
      const history = await readAll(`/explorer/accounts/${account}/history`, 4);
      for (const height of [3, 11, 17, PROJECTED]) {
        const { body } = await get(`/account/${account}?asOf=${height}`);
        const past = history.filter((row) => (row.height as number) <= height);
        const sum = past.reduce((total, { delta }) => total + BigInt(delta as string), 0n);
        const [balance] = body.balances as { amount: string }[];
        expect(BigInt(balance?.amount ?? 0)).toBe(sum);
        const nonces = rows.filter(
          (row) =>
            row.account === account && row.signer === account && (row.height as number) <= height,
        );
        expect(body.nextNonce).toBe(nonces.length);
      }
    }
    const { body } = await get(`/account/${'00'.repeat(32)}`);
    expect(body).toMatchObject({ exists: false, balances: [], nextNonce: 0, activity: null });
  });

  it('as CSV: the same rows, with where the next are', async () => {
    const [row] = await readAll('/explorer/commands?kind=SpinRoulette', 1);
    const url = `/explorer/accounts/${row?.account}/history`;
    const table = await get(`${url}?format=csv`);
    expect(table.headers['content-type']).toBe('text/csv; charset=utf-8');
    const lines = table.text.trimEnd().split('\r\n');
    const history = await readAll(url, 100);
    expect(lines).toHaveLength(history.length + 1);
    expect(lines[1]?.split(',')).toEqual([
      ...['height', 'executionIndex', 'eventIndex', 'timestampMs', 'asset'].map((name) =>
        String(history[0]?.[name]),
      ),
      ...['delta', 'balance', 'reason', 'commandId'].map((name) => history[0]?.[name]),
    ]);
    expect((await get(url, { accept: 'text/csv' })).text).toBe(table.text);
  });

  it('as CSV, of commands: with the filters of the list, and its next page', async () => {
    for (const url of ['/explorer/commands?status=refused', '/explorer/commands?kind=Transfer']) {
      const table = await get(`${url}&format=csv`);
      const lines = table.text.trimEnd().split('\r\n');
      const all = await readAll(url, 100);
      expect(lines).toHaveLength(all.length + 1);
      const head = lines[0]?.split(',') ?? [];
      for (const name of ['height', 'id', 'account', 'status', 'code']) {
        const cells = lines.slice(1).map((line) => line.split(',')[head.indexOf(name)]);
        expect(cells).toEqual(all.map((command) => String(command[name] ?? '')));
      }
    }
  });

  it('of the last block up to a time', async () => {
    const blocks = await readAll('/explorer/blocks', 100);
    const at = async (timestampMs: number) =>
      (await get(`/explorer/block-by-time/${timestampMs}`)).body.block as Json | undefined;
    for (const block of blocks.slice(0, 40)) {
      const time = Number(block.timestampMs);
      expect(await at(time)).toEqual(block);
      const before = await at(time - 1);
      if (before !== undefined) expect(before.height).toBe(Number(block.height) - 1);
    }
    expect((await at(Number.MAX_SAFE_INTEGER))?.height).toBe(blocks[0]?.height);
    const early = await get('/explorer/block-by-time/0');
    expect(early).toMatchObject({ status: 404, body: { code: RejectCode.unknownPath } });
  });

  it('by search: heights, digests, ids and keys, whole or begun', async () => {
    const [command] = await readAll('/explorer/commands', 100);
    const { id, account } = command as { id: string; account: string };
    const block = (await get('/explorer/blocks/12')).body;
    const search = async (q: string) => (await get(`/explorer/search?q=${q}`)).body;
    expect(await search('12')).toMatchObject({ redirect: '/explorer/blocks/12' });
    expect(await search(String(block.digest))).toMatchObject({ redirect: '/explorer/blocks/12' });
    expect(await search(`0x${id.toUpperCase()}`)).toMatchObject({
      redirect: `/explorer/commands/${id}`,
    });
    expect(await search(account)).toMatchObject({ redirect: `/account/${account}` });
    const begun = await search(id.slice(0, 12));
    expect(begun).toMatchObject({ redirect: null });
    expect(begun.matches).toContainEqual({
      kind: 'command',
      id,
      path: `/explorer/commands/${id}`,
    });
    expect(await search('ab'.repeat(32))).toMatchObject({ matches: [], redirect: null });
  });

  it('of the whole: totals that equal the rows, validators, lags, genesis, schemas', async () => {
    const rows = await readAll('/explorer/commands', 100);
    const stats = (await get('/explorer/stats')).body;
    const executed = rows.filter(({ status }) => status === 'executed').length;
    expect(stats.totals).toMatchObject({ executed, refused: rows.length - executed });
    expect(stats.recent).toMatchObject({ blocks: PROJECTED, blockTimeMs: 1_000 });
    const { validators } = (await get('/explorer/validators')).body;
    const certified = (validators as Json[]).map((validator) => validator.certified);
    expect(certified).toEqual([PROJECTED, PROJECTED, PROJECTED, 0]);
    const totals = (validators as Json[]).map(({ total }) => total as Json);
    expect(totals.map((total) => total.missed)).toEqual([0, 0, 0, PROJECTED]);
    expect(totals.map((total) => total.certifiedShare)).toEqual([1, 1, 1, 0]);
    expect(totals.reduce((sum, total) => sum + (total.proposed as number), 0)).toBe(PROJECTED);
    // A new epoch's validators have signed none of those blocks.
    const later = await openServer({ keys: { ...engineKeys, epoch: 1 } });
    const began = (await get('/explorer/validators', {}, later)).body;
    expect(began).toMatchObject({
      epoch: 1,
      window: 0,
      validators: [{ certified: 0 }, {}, {}, {}],
    });
    await later.close();
    const status = (await get('/explorer/status')).body;
    expect(status.sources).toHaveLength(engineGenesis.eventPartitions + 1);
    expect(status).toMatchObject({ lagBlocks: 0, newestHeight: PROJECTED });
    const genesis = parseGenesis((await get('/genesis')).text, 'genesis');
    expect(chainIdOf(genesis)).toEqual(engineKeys.chainId);
    const { schema } = (await get('/schemas/ids/13')).body;
    expect(JSON.parse(schema as string)).toMatchObject({ type: 'record', name: 'EventsRecord' });
  });

  it('of games: one a start, and as much in play as the books say', async () => {
    const commands = await readAll('/explorer/commands?status=executed', 100);
    const startsOf = (kind: string): Json[] => commands.filter((row) => row.kind === kind);
    const spins = await readAll('/explorer/games?game=roulette&status=finished', 7);
    expect(spins.length).toBeGreaterThan(10);
    expect(spins.map(placeOf)).toEqual(startsOf('SpinRoulette').map(placeOf));
    const hiLo = await readAll('/explorer/games?game=hiLo', 5);
    expect(hiLo.map(placeOf)).toEqual(startsOf('StartHiLo').map(placeOf));
    const playing = await readAll('/explorer/games?status=playing', 3);
    expect(playing).toEqual(hiLo.filter(({ isPlaying }) => isPlaying));
    const finished = await readAll('/explorer/games?game=hiLo&status=finished', 3);
    expect(finished.length + playing.length).toBe(hiLo.length);
    const { supply } = (await get(`/explorer/blocks/${PROJECTED}`)).body;
    const [books] = supply as Json[];
    expect(String(total(playing, 'stake'))).toBe(books?.inPlay);
    const [first] = hiLo;
    const own = hiLo.filter(({ account }) => account === first?.account);
    const url = `/explorer/accounts/${first?.account}/games?game=hiLo`;
    expect(await readAll(url, 2)).toEqual(own);
    const past = await readAll('/explorer/games?asOf=12', 100);
    expect(past).toEqual(
      (await readAll('/explorer/games', 100)).filter((row) => (row.startedHeight as number) <= 12),
    );
  });

  it('of holders: the largest first, all of them once, and together what the books say', async () => {
    const holders = await readAll('/explorer/accounts', 7);
    const held = holders.map(({ balance }) => BigInt(balance as string));
    expect(held).toEqual(held.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
    expect(new Set(holders.map(({ account }) => account)).size).toBe(holders.length);
    for (const { account, balance } of holders.slice(0, 5)) {
      const { balances } = (await get(`/account/${account}`)).body;
      expect((balances as Json[])[0]?.amount).toBe(balance);
    }
    const { supply } = (await get(`/explorer/blocks/${PROJECTED}`)).body;
    expect(String(total(holders, 'balance'))).toBe((supply as Json[])[0]?.accounts);
    const { body } = await get('/explorer/accounts?limit=1');
    expect(body).toMatchObject({ symbol: 'CHIP', issued: String(engineGenesis.assets[0]?.issued) });
    expect((await get('/explorer/accounts?asset=99')).body).toMatchObject({
      items: [],
      symbol: null,
    });
  });

  it('by time: every span adds up to the totals, and to the history of accounts', async () => {
    const sumOf = async (series: string, span: string): Promise<bigint> => {
      const { body } = await get(`/explorer/stats/${series}?span=${span}&points=1440`);
      return total(body.points as Json[], 'value');
    };
    const { totals } = (await get('/explorer/stats')).body as { totals: Json };
    const games = (totals.games as Json[])[0];
    for (const span of ['minute', 'hour', 'day']) {
      for (const name of ['executed', 'refused', 'events', 'bets']) {
        expect(await sumOf(name, span), `${name} by ${span}`).toBe(BigInt(totals[name] as number));
      }
      expect(await sumOf('newAccounts', span)).toBe(BigInt(totals.accounts as number));
      expect(await sumOf('blocks', span)).toBe(BigInt(PROJECTED));
      expect(await sumOf('staked', span)).toBe(BigInt(games?.staked as string));
      expect(await sumOf('paid', span)).toBe(BigInt(games?.paid as string));
    }
    const rows = await readAll('/explorer/commands', 100);
    const active = new Set(rows.map(({ account }) => account)).size;
    expect(await sumOf('activeAccounts', 'day')).toBe(BigInt(active));
    expect(BigInt(totals.bets as number)).toBe(
      BigInt((await readAll('/explorer/games', 100)).length),
    );
    const table = await get('/explorer/stats/commands?span=minute&points=3&format=csv');
    expect(table.text).toMatch(/^start_ms,value\r\n(\d+,\d+\r\n){3}$/);
  });

  it('by time, from the first bucket of the chain on', async () => {
    const { timestampMs } = (await get('/explorer/blocks/1')).body as { timestampMs: number };
    for (const [span, spanMs] of [
      ['minute', 60_000],
      ['hour', 3_600_000],
      ['day', 86_400_000],
    ] as const) {
      const { body } = await get(`/explorer/stats/blocks?span=${span}&fromMs=0`);
      const points = body.points as Json[];
      expect(points[0]?.startMs).toBe(timestampMs - (timestampMs % spanMs));
      expect(total(points, 'value')).toBe(BigInt(PROJECTED));
      expect(body.nextFromMs).toBeNull();
    }
  });

  it('of the state: with proof and certificate, or 503 when no validator has one', async () => {
    expect(await get(`/state/${stateKey}`)).toMatchObject({
      status: 503,
      body: { code: RejectCode.stateUnavailable },
    });
    const proof = encode('StateProof', {
      siblings: [],
      otherKeyHash: null,
      otherValueHash: null,
    });
    const asked: unknown[] = [];
    states = {
      read: async (key, height) => {
        asked.push([key, height]);
        return { value: null, proof, certificate: Uint8Array.of(1), height: 9 };
      },
    };
    const { body } = await get(`/state/${stateKey}?height=9`);
    expect(body).toMatchObject({ value: null, decoded: null, proof: toHex(proof), height: 9 });
    expect(asked).toEqual([[accountKey, 9]]);
    states = { read: async () => null };
  });
});

/** Where a command, or the game that it started, stands. */
function placeOf({ height, startedHeight, executionIndex, account }: Json): unknown {
  return [height ?? startedHeight, executionIndex, account];
}

function total(rows: readonly Json[], name: string): bigint {
  return rows.reduce((sum, row) => sum + BigInt(row[name] as string), 0n);
}

describe('how it is answered', () => {
  it('says exactly what each route read: no field is lost on the way', async () => {
    const [command] = await readAll('/explorer/commands?kind=SpinRoulette', 1);
    const { id, account } = command as { id: string; account: string };
    const given: Record<string, Record<string, string | number>> = {
      '/account/:publicKey': { publicKey: account },
      '/explorer/blocks/:block': { block: '9' },
      '/explorer/block-by-time/:timestampMs': { timestampMs: String(Number.MAX_SAFE_INTEGER) },
      '/explorer/blocks/:block/commands': { block: '9' },
      '/explorer/commands/:id': { id },
      '/explorer/accounts/:publicKey/history': { publicKey: account },
      '/explorer/accounts/:publicKey/commands': { publicKey: account },
      '/explorer/accounts/:publicKey/games': { publicKey: account },
      '/explorer/stats/:series': { series: 'staked' },
      '/explorer/search': { q: account },
      '/schemas/ids/:id': { id: 3 },
      '/subjects/:subject/versions': { subject: eventsSubject },
      '/subjects/:subject/versions/:version': { subject: eventsSubject, version: 'latest' },
    };
    const context = {
      ...{ sql: world.sql, keys: engineKeys, genesis: engineGenesis, shard: 0, states },
      visible: world.heights.current(),
    };
    for (const route of routes.filter(({ url }) => url !== '/state/:key')) {
      const parameters = given[route.url] ?? {};
      const answer = await route.read(context, parameters);
      const path = route.url.replace(/:(\w+)/g, (_, name) => String(parameters[name]));
      const query = route.url === '/explorer/search' ? `?q=${parameters.q}` : '';
      const { body } = await get(path + query);
      expect(answer.kind, route.url).toBe('found');
      if (answer.kind === 'found') expect(body, route.url).toEqual(answer.body);
    }
  });

  it('with validators: what is final for ever, lists until the next height', async () => {
    expect((await get('/genesis')).headers['cache-control']).toContain('immutable');
    // It tells the height that the reader has, which goes on.
    const block = await get('/explorer/blocks/5');
    expect(block.headers['cache-control']).toBe('no-cache');
    const again = await get('/explorer/blocks/5', {
      'if-none-match': String(block.headers.etag),
    });
    expect(again).toMatchObject({ status: 304, text: '' });
    const list = await get('/explorer/blocks');
    const etag = String(list.headers.etag);
    expect(await get('/explorer/blocks', { 'if-none-match': etag })).toMatchObject({ status: 304 });
    expect((await get('/explorer/stats')).headers['cache-control']).toBe('no-store');
    for (const { headers } of [block, again, list]) {
      expect(headers[VISIBLE_HEADER]).toBe(String(PROJECTED));
    }
  });

  it('with tags of an address, which nothing else has', async () => {
    const { headers } = await get('/explorer/commands?limit=1');
    for (const url of [
      `/explorer/blocks/${PROJECTED + 1}`,
      `/explorer/commands/${'ab'.repeat(32)}`,
      '/explorer/blocks?cursor=AAAA',
      '/explorer/commands?limit=2',
    ]) {
      const { status } = await get(url);
      for (const tag of ['*', String(headers.etag)]) {
        expect(await get(url, { 'if-none-match': tag })).toMatchObject({ status });
      }
    }
    expect(headers.etag).toContain(projectionContent());
  });

  it('in turn: one address leaves connections to the others', async () => {
    let reading = 0;
    let most = 0;
    const rows: Sql['rows'] = async () => {
      reading += 1;
      most = Math.max(most, reading);
      await sleep(5);
      reading -= 1;
      return [];
    };
    const slow = await openServer({ sql: { at: () => ({ rows }) } });
    const asks = Array.from({ length: 80 }, () =>
      slow.inject({ url: '/explorer/commands?status=refused', remoteAddress: '203.0.113.7' }),
    );
    const codes = (await Promise.all(asks)).map(({ statusCode }) => statusCode);
    expect(most).toBe(READ_TURNS_MAX);
    const refused = 80 - READ_TURNS_MAX - READ_TURNS_WAITING_MAX;
    expect(codes.filter((code) => code === 429)).toHaveLength(refused);
    expect(codes.filter((code) => code === 200)).toHaveLength(80 - refused);
    await slow.close();
  });

  it('compressed, to any origin, and to each address in bounds', async () => {
    const answer = await get('/explorer/commands?limit=100', {
      'accept-encoding': 'gzip',
      origin: 'http://elsewhere',
    });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    const limited = await openServer({ requestsPerMinuteMax: 2 });
    const ask = async (remoteAddress: string) =>
      (await limited.inject({ url: '/genesis', remoteAddress })).statusCode;
    const statuses = [await ask('10.0.0.1'), await ask('10.0.0.1'), await ask('10.0.0.1')];
    expect(statuses).toEqual([200, 200, 429]);
    expect(await ask('10.0.0.2')).toBe(200);
    const refusal = await limited.inject({ url: '/genesis', remoteAddress: '10.0.0.1' });
    expect(refusal.json()).toMatchObject({ code: RejectCode.rateLimited, status: 429 });
    for (let i = 0; i < 5; i++) expect(await ask('127.0.0.1')).toBe(200);
    await limited.close();
  });

  it('in bounds of whoever asks through a proxy', async () => {
    const trusted = parseNetworks(['10.0.0.0/8']);
    const limited = await openServer({ requestsPerMinuteMax: 2, trusted });
    const ask = async (forwarded: string) => {
      const headers = { 'x-forwarded-for': forwarded };
      return (await limited.inject({ url: '/genesis', headers, remoteAddress: '10.0.0.1' }))
        .statusCode;
    };
    // The two are of one customer.
    const ours = ['2001:db8::1', '1.1.1.1, 2001:db8::2', '2001:db8::1, 10.0.0.2'];
    expect([await ask(ours[0]!), await ask(ours[1]!), await ask(ours[2]!)]).toEqual([
      200, 200, 429,
    ]);
    expect(await ask('203.0.113.7')).toBe(200);
    for (let i = 0; i < 5; i++) expect(await ask('10.0.0.9')).toBe(200);
    await limited.close();
  });

  it('with the page where a person asks for one', async () => {
    writeFileSync(join(pages, 'index.html'), '<!doctype html><title>page</title>');
    const withPage = await openServer({ page: { folder: pages, gatewayUrl: ':9010' } });
    const html = { accept: 'text/html' };
    for (const url of ['/', '/blocks/5', '/nowhere', `/account/${'ab'.repeat(32)}`]) {
      const answer = await get(url, html, withPage);
      expect(answer).toMatchObject({ status: 200 });
      expect(answer.text).toContain('<title>page');
      expect(answer.headers['content-security-policy']).toBe(
        "default-src 'self'; connect-src 'self' ws://localhost:9010 wss://localhost:9010; " +
          "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      );
    }
    const forged = await get('/', { ...html, host: 'a; script-src *' }, withPage);
    expect(forged.headers['content-security-policy'] ?? '').not.toContain('script-src');
    expect(await get('/nowhere', {}, withPage)).toMatchObject({ status: 404 });
    const account = await get(`/account/${'ab'.repeat(32)}`, {}, withPage);
    expect(account.headers).toMatchObject({ vary: expect.stringContaining('accept') });
    expect(JSON.parse(account.text)).toMatchObject({ exists: false });
    await withPage.close();
  });
});

const long = 'ab'.repeat(32);
const badRequests: readonly [url: string, status: number, code: number][] = [
  ['/nowhere', 404, RejectCode.unknownPath],
  ['/submit', 404, RejectCode.unknownPath],
  ['/explorer/blocks/999999', 404, RejectCode.unknownPath],
  [`/explorer/blocks/${long}`, 404, RejectCode.unknownPath],
  [`/explorer/commands/${long}`, 404, RejectCode.unknownPath],
  ['/schemas/ids/999', 404, RejectCode.unknownPath],
  ['/subjects/nobody-value/versions', 404, RejectCode.unknownPath],
  ['/subjects/nobody-value/versions/1', 404, RejectCode.unknownPath],
  [`/subjects/${eventsSubject}/versions/2`, 404, RejectCode.unknownPath],
  [`/subjects/${eventsSubject}/versions/first`, 400, RejectCode.badParameter],
  ['/explorer/blocks/12x', 400, RejectCode.badParameter],
  ['/explorer/blocks/-1', 400, RejectCode.badParameter],
  ['/explorer/blocks/%zz', 400, RejectCode.badParameter],
  ['/explorer/commands/abcd', 400, RejectCode.badParameter],
  ['/account/xyz', 400, RejectCode.badParameter],
  [`/account/${long}0`, 400, RejectCode.badParameter],
  [`/account/${long}?asOf=-1`, 400, RejectCode.badParameter],
  [`/account/${long}?asof=5`, 400, RejectCode.badParameter],
  [`/account/${long}?minHeight=ten`, 400, RejectCode.badParameter],
  [`/account/${long}?minHeight=1e300`, 400, RejectCode.badParameter],
  ['/explorer/blocks?limit=0', 400, RejectCode.badParameter],
  [`/explorer/blocks?limit=${PAGE_ROWS_MAX + 1}`, 400, RejectCode.badParameter],
  ['/explorer/blocks?limit=1&limit=2', 400, RejectCode.badParameter],
  ['/explorer/commands?kind=Steal', 400, RejectCode.badParameter],
  ['/explorer/search', 400, RejectCode.badParameter],
  ['/explorer/search?q=hello', 400, RejectCode.badParameter],
  [`/explorer/search?q=${long}ab`, 400, RejectCode.badParameter],
  ['/state/00', 400, RejectCode.badParameter],
  [`/state/${stateKey}00`, 400, RejectCode.badParameter],
  ['/explorer/blocks?cursor=x', 400, RejectCode.badCursor],
  [`/explorer/blocks?cursor=${'A'.repeat(65)}`, 400, RejectCode.badCursor],
  ['/explorer/commands?cursor=AQAAAAAAAAAFAAAAAAAAAAA', 400, RejectCode.badCursor],
  ['/explorer/games?cursor=x', 400, RejectCode.badCursor],
  ['/explorer/games?status=lost', 400, RejectCode.badParameter],
  ['/explorer/accounts?cursor=AQAAAAAAAAAFAAAAAAAAAAA', 400, RejectCode.badCursor],
  ['/explorer/accounts?asset=x', 400, RejectCode.badParameter],
  ['/explorer/stats/luck', 400, RejectCode.badParameter],
  ['/explorer/stats/activeAccounts?span=minute', 400, RejectCode.badParameter],
  ['/explorer/stats/blocks?points=1441', 400, RejectCode.badParameter],
  ['/explorer/stats/blocks?fromMs=-1', 400, RejectCode.badParameter],
  ['/explorer/blocks?minHeight=1000000', 503, RejectCode.notYetVisible],
];

describe('bad input', () => {
  it.each(badRequests)('%s is %i, refusal %i', async (url, status, code) => {
    const answer = await get(url);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer).toMatchObject({ status, body: { status, code, name: rejectName(code) } });
    expect(answer.body.detail).toBeTypeOf('string');
    if (status === 503) expect(answer.headers['retry-after']).toBe('1');
  });

  it('of another method: GET only, and commands go to a gateway', async () => {
    const answer = await server.inject({ method: 'POST', url: '/explorer/blocks' });
    expect(answer.statusCode).toBe(405);
    expect(answer.json()).toMatchObject({ code: RejectCode.unknownPath });
    const submit = await server.inject({ method: 'POST', url: '/submit', payload: {} });
    expect(submit.statusCode).toBe(404);
    expect(submit.json().detail).toContain('gateway');
  });
});

describe("reading one's own writes", () => {
  it('waits for minHeight, and is answered as soon as it is visible', async () => {
    const patient = await openServer({ waitMsMax: 10_000 });
    const target = PROJECTED + 3;
    const startMs = performance.now();
    const waiting = get(`/explorer/blocks/${target}?minHeight=${target}`, {}, patient);
    await world.project(3);
    const visibleMs = performance.now();
    const { status, body } = await waiting;
    expect(status).toBe(200);
    expect(body).toMatchObject({ height: target, visibleHeight: target });
    expect(performance.now() - visibleMs).toBeLessThan(1_000);
    expect(visibleMs).toBeGreaterThan(startMs);
    await patient.close();
  });

  it('keeps pages of one asOf the same while the chain grows', async () => {
    const url = `/explorer/commands?asOf=${PROJECTED}`;
    const first = (await get(`${url}&limit=10`)).body;
    await world.project(2);
    const second = (await get(`${url}&limit=10&cursor=${first.nextCursor}`)).body;
    const all = await readAll(url, 100);
    expect([...(first.items as Json[]), ...(second.items as Json[])]).toEqual(all.slice(0, 20));
    expect(second).toMatchObject({ asOf: PROJECTED, visibleHeight: PROJECTED + 5 });
  });
});

describe('the database', () => {
  it('is read and never written, whatever a query says', async () => {
    await expect(world.sql.rows('create table nullspace.mine (id int)', [])).rejects.toMatchObject({
      sqlState: '25006',
    });
  });

  it('is said to be away while it is, and asked again afterwards', async () => {
    const away = openReadDatabase({
      url: 'postgres://nobody@127.0.0.1:1/nothing',
      applicationName: 'reader',
      log: quietLog,
    });
    const cutOff = await openServer({ sql: away });
    const answer = await get('/explorer/blocks', {}, cutOff);
    expect(answer).toMatchObject({ status: 503, body: { code: RejectCode.unavailable } });
    expect(answer.headers['retry-after']).toBe('1');
    await cutOff.close();
    await away.close();
  });

  it.each(['authentication', 'permission', 'outOfMemory', 'diskFull'] as const)(
    'is away while it says %s',
    async (code) => {
      const refuse = async (): Promise<never> => {
        throw new PostgresError(code, 'no entry');
      };
      const refusing = await openServer({ sql: { at: () => ({ rows: refuse }) } });
      expect(await get('/explorer/blocks', {}, refusing)).toMatchObject({
        status: 503,
        body: { code: RejectCode.unavailable, detail: 'the database is away' },
      });
      await refusing.close();
    },
  );

  it('is busy, and not away, when all connections to it are in use', async () => {
    const { url } = world;
    const database = openReadDatabase({
      ...{ url, applicationName: 'reader', log: quietLog, connectTimeoutMs: 1_500 },
    });
    const holds = Array.from({ length: 8 }, () => database.rows('select pg_sleep(3)', []));
    const late = database.rows('select 1 as one', []);
    await expect(late).rejects.toMatchObject({ code: 'busy', retriable: true });
    // What is visible is heard all the same.
    expect(await database.watch.rows('select 1 as one', [])).toEqual([{ one: 1 }]);
    await Promise.all(holds);
    const many = Array.from({ length: 300 }, () => database.rows('select 1 as one', []));
    const ends = await Promise.allSettled(many);
    const busy = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.code] : []));
    expect(busy.length).toBeGreaterThan(0);
    expect(new Set(busy)).toEqual(new Set(['busy']));
    await database.close();
  });

  it('that lacks a view says that tables are being made, and goes on with the others', async () => {
    const admin = new pg.Pool({ connectionString: world.url, max: 1 });
    const rename = (from: string, to: string): Promise<unknown> =>
      admin.query(`alter view nullspace.${from} rename to ${to}`);
    await rename('games', 'games_of_later');
    try {
      const detail = 'the tables of this version are being made';
      const refused = await get('/explorer/games');
      expect(refused).toMatchObject({
        status: 503,
        body: { code: RejectCode.unavailable, detail },
      });
      expect((await get('/explorer/blocks')).status).toBe(200);
    } finally {
      await rename('games_of_later', 'games');
      await admin.end();
    }
    expect((await get('/explorer/games')).status).toBe(200);
  });

  it('tells a standby of new heights without a notification', async () => {
    const standby = await followHeights({ sql: world.sql, shard: 0, wakeups: null, log: quietLog });
    const { height } = standby.current();
    const waiting = standby.waitFor(height + 1, 5_000);
    await world.project(1);
    expect(await waiting).toBe('visible');
    await standby.close();
    expect(await standby.waitFor(height + 1, 5_000)).toBe('visible');
  });
});
