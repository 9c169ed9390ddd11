import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Log, LogRecord, LogWriter } from '../../schemas/log.js';
import type { TcpProxy } from './tcpProxy.js';

/** A log that is reached over a proxy, and directly. */
export interface ProxiedLogPlace {
  readonly proxy: TcpProxy;
  openProxied(): Promise<Log>;
  openDirect(): Promise<Log>;
  stop(): Promise<void>;
}

export interface BrokenLogOptions {
  readonly place: () => Promise<ProxiedLogPlace>;
  /** Chunks of an append after which the connection breaks, one test each. */
  readonly chunks: readonly number[];
}

const PARTITIONS = 3;
const TIMEOUT_MS = 60_000;

/** So far, of all suites: two of them may share a place. */
let topics = 0;

/** Registers what an adapter promises when connections break in the middle of an append. */
export function describeBrokenLog(name: string, options: BrokenLogOptions): void {
  describe(`${name} over a network that breaks`, () => {
    let place: ProxiedLogPlace;
    const handles: Log[] = [];
    const topicOf = async (log: Log): Promise<string> => {
      const topic = `broken.${process.pid}.${topics++}`;
      const form = { partitions: PARTITIONS, compacted: false, maxMessageBytes: 2 ** 21 };
      await log.ensureTopics([{ name: topic, ...form }]);
      return topic;
    };
    const open = async (): Promise<{ log: Log; direct: Log; topic: string }> => {
      const [log, direct] = [await place.openProxied(), await place.openDirect()];
      handles.push(log, direct);
      return { log, direct, topic: await topicOf(direct) };
    };
    beforeAll(async () => {
      place = await options.place();
    }, 300_000);
    afterEach(async () => {
      place.proxy.cut(null);
      place.proxy.delay(0);
      place.proxy.release();
      for (const log of handles.splice(0)) await log.close();
    }, TIMEOUT_MS);
    afterAll(() => place.stop(), TIMEOUT_MS);
    const subject: Subject = { open, proxy: () => place.proxy };
    describeCuts(subject, options.chunks);
    describeStalls(subject);
    describeReading(subject);
  });
}

interface Subject {
  open(): Promise<{ log: Log; direct: Log; topic: string }>;
  proxy(): TcpProxy;
}

/** One record in each partition: an append is whole in all of them or in none. */
function group(topic: string, text: string, bytes = 0): LogRecord[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => ({
    topic,
    partition,
    key: Uint8Array.of(partition),
    value: Buffer.concat([Buffer.from(text), Buffer.alloc(bytes, 0x2e)]),
    timestampMs: 1,
  }));
}

async function texts(log: Log, topic: string, partition: number): Promise<string[]> {
  const { first, end } = await log.reader.offsets(topic, partition);
  const found: string[] = [];
  if (first === end) return found;
  const partitions = [{ topic, partition, fromOffset: first }];
  const subscription = await log.reader.subscribe({ partitions, maxBatchBytes: 2 ** 22 });
  for await (const batch of subscription.batches) {
    found.push(...batch.records.map(({ value }) => Buffer.from(value).toString()));
    if (batch.nextOffset >= end) break;
  }
  await subscription.close();
  return found.map((text) => text.replace(/\.+$/, ''));
}

/** What every partition holds; they must hold the same. */
async function contents(log: Log, topic: string): Promise<string[]> {
  const all: string[][] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    all.push(await texts(log, topic, partition));
  }
  for (const own of all) expect(own).toEqual(all[0]);
  return all[0] ?? [];
}

/** Whether the append was answered as done; the writer is of no use after any other answer. */
async function tryAppend(writer: LogWriter, records: readonly LogRecord[]): Promise<boolean> {
  try {
    await writer.append(records);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: 'LogError' });
    await expect(writer.append(records)).rejects.toMatchObject({ code: 'discarded' });
    return false;
  }
}

async function discard(writer: LogWriter): Promise<void> {
  await writer.close().catch((error: unknown) => expect(error).toBeInstanceOf(Error));
}

