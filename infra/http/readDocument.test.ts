import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode } from '../../schemas/codec/codec.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { topicNames } from '../../schemas/topics.js';
import { type AnswerCheck, openApiAnswers } from '../../test/contracts/openApiAnswers.js';
import {
  type Examples,
  type OpenApiDocument,
  type OpenApiRequest,
  openApiRequests,
} from '../../test/contracts/openApiRequests.js';
import { engineGenesis, engineKeys } from '../../test/simulation/engineChain.js';
import {
  openProjectedChain,
  type ProjectedChain,
  quietLog,
} from '../../test/simulation/projectedChain.js';
import { createMetrics } from '../telemetry/metrics.js';
import { createReadServer } from './readServer.js';

/** OPENAPI_SEED repeats a run; OPENAPI_RUNS asks so many times. */
const SEED = Number(process.env.OPENAPI_SEED ?? Math.floor(Math.random() * 0x7fff_ffff));
const RUNS = Number(process.env.OPENAPI_RUNS ?? 3_000);
const HEIGHTS = 24;
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { accept: 'text/csv' },
  { accept: 'application/json, text/csv;q=0.5' },
  { 'if-none-match': '*' },
  { 'accept-encoding': 'gzip;q=0' },
];

let world: ProjectedChain;
let server: FastifyInstance;
let document: OpenApiDocument;
let check: AnswerCheck;
let examples: Examples;

type Json = Readonly<Record<string, unknown>>;

async function get(url: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await server.inject({ method: 'GET', url, headers: { ...headers } });
  const { statusCode: status, headers: said, payload: text } = answer;
  return { status, contentType: said['content-type']?.toString(), text, etag: said.etag };
}

async function itemsOf(url: string): Promise<readonly Json[]> {
  return (JSON.parse((await get(url)).text) as { readonly items: readonly Json[] }).items;
}

/** Values that exist on the chain, as the API itself lists them. */
async function findExamples(): Promise<Examples> {
  const textsOf = (rows: readonly Json[], name: string) => rows.map((row) => String(row[name]));
  const blocks = await itemsOf('/explorer/blocks?limit=5');
  const commands = await itemsOf('/explorer/commands?limit=50');
  const accounts = textsOf(await itemsOf('/explorer/accounts?limit=5'), 'account');
  const heights = textsOf(blocks, 'height');
  const { events, blocks: blocksTopic } = topicNames(engineKeys.chainId);
  const ids = textsOf(commands, 'id');
  const key = toHex(
    encode('StateKey', { key: { kind: 'AccountKey', account: new Uint8Array(32) } }),
  );
  const cursors = await Promise.all(
    Object.keys(document.paths).map(async (path) => {
      const filled = path.replace('{publicKey}', accounts[0] ?? '').replace('{block}', '5');
      if (filled.includes('{')) return [];
      const { status, text } = await get(`${filled}?limit=1`);
      const next = status === 200 ? (JSON.parse(text) as Json).nextCursor : null;
      return typeof next === 'string' ? [next] : [];
    }),
  );
  return {
    key: [key],
    publicKey: accounts,
    account: accounts,
    block: [...heights, ...textsOf(blocks, 'digest')],
    '/explorer/commands/{id}:id': ids,
    '/schemas/ids/{id}:id': ['1', '2', '10', '64'],
    subject: [`${events}-value`, `${blocksTopic}-value`],
    version: ['1', 'latest'],
    q: [...ids.slice(0, 2), ...accounts.slice(0, 2), ...heights.slice(0, 2)],
    cursor: cursors.flat(),
    minHeight: ['1', String(HEIGHTS)],
    asOf: ['1', '7', String(HEIGHTS)],
    fromHeight: ['1', '7', String(HEIGHTS)],
    limit: ['1', '3', '100'],
  };
}

beforeAll(async () => {
  world = await openProjectedChain({ heights: HEIGHTS, commands: 12 });
  await world.project(HEIGHTS);
  const certificate = encode('ResultCertificate', world.chain[0]!.certified.certificate);
  const none = { value: null, proof: Uint8Array.of(1), certificate, height: 1 };
  server = await createReadServer({
    sql: world.sql,
    heights: world.heights,
    states: { read: async (_, height) => (height <= HEIGHTS ? none : null) },
    genesis: engineGenesis,
    keys: engineKeys,
    shard: 0,
    metrics: createMetrics('reader'),
    status: () => ({ role: 'reader', name: 'test', ready: true, height: 0 }),
    log: quietLog,
    page: null,
    waitMsMax: 5,
  });
  document = JSON.parse((await get('/openapi.json')).text) as OpenApiDocument;
  check = openApiAnswers(document);
  examples = await findExamples();
});
afterAll(async () => {
  await server.close();
  await world.close();
});

