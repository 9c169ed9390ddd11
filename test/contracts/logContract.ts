import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Log, LogBatch, LogRecord, LogSubscription, StoredRecord } from '../../schemas/log.js';

/**
 * A place that holds a log: `open` gives another handle on the same contents, as a restart does.
 */
export interface LogPlace {
  open(): Promise<Log>;
  stop(): Promise<void>;
}

export interface LogContractOptions {
  /** Whose readers look for news only when they are told of some, or so seldom that none waits. */
  readonly place: () => Promise<LogPlace>;
  readonly propertyRuns: number;
}

const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
const BIG_BATCH = 1024 * 1024;

/** So far, of all suites: two of them may share a place. */
let topics = 0;

/** Registers what every adapter of the log promises (schemas/log.ts), as tests of `name`. */
export function describeLogContract(name: string, options: LogContractOptions): void {
  describe(`${name} keeps the contract of the log`, () => {
    let place: LogPlace;
    const handles: Log[] = [];
    const open = async (): Promise<Log> => {
      const log = await place.open();
      handles.push(log);
      return log;
    };
    const newTopic = async (log: Log, partitions: number): Promise<string> => {
      const topic = `contract.${process.pid}.${topics++}`;
      const maxMessageBytes = MAX_MESSAGE_BYTES;
      await log.ensureTopics([{ name: topic, partitions, compacted: false, maxMessageBytes }]);
      return topic;
    };
    beforeAll(async () => {
      place = await options.place();
    }, 120_000);
    afterEach(async () => {
      for (const log of handles.splice(0)) await log.close();
    });
    afterAll(() => place.stop());
    const subject: Subject = { open, newTopic };
    describeWriting(subject);
    describeFencing(subject);
    describeReading(subject, options);
    describeTopics(subject);
  });
}

interface Subject {
  readonly open: () => Promise<Log>;
  readonly newTopic: (log: Log, partitions: number) => Promise<string>;
}

function record(topic: string, partition: number, text: string, timestampMs = 1_000): LogRecord {
  return {
    topic,
    partition,
    key: Uint8Array.from(Buffer.from(`key of ${text}`)),
    value: Uint8Array.from(Buffer.from(text)),
    timestampMs,
  };
}

function text(stored: LogRecord): string {
  return Buffer.from(stored.value).toString();
}

/** Batches until `count` records came, or the end of `subscription`. */
async function takeBatches(subscription: LogSubscription, count: number): Promise<LogBatch[]> {
  const batches: LogBatch[] = [];
  let seen = 0;
  if (count === 0) return batches;
  for await (const batch of subscription.batches) {
    batches.push(batch);
    seen += batch.records.length;
    if (seen >= count) break;
  }
  await subscription.close();
  return batches;
}

async function read(
  log: Log,
  topic: string,
  partitions: readonly number[],
  count: number,
  maxBatchBytes = BIG_BATCH,
): Promise<StoredRecord[]> {
  const starts = partitions.map((partition) => ({ topic, partition, fromOffset: 0n }));
  const subscription = await log.reader.subscribe({ partitions: starts, maxBatchBytes });
  return (await takeBatches(subscription, count)).flatMap((batch) => batch.records);
}

/** Everything of a partition, by following it to its end. */
export async function readToEnd(
  log: Log,
  topic: string,
  partition: number,
): Promise<StoredRecord[]> {
  const { first, end } = await log.reader.offsets(topic, partition);
  const records: StoredRecord[] = [];
  if (first === end) return records;
  const partitions = [{ topic, partition, fromOffset: first }];
  const subscription = await log.reader.subscribe({ partitions, maxBatchBytes: BIG_BATCH });
  for await (const batch of subscription.batches) {
    records.push(...batch.records);
    expect(batch.nextOffset).toBeLessThanOrEqual(batch.endOffset);
    if (batch.nextOffset >= end) break;
  }
  await subscription.close();
  return records;
}

