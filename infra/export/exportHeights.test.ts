import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avro from 'avsc';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encode } from '../../schemas/codec/codec.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { LogRecord } from '../../schemas/log.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import {
  engineBeacons,
  engineBeaconsBut,
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import { createMemoryLog } from '../../test/simulation/memoryLog.js';
import { type ExportManifest, type ExportOptions, exportHeights } from './exportHeights.js';
import { verifiedHeights } from './verifiedHeights.js';

const HEIGHTS = 25;
const chain = engineChain({ heights: HEIGHTS, commands: 6, seed: 17 });
const topics = topicNames(engineKeys.chainId);
const base = mkdtempSync(join(tmpdir(), 'nullspace-export-'));
const opened = createMemoryLog().open();
afterAll(async () => {
  await opened.close();
  rmSync(base, { recursive: true, force: true });
});

/** What a bad publisher would like analysts to believe, between what is certified. */
function forged(height: (typeof chain)[number]): LogRecord[] {
  const { certified } = height;
  const result = { ...certified.certificate.result, stateRoot: new Uint8Array(32) };
  const certificate = { ...certified.certificate, result };
  const body = { kind: 'CertifiedBlock' as const, ...certified, certificate };
  const event = height.events.flat()[0];
  const common = { key: new Uint8Array(1), timestampMs: 1 };
  return [
    { topic: topics.blocks, partition: 0, value: encode('BlocksRecord', { body }), ...common },
    { topic: topics.events, partition: 1, value: Uint8Array.of(0, 1, 2), ...common },
    ...(event === undefined
      ? []
      : [{ topic: topics.events, partition: 0, value: event, ...common }]),
  ];
}

beforeAll(async () => {
  const { shards, eventPartitions } = engineGenesis;
  await opened.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
  const writer = await opened.openWriter('publisher');
  for (const height of chain) {
    await writer.append([...forged(height), ...heightRecords(height, topics)]);
    if (height.tip.height % 4 === 0) await writer.append(heightRecords(height, topics));
  }
  await writer.close();
});

const reading = {
  ...{ genesis: engineGenesis, shard: 0, reader: opened.reader },
  ...{ signatures: engineVerifiers.signatures, beacons: engineBeacons },
  ...{ fromHeight: 1, toHeight: Number.MAX_SAFE_INTEGER },
};

function run(folder: string, more: Partial<ExportOptions> = {}): Promise<ExportManifest> {
  return exportHeights({
    ...reading,
    ...{ folder: join(base, folder), formats: ['avro'], heightsPerFile: 10 },
    onFiles: () => undefined,
    ...more,
  });
}

const hashes = ({ files }: ExportManifest) => files.map(({ name, sha256 }) => [name, sha256]);

/** Every record of an Avro file, by a reader that knows the file alone. */
function readAvro(path: string): Promise<Record<string, Record<string, unknown>>[]> {
  return new Promise((resolve, reject) => {
    const records: Record<string, Record<string, unknown>>[] = [];
    avro
      .createFileDecoder(path)
      .on('data', ({ body }) => records.push(body))
      .on('error', reject)
      .on('end', () => resolve(records));
  });
}

it('reads each height whole and once, and nothing that no quorum certified', async () => {
  let next = 0;
  for await (const { certified, events } of verifiedHeights(reading)) {
    const expected = chain[next++]!;
    expect(certified).toMatchObject(expected.certified);
    const values = events.map(({ value }) => toHex(value));
    expect(values.toSorted()).toEqual(expected.events.flat().map(toHex).toSorted());
    const order = events.map(({ event }) => event.executionIndex * 1_000 + event.eventIndex);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  }
  expect(next).toBe(HEIGHTS);
});

it('writes Avro files of the certified bytes, and says what is in each', async () => {
  const manifest = await run('avro');
  expect(manifest).toMatchObject({ fromHeight: 1, toHeight: HEIGHTS });
  expect(manifest.files.map(({ name }) => name)).toEqual([
    'blocks-000000000001-000000000010.avro',
    'events-000000000001-000000000010.avro',
    'blocks-000000000011-000000000020.avro',
    'events-000000000011-000000000020.avro',
    'blocks-000000000021-000000000025.avro',
    'events-000000000021-000000000025.avro',
  ]);
  const folder = join(base, 'avro');
  expect(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))).toEqual(manifest);
  const events: unknown[] = [];
  const heights: unknown[] = [];
  for (const { name, topic, records, bytes, sha256 } of manifest.files) {
    const content = readFileSync(join(folder, name));
    expect(content.length).toBe(bytes);
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
    const read = await readAvro(join(folder, name));
    expect(read).toHaveLength(records);
    if (topic === 'events') {
      events.push(...read.map((body) => body['nullspace.EventEnvelope']?.height));
    } else {
      for (const body of read) {
        const block = body['nullspace.CertifiedBlock']?.block as { header: { height: number } };
        heights.push(block.header.height);
      }
    }
  }
  expect(heights).toEqual(chain.map(({ tip }) => tip.height));
  expect(events).toEqual(chain.flatMap(({ events: own, tip }) => own.flat().map(() => tip.height)));
});