function describeCuts({ open, proxy }: Subject, chunks: readonly number[]): void {
  for (const delivered of [true, false]) {
    for (const atChunk of chunks) {
      const what = delivered ? 'with its answer lost' : 'with its request lost';
      it(
        `says of an append cut at chunk ${atChunk} ${what} what is so, or nothing`,
        async () => {
          const { log, direct, topic } = await open();
          const writer = await log.openWriter(`${topic}.writer`);
          await writer.append(group(topic, 'before'));
          proxy().cut({ atChunk, delivered });
          const isDone = await tryAppend(writer, group(topic, 'in doubt'));
          proxy().cut(null);
          await discard(writer);
          // Only what a new writer reads back says what was written.
          const next = await direct.openWriter(`${topic}.writer`);
          const found = await contents(direct, topic);
          expect(found.filter((text) => text === 'before')).toHaveLength(1);
          const times = found.filter((text) => text === 'in doubt').length;
          if (isDone) expect(times).toBe(1);
          else expect(times).toBeLessThanOrEqual(1);
          await next.append(group(topic, 'after'));
          await next.close();
          const last = await direct.openWriter(`${topic}.writer`);
          expect(await contents(direct, topic)).toEqual([...found, 'after']);
          await last.close();
        },
        TIMEOUT_MS,
      );
    }
  }
}

function describeStalls({ open, proxy }: Subject): void {
  it(
    'lets no append through that a new writer did not read back',
    async () => {
      const { log, direct, topic } = await open();
      const writer = await log.openWriter(`${topic}.writer`);
      await writer.append(group(topic, 'before'));
      proxy().stall();
      const late = tryAppend(writer, group(topic, 'late'));
      await sleep(100);
      const next = await direct.openWriter(`${topic}.writer`);
      const found = await contents(direct, topic);
      expect(found).toEqual(['before']);
      await next.append(group(topic, 'after'));
      proxy().release();
      expect(await late).toBe(false);
      await discard(writer);
      await next.append(group(topic, 'more'));
      const last = await direct.openWriter(`${topic}.writer`);
      expect(await contents(direct, topic)).toEqual(['before', 'after', 'more']);
      await Promise.all([next.close(), last.close()]);
    },
    TIMEOUT_MS,
  );

  it(
    'writes all or nothing of a large append that breaks off in its middle',
    async () => {
      const { log, direct, topic } = await open();
      const writer = await log.openWriter(`${topic}.writer`);
      await writer.append(group(topic, 'before'));
      proxy().delay(20);
      const appending = tryAppend(writer, group(topic, 'large', 1_500_000));
      await sleep(35);
      proxy().breakAll();
      const isDone = await appending;
      proxy().delay(0);
      await discard(writer);
      const next = await direct.openWriter(`${topic}.writer`);
      const found = await contents(direct, topic);
      expect(found[0]).toBe('before');
      if (isDone) expect(found).toEqual(['before', 'large']);
      await next.close();
    },
    TIMEOUT_MS,
  );

  it(
    'keeps order over a slow connection',
    async () => {
      const { log, direct, topic } = await open();
      const writer = await log.openWriter(`${topic}.writer`);
      proxy().delay(15);
      for (const text of ['a', 'b', 'c']) await writer.append(group(topic, text));
      await writer.close();
      const next = await direct.openWriter(`${topic}.writer`);
      expect(await contents(direct, topic)).toEqual(['a', 'b', 'c']);
      await next.close();
    },
    TIMEOUT_MS,
  );
}

function describeReading({ open, proxy }: Subject): void {
  it(
    'shows a reader everything once, over breaks of its connection',
    async () => {
      const { log, direct, topic } = await open();
      const writer = await direct.openWriter(`${topic}.writer`);
      const rounds = Array.from({ length: 30 }, (_, at) => `${at}`);
      const seen: string[] = [];
      let fromOffset = 0n;
      const reading = (async () => {
        while (seen.length < rounds.length) {
          try {
            const partitions = [{ topic, partition: 0, fromOffset }];
            const subscription = await log.reader.subscribe({ partitions, maxBatchBytes: 100 });
            for await (const batch of subscription.batches) {
              seen.push(...batch.records.map(({ value }) => Buffer.from(value).toString()));
              fromOffset = batch.nextOffset;
              if (seen.length === rounds.length) break;
            }
            await subscription.close();
          } catch (error) {
            expect(error).toMatchObject({ name: 'LogError' });
            await sleep(20);
          }
        }
      })();
      for (const text of rounds) {
        await writer.append(group(topic, text));
        if (Number(text) % 10 === 5) proxy().breakAll();
        await sleep(10);
      }
      await reading;
      expect(seen).toEqual(rounds);
      await writer.close();
    },
    TIMEOUT_MS,
  );
}