/**
 * What was appended is durable at once, and visible within a moment: Kafka ends transactions later.
 */
async function expectTexts(
  log: Log,
  topic: string,
  partition: number,
  expected: readonly string[],
): Promise<void> {
  const seen = async (): Promise<string[]> => (await readToEnd(log, topic, partition)).map(text);
  await expect.poll(seen, { timeout: 5_000, interval: 10 }).toEqual(expected);
}

function describeWriting({ open, newTopic }: Subject): void {
  it('gives back what was written: key, value, time, in order, at growing offsets', async () => {
    const log = await open();
    const topic = await newTopic(log, 1);
    const writer = await log.openWriter(`${topic}.writer`);
    const written = Array.from({ length: 50 }, (_, i) => record(topic, 0, `r${i}`, 1_000 + i));
    const empty = { ...record(topic, 0, ''), key: new Uint8Array(0) };
    await writer.append(written.slice(0, 20));
    await writer.append([...written.slice(20), empty]);
    await writer.close();
    const stored = await read(log, topic, [0], 51);
    expect(stored.map(({ offset, ...rest }) => rest)).toEqual([...written, empty]);
    const offsets = stored.map((one) => one.offset);
    expect(offsets.every((offset, i) => i === 0 || offset > offsets[i - 1]!)).toBe(true);
  });

  it('appends over partitions and topics in one step, each in its own order', async () => {
    const log = await open();
    const [one, two] = [await newTopic(log, 2), await newTopic(log, 16)];
    const writer = await log.openWriter(`${one}.writer`);
    const mixed = Array.from({ length: 64 }, (_, i) => record(two, (i * 7) % 16, `e${i}`));
    await writer.append([record(one, 1, 'b0'), ...mixed, record(one, 1, 'b1')]);
    await expectTexts(log, one, 1, ['b0', 'b1']);
    expect(await readToEnd(log, one, 0)).toEqual([]);
    for (let partition = 0; partition < 16; partition++) {
      const expected = mixed.filter((each) => each.partition === partition).map(text);
      await expectTexts(log, two, partition, expected);
    }
  });

  it('takes an empty append as done', async () => {
    const log = await open();
    const topic = await newTopic(log, 1);
    const writer = await log.openWriter(`${topic}.writer`);
    await writer.append([]);
    await writer.append([record(topic, 0, 'after')]);
    await expectTexts(log, topic, 0, ['after']);
  });

  it('refuses an oversize record before anything is sent, and goes on', async () => {
    const log = await open();
    const topic = await newTopic(log, 2);
    const writer = await log.openWriter(`${topic}.writer`);
    const large = { ...record(topic, 1, ''), value: new Uint8Array(MAX_MESSAGE_BYTES) };
    const refusal = expect(writer.append([record(topic, 0, 'with it'), large])).rejects;
    await refusal.toMatchObject({ code: 'oversize', retriable: false });
    await writer.append([record(topic, 0, 'without')]);
    await expectTexts(log, topic, 0, ['without']);
  });

  it('takes a record of just the maximum', async () => {
    const log = await open();
    const topic = await newTopic(log, 1);
    const writer = await log.openWriter(`${topic}.writer`);
    const key = Uint8Array.of(1, 2, 3);
    const value = new Uint8Array(MAX_MESSAGE_BYTES - key.length).fill(7);
    await writer.append([{ topic, partition: 0, key, value, timestampMs: 5 }]);
    const [stored] = await read(log, topic, [0], 1);
    expect(stored?.value.length).toBe(value.length);
    expect(Buffer.compare(stored?.value ?? new Uint8Array(), value)).toBe(0);
  });

  it('refuses a topic or a partition that does not exist', async () => {
    const log = await open();
    const topic = await newTopic(log, 2);
    const writer = await log.openWriter(`${topic}.writer`);
    for (const [name, partition] of [
      ['no.such.topic', 0],
      [topic, 2],
      [topic, -1],
    ] as const) {
      const refusal = expect(writer.append([record(name, partition, 'lost')])).rejects;
      await refusal.toMatchObject({ code: 'unknownTopic' });
    }
    await writer.append([record(topic, 1, 'found')]);
    await expectTexts(log, topic, 1, ['found']);
  });
}