it('writes the same rows as Parquet', async () => {
  const { files } = await run('parquet', { formats: ['avro', 'parquet'] });
  const rows: Record<string, unknown>[] = [];
  for (const { name, topic, format, records } of files) {
    if (format !== 'parquet' || topic !== 'events') continue;
    const file = await asyncBufferFromFile(join(base, 'parquet', name));
    const own = await parquetReadObjects({ file });
    expect(own).toHaveLength(records);
    rows.push(...own);
  }
  expect(rows.length).toBe(chain.flatMap(({ events }) => events.flat()).length);
  const balances = rows.filter(({ kind }) => kind === 'BalanceChanged');
  expect(balances.length).toBeGreaterThan(0);
  const last = new Map<unknown, bigint>();
  for (const { key, fields } of balances) {
    const { asset, delta, balance } = JSON.parse(String(fields));
    const place = `${key}/${asset}`;
    expect((last.get(place) ?? 0n) + BigInt(delta)).toBe(BigInt(balance));
    last.set(place, BigInt(balance));
  }
  expect(typeof rows[0]?.height).toBe('bigint');
});

it('goes on where it was, mends what was changed, and gives the same files', async () => {
  const whole = await run('whole');
  const first = await run('steps', { toHeight: 14 });
  expect(first.toHeight).toBe(14);
  const second = await run('steps');
  expect(hashes(second)).toEqual(hashes(whole));
  appendFileSync(join(base, 'steps', first.files[0]!.name), 'x');
  expect(hashes(await run('steps'))).toEqual(hashes(whole));
  const expected = [...whole.files.map(({ name }) => name), 'manifest.json'];
  expect(readdirSync(join(base, 'steps')).toSorted()).toEqual(expected.toSorted());
});

it('refuses a folder that holds another export, in one line', async () => {
  await run('other', { toHeight: 3 });
  await expect(run('other', { fromHeight: 2 })).rejects.toMatchObject({
    code: 'otherExport',
    message: expect.stringContaining('fromHeight 1, not 2: take another --out'),
  });
});

it('gives out nothing of a log with a certified beacon that its group did not sign', async () => {
  const heights = verifiedHeights({ ...reading, beacons: engineBeaconsBut(HEIGHTS) });
  const expected = { code: 'conflict', message: expect.stringContaining(`beacon of ${HEIGHTS}`) };
  await expect(heights.next()).rejects.toMatchObject(expected);
});

it('ends before a height that the log does not prove whole', async () => {
  const store = createMemoryLog().open();
  const { shards, eventPartitions } = engineGenesis;
  await store.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
  const writer = await store.openWriter('publisher');
  const lacking = chain[11]!;
  const lost = lacking.events.flat()[0]!;
  for (const height of chain) {
    const records = heightRecords(height, topics).filter(({ value }) => value !== lost);
    await writer.append(records);
  }
  const seen: number[] = [];
  let end: number | null = null;
  const onEnd = (lastHeight: number): void => {
    end = lastHeight;
  };
  for await (const { certified } of verifiedHeights({ ...reading, reader: store.reader, onEnd })) {
    seen.push(certified.block.header.height);
  }
  expect(seen.at(-1)).toBe(11);
  expect(end).toBe(11);
  const within = { ...reading, reader: store.reader, toHeight: 11 };
  const none = (): never => expect.fail('the last height that was asked for is there');
  for await (const _ of verifiedHeights({ ...within, onEnd: none }));
  await store.close();
});
