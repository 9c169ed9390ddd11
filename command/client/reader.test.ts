import { describe, expect, it } from 'vitest';
import { RejectCode } from '../../schemas/rejectCode.js';
import { openTrust } from './openTrust.js';
import { openReader } from './reader.js';
import { ReaderError, UnprovenError } from './readerError.js';
import { READ_ASKED_MAX } from './readJson.js';

const KEY = 'ab'.repeat(32);
const FOUND = { query: '7', matches: [], redirect: null, visibleHeight: 9 };

type Answer = { readonly status: number; readonly body: unknown };

/** A world whose answers are made up; it says what was asked. */
function madeUp(answer: (url: string, asked: number) => Answer) {
  const asked: string[] = [];
  const world = {
    async get(url: string) {
      asked.push(url);
      return answer(url, asked.length);
    },
    after(_delayMs: number, run: () => void) {
      run();
      return () => undefined;
    },
  };
  return { asked, world };
}

const problem = (status: number, code: number): Answer => ({
  status,
  body: { type: 'about:blank', title: 'no', status, code, name: 'x', detail: 'so it is' },
});

async function failureOf(promise: Promise<unknown>): Promise<ReaderError> {
  const error = await promise.then(
    () => expect.unreachable('it was answered'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ReaderError);
  return error as ReaderError;
}

describe('a read', () => {
  it('is refused for good with the code of the problem', async () => {
    const { asked, world } = madeUp(() => problem(400, RejectCode.badParameter));
    const error = await failureOf(openReader(['http://a', 'http://b'], world).block(3));
    expect(error).toMatchObject({ code: 'badParameter', status: 400, retriable: false });
    expect(error.message).toContain('so it is');
    expect(asked).toEqual(['http://a/explorer/blocks/3']);
  });

  it('of what one reader does not know is asked of the others before it is final', async () => {
    const unknown = () => problem(404, RejectCode.unknownPath);
    const one = madeUp((url) =>
      url.startsWith('http://a') ? unknown() : { status: 200, body: FOUND },
    );
    expect(await openReader(['http://a', 'http://b'], one.world).search('7')).toEqual(FOUND);
    const all = madeUp((url) =>
      url.startsWith('http://b') ? expect.fail('connection refused') : unknown(),
    );
    const urls = ['http://a', 'http://b', 'http://c'];
    for (const order of [urls, urls.toReversed(), ['http://a', 'http://b']]) {
      const from = all.asked.length;
      const error = await failureOf(openReader(order, all.world).block(3));
      expect(error).toMatchObject({ code: 'unknownPath', status: 404, retriable: false });
      const hosts = all.asked.slice(from).map((url) => url.slice(0, 8));
      expect(hosts).toEqual(order);
    }
  });

  it('that is not proven is asked of each reader once, then of the honest one first', async () => {
    const { asked, world } = madeUp((url) => ({
      status: 200,
      body: { epochs: [], by: url.slice(7, 8) },
    }));
    const proving = (honest: string) => ({
      prove: (answer: object) => {
        if ((answer as { by?: string }).by !== honest) throw new UnprovenError('a lie');
      },
    });
    const reader = openReader(['http://a', 'http://b', 'http://c'], world);
    await reader.epochs(proving('c'));
    await reader.epochs(proving('c'));
    expect(asked.map((url) => url.slice(7, 8)).join('')).toBe('abcc');
    await expect(reader.epochs(proving('d'))).rejects.toThrow(UnprovenError);
    expect(asked).toHaveLength(7);
  });

  it('with a least height is not taken of a reader that shows less', async () => {
    const account = {
      ...{ account: KEY, exists: false, nextNonce: 0, asOf: 5, balances: [], activity: null },
    };
    const shown = (visibleHeight: number) => ({
      status: 200,
      body: { ...account, visibleHeight },
    });
    const { asked, world } = madeUp((url) => shown(url.startsWith('http://a') ? 5 : 30));
    const reader = openReader(['http://a', 'http://b'], world);
    expect((await reader.account(KEY, { minHeight: 30 })).visibleHeight).toBe(30);
    expect(asked).toHaveLength(2);
    const behind = openReader('http://a', world);
    const error = await failureOf(behind.account(KEY, { minHeight: 30 }));
    expect(error.code).toBe('malformed');
    expect((await behind.account(KEY, { minHeight: 5 })).visibleHeight).toBe(5);
    const page = { status: 200, body: { items: [], nextCursor: null, visibleHeight: 5 } };
    const list = openReader('http://a', madeUp(() => page).world).blocks({ minHeight: 6 });
    const first = list[Symbol.asyncIterator]().next();
    expect((await failureOf(first)).code).toBe('malformed');
  });

  it('is asked again while it is not visible yet, a bounded number of times', async () => {
    const late = madeUp((_url, asked) =>
      asked < READ_ASKED_MAX
        ? problem(503, RejectCode.notYetVisible)
        : { status: 200, body: FOUND },
    );
    expect(await openReader('http://a/', late.world).search('7')).toEqual(FOUND);
    expect(new Set(late.asked)).toEqual(new Set(['http://a/explorer/search?q=7']));
    const never = madeUp(() => problem(503, RejectCode.notYetVisible));
    const error = await failureOf(openReader('http://a', never.world).search('7'));
    expect(error).toMatchObject({ code: 'notYetVisible', retriable: true });
    expect(never.asked).toHaveLength(READ_ASKED_MAX);
  });

  const page = (status: number) => (): Answer => ({ status, body: undefined });
  const broken: readonly [string, () => Answer, string, status: number, retriable: boolean][] = [
    ['is away', () => expect.fail('connection refused'), 'unreachable', 0, true],
    ['is out of order', () => problem(500, RejectCode.internal), 'internal', 500, true],
    ['has no database', () => problem(503, RejectCode.unavailable), 'unavailable', 503, true],
    ['is behind a proxy that says so', () => ({ status: 502, body: 'x' }), 'refused', 502, true],
    ['is behind a proxy that fails', page(502), 'refused', 502, true],
    ['is behind a proxy that has enough', page(429), 'refused', 429, true],
    ['is behind a proxy that was kept waiting', page(408), 'refused', 408, true],
    ['is behind a proxy that was asked too early', page(425), 'refused', 425, true],
    ['is behind a proxy that wants a name', page(401), 'refused', 401, false],
    ['is a page of something else', page(404), 'refused', 404, false],
    ['knows more codes', () => problem(400, 1999), 'refused', 400, false],
    ['says something else', () => ({ status: 200, body: { matches: 7 } }), 'malformed', 200, true],
    ['says nothing', () => ({ status: 200, body: null }), 'malformed', 200, true],
    ['finds a page', page(200), 'malformed', 200, true],
  ];
  it.each(broken)('goes to the next reader when one %s', async (_title, answer, ...said) => {
    const one = madeUp((url) =>
      url.startsWith('http://b') ? { status: 200, body: FOUND } : answer(),
    );
    const reader = openReader(['http://a', 'http://b'], one.world);
    await reader.search('7');
    await reader.search('7');
    const path = '/explorer/search?q=7';
    expect(one.asked).toEqual([`http://a${path}`, `http://b${path}`, `http://b${path}`]);
    const both = madeUp(answer);
    const error = await failureOf(openReader(['http://a', 'http://b'], both.world).search('7'));
    expect([error.code, error.status, error.retriable]).toEqual(said);
    expect(both.asked).toHaveLength(2);
  });

  it('ends with the reason of its signal, whatever it waits for', async () => {
    const given: unknown[] = [];
    const never = () => new Promise<never>(() => undefined);
    const silent = {
      get(_url: string, signal: unknown) {
        given.push(signal);
        return never();
      },
      after: () => () => undefined,
    };
    const late = { ...silent, get: async () => problem(503, RejectCode.notYetVisible) };
    for (const world of [silent, late]) {
      const controller = new AbortController();
      const { signal } = controller;
      const reader = openReader('http://a', world);
      const reads = [
        ...[reader.search('7', { signal }), reader.account(KEY, { signal, minHeight: 3 })],
        ...[reader.genesis({ signal }), openTrust(reader, { signal })],
        reader.blocks({ signal })[Symbol.asyncIterator]().next(),
        reader.epochs({ signal, prove: never }),
      ];
      controller.abort(new Error('enough'));
      reads.push(reader.block(3, { signal }));
      for (const read of reads) await expect(read).rejects.toThrow('enough');
    }
    expect(given.length).toBeGreaterThan(3);
    expect(given.every((each) => each instanceof AbortSignal)).toBe(true);
    const proven = madeUp(() => ({ status: 200, body: { epochs: [] } }));
    const controller = new AbortController();
    const asking = { signal: controller.signal, prove: never };
    const read = openReader('http://a', proven.world).epochs(asking);
    controller.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
    expect(proven.asked).toEqual(['http://a/epochs']);
  });

  it('puts what it is given into the address and nothing else', async () => {
    const { asked, world } = madeUp(() => problem(404, RejectCode.unknownPath));
    const reader = openReader('', world);
    await failureOf(reader.account('ABcd', { minHeight: 3 }));
    await failureOf(reader.search('a&b=c'));
    expect(asked).toEqual(['/account/ABcd?minHeight=3', '/explorer/search?q=a%26b%3Dc']);
  });

  it.each(['..', '.', '', 'a/../b?c', '%2e%2e', 'xyz', Number.NaN, -1, 1.5, undefined])(
    'asks nobody for the key %s',
    async (given) => {
      const { asked, world } = madeUp(() => expect.unreachable('it was asked for'));
      const reader = openReader('http://a', world);
      const key = given as string;
      const first = (rows: AsyncIterable<unknown>) => rows[Symbol.asyncIterator]().next();
      const reads = [
        () => reader.account(key),
        () => reader.block(key),
        () => reader.command(key),
        () => reader.state(key),
        () => first(reader.history(key)),
        () => first(reader.blockCommands(key)),
      ];
      for (const read of reads) {
        const error = await failureOf(read());
        expect(error).toMatchObject({ code: 'badParameter', status: 0, retriable: false });
        expect(error.message).toContain(`not '${key}'`);
      }
      expect(asked).toEqual([]);
    },
  );

  it('follows the pages of a list, and stops where they lead nowhere', async () => {
    const row = {
      ...{ height: 1, executionIndex: 1, eventIndex: 0, timestampMs: 5, asset: 0, delta: '-5' },
      ...{ balance: '7', reason: 'STAKE', commandId: null },
    };
    const page = (nextCursor: string | null) => ({
      status: 200,
      body: { items: [row, row], nextCursor, visibleHeight: 1, asOf: 1 },
    });
    const { asked, world } = madeUp((_url, count) => page(count < 3 ? `c${count}` : null));
    const rows: unknown[] = [];
    for await (const each of openReader('', world).history(KEY, { limit: 2 })) rows.push(each);
    expect(rows).toHaveLength(6);
    expect(asked.map((url) => url.split('?')[1])).toEqual([
      'limit=2',
      'limit=2&minHeight=1&cursor=c1',
      'limit=2&minHeight=1&cursor=c2',
    ]);
    const circle = madeUp(() => page('c1'));
    const taken = async () => {
      for await (const _ of openReader('', circle.world).history(KEY));
    };
    expect((await failureOf(taken())).code).toBe('malformed');
    expect(circle.asked).toHaveLength(2);
  });

  it('asks for what is late as often when another reader is away', async () => {
    const { asked, world } = madeUp((url) => {
      if (url.startsWith('http://a')) throw new Error('connection refused');
      return problem(503, RejectCode.notYetVisible);
    });
    const error = await failureOf(openReader(['http://a', 'http://b'], world).search('7'));
    expect(error.code).toBe('notYetVisible');
    expect(asked.filter((url) => url.startsWith('http://b'))).toHaveLength(READ_ASKED_MAX);
    expect(asked).toHaveLength(1 + READ_ASKED_MAX);
  });
});

const heightsDown = (from: number, to: number): number[] =>
  Array.from({ length: from - to + 1 }, (_, index) => from - index);

/** Readers of one chain: `visible` is what each shows, `isDown` those that are away. */
function listReaders(visible: Record<string, number>, isDown: ReadonlySet<string>) {
  const HASH = KEY;
  const row = (height: number) => ({
    ...{ height, digest: HASH, parent: HASH, epoch: 0, view: 1, timestampMs: height, proposer: 0 },
    ...{ itemCount: 0, envelopeCount: 0, commandCount: 0, sizeBytes: 1, engineVersion: 1 },
    ...{ stateRoot: HASH, eventsRoot: HASH, seed: HASH, resultDigest: HASH },
  });
  return madeUp((url) => {
    const { host, searchParams } = new URL(url);
    const number = (name: string) => Number(searchParams.get(name) ?? Number.NaN);
    const visibleHeight = visible[host] ?? 0;
    if (isDown.has(host)) throw new Error('connection refused');
    const needed = Math.max(number('minHeight') || 0, number('asOf') || 0);
    // One that is behind comes nearer each time that it is asked.
    if (needed > visibleHeight) {
      visible[host] = visibleHeight + 5;
      return problem(503, RejectCode.notYetVisible);
    }
    const asOf = Math.min(number('asOf') || visibleHeight, visibleHeight);
    const top = Math.min(asOf, (number('cursor') || asOf + 1) - 1);
    const last = Math.max(1, top - number('limit') + 1);
    const items = heightsDown(top, last).map(row);
    const nextCursor = last > 1 ? String(last) : null;
    return { status: 200, body: { items, nextCursor, asOf, visibleHeight } };
  });
}

describe('a list over several readers', () => {
  const URLS = ['http://a', 'http://b'];

  it('loses no row when the next reader shows less than the first one did', async () => {
    const isDown = new Set<string>();
    const { asked, world } = listReaders({ a: 30, b: 18 }, isDown);
    const taken: number[] = [];
    for await (const { height } of openReader(URLS, world).blocks({ limit: 10 })) {
      taken.push(height);
      if (taken.length === 10) isDown.add('a');
    }
    expect(taken).toEqual(heightsDown(30, 1));
    expect(asked.filter((url) => url.startsWith('http://b')).length).toBeGreaterThan(3);
  });

  it('asks for the greatest height of a page, and ends with an error below it', async () => {
    const isDown = new Set<string>();
    const visible = { a: 30, b: -100 };
    const { asked, world } = listReaders(visible, isDown);
    const taken: number[] = [];
    const reading = async () => {
      const query = { limit: 10, minHeight: 3 };
      for await (const { height } of openReader(URLS, world).blocks(query)) {
        taken.push(height);
        if (taken.length === 11) isDown.add('a');
        visible.a = 40;
      }
    };
    expect((await failureOf(reading())).code).toBe('notYetVisible');
    expect(taken).toEqual(heightsDown(30, 11));
    const heights = asked.map((url) => new URL(url).searchParams.get('minHeight'));
    expect(heights.slice(0, 2)).toEqual(['3', '30']);
    expect(new Set(heights.slice(2))).toEqual(new Set(['40']));
  });

  it('takes no page of a reader that shows less in spite of what it was asked', async () => {
    const { world } = listReaders({ a: 30 }, new Set());
    const deaf = {
      ...world,
      get: async (url: string) => {
        const answer = await world.get(url);
        const body = answer.body as object;
        return url.includes('cursor')
          ? { ...answer, body: { ...body, visibleHeight: 29 } }
          : answer;
      },
    };
    const reading = async () => {
      for await (const _ of openReader('http://a', deaf).blocks({ limit: 10 }));
    };
    expect((await failureOf(reading())).code).toBe('malformed');
  });

  it('that is pinned asks for no more than its height', async () => {
    const isDown = new Set<string>();
    const { asked, world } = listReaders({ a: 30, b: 18 }, isDown);
    const taken: number[] = [];
    for await (const { height } of openReader(URLS, world).blocks({ limit: 5, asOf: 15 })) {
      taken.push(height);
      isDown.add('a');
    }
    expect(taken).toEqual(heightsDown(15, 1));
    expect(asked.some((url) => url.includes('minHeight'))).toBe(false);
    expect(asked).toHaveLength(4);
  });
});