function describeFencing({ open, newTopic }: Subject): void {
  it('fences a writer when another opens with its id; none of its records is seen', async () => {
    const [log, other] = [await open(), await open()];
    const topic = await newTopic(log, 2);
    const first = await log.openWriter(`${topic}.writer`);
    await first.append([record(topic, 0, 'first')]);
    const second = await other.openWriter(`${topic}.writer`);
    const late = [record(topic, 0, 'late'), record(topic, 1, 'late')];
    await expect(first.append(late)).rejects.toMatchObject({ code: 'fenced', retriable: false });
    await second.append([record(topic, 0, 'second')]);
    await expect(first.append(late)).rejects.toMatchObject({ code: 'discarded' });
    await first.close();
    await second.append([record(topic, 1, 'second')]);
    await expectTexts(log, topic, 0, ['first', 'second']);
    await expectTexts(log, topic, 1, ['second']);
  });

  it('opens a writer once all earlier appends with its id can be read', async () => {
    const log = await open();
    const topic = await newTopic(log, 2);
    const expected: string[] = [];
    for (let round = 0; round < 5; round++) {
      const writer = await log.openWriter(`${topic}.writer`);
      for (const partition of [0, 1]) {
        expect((await readToEnd(log, topic, partition)).map(text)).toEqual(expected);
      }
      await writer.append([0, 1].map((partition) => record(topic, partition, `${round}`)));
      expected.push(`${round}`);
    }
  });

  it('lets writers with different ids write the same partitions', async () => {
    const log = await open();
    const topic = await newTopic(log, 2);
    const writers = await Promise.all([log.openWriter(`${topic}.a`), log.openWriter(`${topic}.b`)]);
    const rounds = Array.from({ length: 5 }, (_, round) => round);
    const write = async (writer: (typeof writers)[number], id: string): Promise<void> => {
      for (const round of rounds) {
        await writer.append([1, 0].map((partition) => record(topic, partition, `${id}${round}`)));
      }
    };
    await Promise.all([write(writers[0], 'a'), write(writers[1], 'b')]);
    for (const partition of [0, 1]) {
      const seen = (await read(log, topic, [partition], 10)).map(text);
      expect(seen.filter((each) => each.startsWith('a'))).toEqual(rounds.map((n) => `a${n}`));
      expect(seen.filter((each) => each.startsWith('b'))).toEqual(rounds.map((n) => `b${n}`));
    }
  });

  it('refuses an append on a closed writer', async () => {
    const log = await open();
    const topic = await newTopic(log, 1);
    const writer = await log.openWriter(`${topic}.writer`);
    await writer.close();
    const refusal = expect(writer.append([record(topic, 0, 'late')])).rejects;
    await refusal.toMatchObject({ code: 'discarded' });
  });
}

