import { describe, expect, it } from 'vitest';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import { present } from '../../schemas/kernel/assert.js';
import type { LogRecord } from '../../schemas/log.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import type { ChainedHeight } from '../../test/simulation/certifiedChain.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import {
  engineBeaconsBut,
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import { createMemoryLog } from '../../test/simulation/memoryLog.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import { type VerifyReport, verifyLog } from './verifyLog.js';

/**
 * The players of this chain have no keys: their signatures are 64 equal bytes, and believed here.
 */
const believing = {
  ...engineVerifiers,
  signatures: {
    verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
      signature.every((byte) => byte === signature[0]) ||
      engineVerifiers.signatures.verify(publicKey, message, signature),
  },
};
const topics = topicNames(engineKeys.chainId);
const chain = engineChain({ heights: 12, commands: 6, seed: 5 });
const TAMPERED = 7;

/** The log of the chain as honest publishers would have left it, record by record. */
function honestRecords(): LogRecord[] {
  return chain.flatMap((height) => heightRecords(height, topics));
}

async function verifyRecords(
  records: readonly LogRecord[],
  fromHeight = 0,
  verifiers = believing,
): Promise<VerifyReport & { readonly shares: readonly number[] }> {
  const log = createMemoryLog().open();
  const { shards, eventPartitions } = engineGenesis;
  await log.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
  const writer = await log.openWriter('publisher');
  await writer.append(records);
  await writer.close();
  const shares: number[] = [];
  const report = await verifyLog({
    ...{ genesis: engineGenesis, shard: 0, reader: log.reader, fromHeight },
    ...{ signatures: verifiers.signatures, beacons: verifiers.beacon },
    envelopes: inlineBatchVerifier(verifiers.signatures),
    onProgress: ({ share }) => shares.push(share),
  });
  await log.close();
  return { ...report, shares };
}

const isBlock = (record: LogRecord): boolean => record.topic === topics.blocks;

/** The place of the record of a height in `blocks`. */
function blockAt(records: readonly LogRecord[], height: number): number {
  return records.findIndex((record) => {
    if (!isBlock(record)) return false;
    const { body } = decodeTrusted('BlocksRecord', record.value);
    return body.kind === 'CertifiedBlock' && body.block.header.height === height;
  });
}

/** The place of the first event, or of the mark of a partition with events, of a height. */
function eventsAt(
  records: readonly LogRecord[],
  height: number,
  kind: 'EventEnvelope' | 'HeightMark',
): number {
  return records.findIndex((record) => {
    if (isBlock(record)) return false;
    const { body } = decodeTrusted('EventsRecord', record.value);
    if (body.kind !== kind || body.height !== height) return false;
    return body.kind !== 'HeightMark' || body.eventHashes.length > 0;
  });
}

function replaced(
  records: readonly LogRecord[],
  at: number,
  change: (value: Uint8Array) => Uint8Array,
): LogRecord[] {
  return records.map((record, index) =>
    index === at ? { ...record, value: change(record.value) } : record,
  );
}

function certifiedOf(value: Uint8Array): ChainedHeight['certified'] {
  const { body } = decodeTrusted('BlocksRecord', value);
  if (body.kind !== 'CertifiedBlock') throw new Error('not a block');
  const { kind: _, ...certified } = body;
  return certified;
}

function blockValue(certified: ChainedHeight['certified']): Uint8Array {
  return encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified } });
}