/** A refusal with status 5xx that says what is missing, and is no bug. */
const LATER: readonly number[] = [RejectCode.notYetVisible, RejectCode.stateUnavailable];

/** What is wrong with an answer; null when nothing is. */
function faultOf(request: OpenApiRequest, answer: Awaited<ReturnType<typeof get>>): string | null {
  const { path, misfit } = request;
  const outside = check(path, answer);
  if (outside !== null) return outside;
  const { status, text } = answer;
  if (status >= 500 && !LATER.includes(Number((JSON.parse(text) as Json).code))) return text;
  if (misfit === null || (status >= 400 && status < 500)) return null;
  return `${misfit} does not fit the document, and the answer is ${status}`;
}

/** By path, the statuses that were answered. */
async function askAll(runs: number, seed: number): Promise<Map<string, Set<number>>> {
  const answered = new Map<string, Set<number>>();
  const asked = fc.tuple(openApiRequests(document, examples), fc.constantFrom(...HEADERS));
  const result = await fc.check(
    fc.asyncProperty(asked, async ([request, headers]) => {
      const answer = await get(request.url, headers);
      const fault = faultOf(request, answer);
      if (fault !== null) throw new Error(`GET ${request.url}\n  ${fault}`);
      const statuses = answered.get(request.path) ?? new Set();
      answered.set(request.path, statuses.add(answer.status));
    }),
    { numRuns: runs, seed },
  );
  if (!result.failed) return answered;
  const again = `OPENAPI_SEED=${seed} OPENAPI_RUNS=${runs}`;
  const suite = 'npx vitest run --config test/vitest.config.ts infra/http/readDocument';
  const reason = result.errorInstance instanceof Error ? result.errorInstance.message : '';
  throw new Error(`${reason}\n  again: ${again} ${suite}`);
}

describe('the document of the read API', () => {
  it('is kept by every answer, to good and to bad requests', { timeout: 240_000 }, async () => {
    const answered = await askAll(RUNS, SEED);
    for (const [path, { get: operation }] of Object.entries(document.paths)) {
      const statuses = [...(answered.get(path) ?? [])];
      expect(statuses, path).toContain(200);
      const hasParameters = (operation.parameters ?? []).length > 0;
      if (hasParameters)
        expect(
          statuses.some((status) => status >= 400),
          path,
        ).toBe(true);
    }
  });

  it('says that a copy which is still good is not sent again', async () => {
    for (const [path, url] of [
      ['/explorer/blocks', '/explorer/blocks'],
      ['/explorer/blocks/{block}', '/explorer/blocks/5'],
      ['/genesis', '/genesis'],
    ] as const) {
      const { etag } = await get(url);
      const again = await get(url, { 'if-none-match': String(etag) });
      expect(again.status, url).toBe(304);
      expect(check(path, again), url).toBeNull();
    }
  });

  it('names every answer that a client has to tell apart', () => {
    const history = '/explorer/accounts/{publicKey}/history';
    const answers = document.paths[history]?.get.responses;
    expect(Object.keys(answers?.['200']?.content ?? {})).toEqual(['application/json', 'text/csv']);
    expect(Object.keys(answers?.['4XX']?.content ?? {})).toEqual(['application/problem+json']);
    const block = document.paths['/explorer/blocks/{block}']?.get.responses;
    expect(Object.keys(block?.['200']?.content ?? {})).toEqual(['application/json']);
  });

  it('is broken by an answer that it does not have', () => {
    const problem = JSON.stringify({ status: 400 });
    const path = '/explorer/blocks';
    const json = 'application/json';
    const faults: [number, string, string, RegExp][] = [
      [201, json, '{}', /not documented/],
      [200, 'text/html', '', /text\/html/],
      [200, json, '{}', /required property 'items'/],
      [200, json, '{', /not JSON/],
      [400, json, problem, /400 with application\/json/],
      [400, 'application/problem+json', problem, /required property 'code'/],
    ];
    for (const [status, contentType, text, fault] of faults) {
      expect(check(path, { status, contentType, text })).toMatch(fault);
    }
    expect(check('/nowhere', { status: 200, contentType: json, text: '' })).toMatch(/no path/);
  });
});