function describeReading(subject: Subject, options: LogContractOptions): void {
  const { open, newTopic } = subject;
  it('goes on from any offset that a record or a batch named', async () => {
    const log = await open();
    const topic = await newTopic(log, 1);
    const writer = await log.openWriter(`${topic}.writer`);
    for (const group of [0, 1, 2]) {
      await writer.append([0, 1, 2].map((i) => record(topic, 0, `r${group * 3 + i}`)));
    }
    const stored = await read(log, topic, [0], 9);
    for (const [index, { offset }] of stored.entries()) {
      const partitions = [{ topic, partition: 0, fromOffset: offset }];
      const subscription = await log.reader.subscribe({ partitions, maxBatchBytes: BIG_BATCH });
      const rest = await takeBatches(subscription, stored.length - index);
      expect(rest.flatMap((batch) => batch.records)).toEqual(stored.slice(index));
    }
  });

  it('bounds batches by bytes, and hands out a larger record alone', async () => {
    const log = await open();
    const topic = await newTopic(log, 1);
    const writer = await log.openWriter(`${topic}.writer`);
    const sizes = [10, 300, 300, 300, 5_000, 10, 10, 999, 1];
    const value = (bytes: number) => new Uint8Array(bytes).fill(bytes % 251);
    const key = new Uint8Array(0);
    await writer.append(
      sizes.map((bytes) => ({ topic, partition: 0, key, value: value(bytes), timestampMs: 1 })),
    );
    const partitions = [{ topic, partition: 0, fromOffset: 0n }];
    const subscription = await log.reader.subscribe({ partitions, maxBatchBytes: 1_000 });
    const batches = await takeBatches(subscription, sizes.length);
    for (const { records } of batches) {
      const total = records.reduce((sum, each) => sum + each.value.length, 0);
      expect(total <= 1_000 || records.length === 1).toBe(true);
    }
    expect(batches.length).toBeGreaterThanOrEqual(4);
    const stored = batches.flatMap((batch) => batch.records);
    expect(stored.map((each) => each.value.length)).toEqual(sizes);
    for (const [index, batch] of batches.slice(0, -1).entries()) {
      expect(batch.nextOffset).toBeLessThanOrEqual(batches[index + 1]!.records[0]!.offset);
    }
  });

  it('waits at the tail and is woken by an append', async () => {
    const [log, other] = [await open(), await open()];
    const topic = await newTopic(log, 2);
    const writer = await other.openWriter(`${topic}.writer`);
    await writer.append([record(topic, 0, 'warm'), record(topic, 1, 'warm')]);
    const partitions = [0, 1].map((partition) => ({ topic, partition, fromOffset: 0n }));
    const subscription = await log.reader.subscribe({ partitions, maxBatchBytes: BIG_BATCH });
    const arrivals = subscription.batches[Symbol.asyncIterator]();
    const arrive = async (count: number): Promise<string[]> => {
      const seen: string[] = [];
      while (seen.length < count) {
        const next = await arrivals.next();
        if (next.done) break;
        seen.push(...next.value.records.map(text));
      }
      return seen;
    };
    expect(await arrive(2)).toEqual(['warm', 'warm']);
    for (let round = 0; round < 20; round++) {
      const arrival = arrive(1);
      await new Promise((done) => setTimeout(done, 5));
      await writer.append([record(topic, round % 2, `round ${round}`)]);
      expect(await arrival).toEqual([`round ${round}`]);
    }
    await subscription.close();
    expect((await arrivals.next()).done).toBe(true);
  });

  it('ends a waiting subscription on close, of it or of the whole log', async () => {
    for (const whole of [false, true]) {
      const log = await open();
      const topic = await newTopic(log, 1);
      const partitions = [{ topic, partition: 0, fromOffset: 0n }];
      const subscription = await log.reader.subscribe({ partitions, maxBatchBytes: BIG_BATCH });
      const next = subscription.batches[Symbol.asyncIterator]().next();
      await new Promise((done) => setTimeout(done, 20));
      await (whole ? log.close() : subscription.close());
      expect((await next).done).toBe(true);
    }
  });

  it('shows a concurrent reader whole appends in order, across a change of writers', async () => {
    const log = await open();
    const topic = await newTopic(log, 3);
    const partitions = [0, 1, 2].map((partition) => ({ topic, partition, fromOffset: 0n }));
    const subscription = await log.reader.subscribe({ partitions, maxBatchBytes: 2_000 });
    const reading = takeBatches(subscription, 3 * 40);
    for (let round = 0; round < 40; ) {
      const writer = await log.openWriter(`${topic}.writer`);
      for (const last = round + 10; round < last; round++) {
        await writer.append([2, 0, 1].map((partition) => record(topic, partition, `${round}`)));
      }
    }
    const seen = (await reading).flatMap((batch) => batch.records);
    for (const partition of [0, 1, 2]) {
      const own = seen.filter((each) => each.partition === partition).map(text);
      expect(own).toEqual(Array.from({ length: 40 }, (_, round) => `${round}`));
    }
  });

  it('keeps everything over a restart of the process', async () => {
    const before = await open();
    const topic = await newTopic(before, 1);
    const first = await before.openWriter(`${topic}.writer`);
    await first.append([record(topic, 0, 'before')]);
    await first.close();
    await before.close();
    const after = await open();
    await expectTexts(after, topic, 0, ['before']);
    const second = await after.openWriter(`${topic}.writer`);
    await second.append([record(topic, 0, 'after')]);
    await expectTexts(after, topic, 0, ['before', 'after']);
  });

  it('refuses to begin outside of what a partition holds', async () => {
    const log = await open();
    const topic = await newTopic(log, 1);
    const writer = await log.openWriter(`${topic}.writer`);
    await writer.append([record(topic, 0, 'only')]);
    await expectTexts(log, topic, 0, ['only']);
    const { end } = await log.reader.offsets(topic, 0);
    for (const fromOffset of [-1n, end + 1n]) {
      const partitions = [{ topic, partition: 0, fromOffset }];
      const refusal = expect(log.reader.subscribe({ partitions, maxBatchBytes: 1 })).rejects;
      await refusal.toMatchObject({ code: 'offsetOutOfRange' });
    }
    const unknown = expect(log.reader.offsets('no.such.topic', 0)).rejects;
    await unknown.toMatchObject({ code: 'unknownTopic' });
  });

  it('reads back any appends, however they were grouped', async () => {
    const log = await open();
    const partition = fc.integer({ min: 0, max: 3 });
    const bytes = fc.uint8Array({ maxLength: 40 });
    const one = fc.record({ partition, key: bytes, value: bytes, timestampMs: fc.nat() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(one, { maxLength: 12 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 200 }),
        async (appends, maxBatchBytes) => {
          const topic = await newTopic(log, 4);
          const writer = await log.openWriter('property');
          const all = appends.map((group) => group.map((each) => ({ topic, ...each })));
          for (const group of all) await writer.append(group);
          await writer.close();
          const stored = await read(log, topic, [0, 1, 2, 3], all.flat().length, maxBatchBytes);
          for (const p of [0, 1, 2, 3]) {
            const own = stored.filter((each) => each.partition === p);
            const expected = all.flat().filter((each) => each.partition === p);
            expect(own.map(({ offset, ...rest }) => rest)).toEqual(expected);
          }
        },
      ),
      { numRuns: options.propertyRuns },
    );
  }, 120_000);
}

function describeTopics({ open, newTopic }: Subject): void {
  it('creates topics once, and refuses one that exists in another form', async () => {
    const log = await open();
    const name = await newTopic(log, 2);
    const same = { name, partitions: 2, compacted: false, maxMessageBytes: MAX_MESSAGE_BYTES };
    await log.ensureTopics([same]);
    const changes = [
      { partitions: 3 },
      { partitions: 1 },
      { compacted: true },
      { maxMessageBytes: 9 },
    ];
    for (const change of changes) {
      const refusal = expect(log.ensureTopics([{ ...same, ...change }])).rejects;
      await refusal.toMatchObject({ code: 'topicMismatch', retriable: false });
    }
    expect((await (await open()).reader.offsets(name, 1)).end).toBe(0n);
  });

  it('has processes that start together agree on the topics', async () => {
    const logs = await Promise.all([open(), open(), open()]);
    const name = `contract.${process.pid}.together`;
    const topic = { name, partitions: 8, compacted: false, maxMessageBytes: MAX_MESSAGE_BYTES };
    await Promise.all(logs.map((log) => log.ensureTopics([topic])));
    expect((await logs[0].reader.offsets(name, 7)).end).toBe(0n);
  });
}