describe('verifyLog', () => {
  it('accepts an honest log, counts what it holds, and says how far it is', async () => {
    const { shares, ...report } = await verifyRecords(honestRecords());
    const commands = chain.reduce((sum, height) => sum + height.certified.block.items.length, 0);
    expect(report).toMatchObject({ heights: 12, ok: true, repeated: 0, missing: 0, dropped: 0 });
    expect(report.commands).toBeGreaterThanOrEqual(commands);
    expect(report.events).toBe(chain.reduce((sum, { events }) => sum + events.flat().length, 0));
    expect(report.faults).toBeUndefined();
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  it('counts from a height on, and checks everything all the same', async () => {
    expect(await verifyRecords(honestRecords(), 10)).toMatchObject({ heights: 3, ok: true });
    const records = honestRecords();
    records.splice(eventsAt(records, 2, 'EventEnvelope'), 1);
    expect(await verifyRecords(records, 10)).toMatchObject({ heights: 3, ok: false, missing: 1 });
  });

  it('accepts an empty log', async () => {
    expect(await verifyRecords([])).toMatchObject({ heights: 0, commands: 0, ok: true });
  });

  it('finds an altered block', async () => {
    const records = honestRecords();
    const forged = replaced(records, blockAt(records, TAMPERED), (value) => {
      const certified = certifiedOf(value);
      const { block } = certified;
      const header = { ...block.header, timestampMs: block.header.timestampMs + 1 };
      return blockValue({ ...certified, block: { ...block, header } });
    });
    const report = await verifyRecords(forged);
    expect(report).toMatchObject({ ok: false, heights: TAMPERED - 1 });
    expect(report.faults?.[0]).toMatch(/^blocks\/0 offset 6: not height 7 as a quorum certified/);
    expect(report.faults?.[1]).toBe('blocks/0 offset 7: height 8 is here, and height 7 is missing');
  });

  it('finds a command that was taken out of a block', async () => {
    const records = honestRecords();
    const forged = replaced(records, blockAt(records, TAMPERED), (value) => {
      const certified = certifiedOf(value);
      const { block } = certified;
      return blockValue({ ...certified, block: { ...block, items: block.items.slice(1) } });
    });
    expect((await verifyRecords(forged)).faults?.[0]).toContain('blocks/0 offset 6');
  });

  it('finds swapped seeds', async () => {
    const records = honestRecords();
    const [one, other] = [blockAt(records, TAMPERED), blockAt(records, TAMPERED + 1)] as const;
    const beaconOf = (at: number) => certifiedOf(records[at]?.value as Uint8Array).beacon;
    const [first, second] = [beaconOf(one), beaconOf(other)];
    const swap = (signature: Uint8Array) => (value: Uint8Array) => {
      const certified = certifiedOf(value);
      return blockValue({ ...certified, beacon: { ...certified.beacon, signature } });
    };
    const half = replaced(records, one, swap(second.signature));
    const report = await verifyRecords(replaced(half, other, swap(first.signature)));
    expect(report).toMatchObject({ ok: false, heights: TAMPERED - 1 });
    expect(report.faults?.[0]).toMatch(/^blocks\/0 offset 6: not height 7 .*(beacon|seed)/);
  });

  it('finds a beacon that a quorum certified and its group did not sign', async () => {
    const beacon = { ...believing.beacon, ...engineBeaconsBut(TAMPERED) };
    const report = await verifyRecords(honestRecords(), 0, { ...believing, beacon });
    expect(report).toMatchObject({ ok: false, heights: 12, dropped: 0, missing: 0 });
    const fault = `height ${TAMPERED}: its group did not sign the certified beacon`;
    expect(report.faults).toEqual([fault]);
  });

  it('finds a height that a quorum certified and no execution makes, and stops there', async () => {
    const wrong = engineChain({
      ...{ heights: 12, commands: 6, seed: 5 },
      onHeight(height, { state }) {
        const cell = present(state.houses[0], 'house').cell;
        const books = present(cell.value, 'books');
        if (height === TAMPERED) cell.value = { ...books, nextKeySequence: 1_000 };
      },
    });
    const report = await verifyRecords(wrong.flatMap((height) => heightRecords(height, topics)));
    expect(report).toMatchObject({ ok: false, heights: TAMPERED - 1, missing: 0, dropped: 0 });
    expect(report.faults?.[0]).toMatch(/^height 7: execution gives another (state|events)Root$/);
  });

  it('finds envelopes that their players did not sign', async () => {
    const report = await verifyRecords(honestRecords(), 0, engineVerifiers);
    expect(report).toMatchObject({ ok: false, heights: 12 });
    expect(report.faults?.[0]).toBe('height 1: an envelope without its signature');
  });

  it('finds a missing height', async () => {
    const records = honestRecords();
    records.splice(blockAt(records, TAMPERED), 1);
    const report = await verifyRecords(records);
    expect(report.faults?.[0]).toBe('blocks/0 offset 6: height 8 is here, and height 7 is missing');
  });

  it('finds missing events and a missing mark', async () => {
    const records = honestRecords();
    records.splice(eventsAt(records, TAMPERED, 'EventEnvelope'), 1);
    const event = await verifyRecords(records);
    expect(event).toMatchObject({ ok: false, heights: 12, missing: 1 });
    expect(event.faults).toEqual([
      expect.stringMatching(/^height 7: an event of events\/\d+ is missing$/),
    ]);
    const others = honestRecords();
    others.splice(eventsAt(others, TAMPERED, 'HeightMark'), 1);
    const mark = await verifyRecords(others);
    expect(mark).toMatchObject({ ok: false, missing: 1 });
    expect(mark.faults).toEqual([
      expect.stringMatching(/^height 7: the mark of events\/\d+ is missing$/),
    ]);
  });

  it('finds an altered event, in place of the one that is missing', async () => {
    const records = honestRecords();
    const at = eventsAt(records, TAMPERED, 'EventEnvelope');
    const forged = replaced(records, at, (value) => {
      const record = decodeTrusted('EventsRecord', value);
      const { body } = record;
      if (body.kind !== 'EventEnvelope') throw new Error('not an event');
      return encode('EventsRecord', { body: { ...body, keySequence: body.keySequence + 1 } });
    });
    const report = await verifyRecords(forged);
    expect(report).toMatchObject({ ok: false, missing: 1, dropped: 1 });
    expect(report.faults?.[0]).toMatch(/^events\/\d+ offset \d+: an event of height 7 that no/);
  });

  it('finds a forged mark', async () => {
    const records = honestRecords();
    const forged = replaced(records, eventsAt(records, TAMPERED, 'HeightMark'), (value) => {
      const { body } = decodeTrusted('EventsRecord', value);
      if (body.kind !== 'HeightMark') throw new Error('not a mark');
      return encode('EventsRecord', { body: { ...body, eventHashes: [] } });
    });
    const report = await verifyRecords(forged);
    expect(report).toMatchObject({ ok: false, missing: 1, dropped: 1 });
    expect(report.faults?.[0]).toMatch(/^events\/\d+ offset \d+: a forged mark of height 7$/);
  });

  it('finds heights and events that are repeated, and bytes that are no records', async () => {
    const records = honestRecords();
    const block = records[blockAt(records, TAMPERED)] as LogRecord;
    const event = records[eventsAt(records, TAMPERED, 'EventEnvelope')] as LogRecord;
    const junk = { ...event, value: new Uint8Array([1, 2, 3]) };
    const report = await verifyRecords([...records, block, event, junk]);
    expect(report).toMatchObject({ ok: false, heights: 12, repeated: 2, dropped: 1 });
    expect(report.faults?.toSorted()).toEqual([
      'blocks/0 offset 12: height 7 stands here again',
      expect.stringMatching(/^events\/\d+ offset \d+: an event of height 7 stands here again$/),
      expect.stringMatching(/^events\/\d+ offset \d+: not a record of this topic/),
    ]);
  });

  it('tells the first of many faults, and counts the others', async () => {
    const report = await verifyRecords(honestRecords().filter(isBlock));
    expect(report.missing).toBeGreaterThan(100);
    expect(report.faults?.length).toBe(20);
  });
});
