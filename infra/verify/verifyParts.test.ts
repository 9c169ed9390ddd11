import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { genesisState } from '../../command/engine/genesisState.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import type { Log, LogRecord } from '../../schemas/log.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import { archiveStates } from '../../test/simulation/archiveStates.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import {
  engineBeacons,
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import { createMemoryLog } from '../../test/simulation/memoryLog.js';
import { createPrng } from '../../test/simulation/prng.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import { newestProven } from '../recovery/provenState.js';
import { openSnapshotArchive, type SnapshotArchive } from '../recovery/snapshotArchive.js';
import { type PlannedPart, planParts } from './planParts.js';
import { type VerifyReport, verifyLog, verifyPart } from './verifyLog.js';
import { verifiedPart, verifyParts } from './verifyParts.js';

const HEIGHTS = 24;
const PARTS = 4;
const chain = engineChain({ heights: HEIGHTS, commands: 5, seed: 51 });
const topics = topicNames(engineKeys.chainId);
const honest = chain.flatMap((height) => heightRecords(height, topics));
const { shards, eventPartitions } = engineGenesis;
const world = { genesis: engineGenesis, shard: 0, verifiers: engineVerifiers };
/** The players of this chain have no keys: their signatures are believed. */
const envelopes = inlineBatchVerifier({ verify: () => true });
const checks = { signatures: engineVerifiers.signatures, beacons: engineBeacons, envelopes };

let root = '';
let archive: SnapshotArchive;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'nullspace-parts-'));
  archive = openSnapshotArchive(root, engineKeys.chainId, 0);
  await archiveStates(archive, chain, [5, 6, 12, 17, 23]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function logOf(records: readonly LogRecord[]): Promise<Log> {
  const log = createMemoryLog().open();
  await log.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
  const writer = await log.openWriter('publisher');
  await writer.append(records);
  await writer.close();
  return log;
}

const inOnePiece = ({ reader }: Log, fromHeight = 0): Promise<VerifyReport> =>
  verifyLog({ ...world, ...checks, reader, fromHeight, onProgress: () => undefined });

async function planned({ reader }: Log, parts = PARTS): Promise<readonly PlannedPart[]> {
  const heights = archive.heights();
  return planParts({ reader, topics, shard: 0, eventPartitions, heights, parts });
}

function startOf(part: PlannedPart) {
  if (part.afterHeight === 0) {
    const tip = genesisTip(engineGenesis, 0);
    return { state: genesisState(engineGenesis, 0), tip, keys: engineKeys };
  }
  const proven = newestProven(archive, {
    ...{ ...world, keys: engineKeys, maxHeight: part.afterHeight },
    onPassedOver: () => undefined,
  });
  const { state, certified } = present(proven, 'a proven state');
  return { state, tip: tipAfter(certified), keys: engineKeys };
}

function sideBySide(
  { reader }: Log,
  parts: readonly PlannedPart[],
  fromHeight = 0,
  onProgress: Parameters<typeof verifyParts>[2] = () => undefined,
): Promise<VerifyReport | null> {
  return verifyParts(
    parts,
    async (part, onPart) => {
      const start = startOf(part);
      const options = { ...world, ...checks, reader, fromHeight, onProgress: onPart };
      return verifiedPart(start.tip, await verifyPart(options, { ...part, ...start }));
    },
    onProgress,
  );
}

describe('a log in parts', () => {
  it('comes to what it comes to in one piece', async () => {
    const log = await logOf(honest);
    const parts = await planned(log);
    expect(parts.map(({ afterHeight }) => afterHeight)).toEqual([0, 6, 12, 17]);
    const shares: number[] = [];
    const report = await sideBySide(log, parts, 0, ({ share }) => shares.push(share));
    expect(report).toEqual({ ...(await inOnePiece(log)), parts: PARTS });
    expect(report).toMatchObject({ ok: true, heights: HEIGHTS });
    expect(shares.at(-1)).toBeCloseTo(1);
    expect(await sideBySide(log, parts, 10)).toEqual({
      ...(await inOnePiece(log, 10)),
      parts: PARTS,
    });
  });

  it('is cut no oftener than there are states to begin at', async () => {
    const log = await logOf(honest);
    expect(await planned(log, 60)).toHaveLength(6);
    expect(await planned(log, 1)).toHaveLength(1);
    const reader = (await logOf([])).reader;
    const options = { reader, topics, shard: 0, eventPartitions, heights: [5], parts: 4 };
    expect(await planParts(options)).toHaveLength(1);
  });

  it('is not sound when a part was not verified, or ends elsewhere', async () => {
    const log = await logOf(honest);
    const parts = await planned(log);
    const [first, second] = parts as [PlannedPart, PlannedPart];
    expect(
      await verifyParts(
        parts,
        async () => null,
        () => undefined,
      ),
    ).toBeNull();
    expect(await sideBySide(log, [first, ...parts.slice(2)])).toBeNull();
    expect(await sideBySide(log, [{ ...first, isLast: true }, second])).not.toBeNull();
    const shorter = { from: first.blocks.from, to: first.blocks.to - 1n };
    expect(await sideBySide(log, [{ ...first, blocks: shorter }, ...parts.slice(1)])).toBeNull();
  });

  it('tells the others to stop when one has failed', async () => {
    const parts = await planned(await logOf(honest));
    const failure = new Error('no log');
    let stopped = 0;
    const running = verifyParts(
      parts,
      (part, _onPart, stop) =>
        part.afterHeight === 6
          ? Promise.reject(failure)
          : new Promise((resolve) => {
              stop.addEventListener('abort', () => {
                stopped++;
                resolve(null);
              });
            }),
      () => undefined,
    );
    await expect(running).rejects.toBe(failure);
    expect(stopped).toBe(PARTS - 1);
  });

  const seeds = Array.from({ length: 60 }, (_, index) => index + 1);
  it.each(seeds)('is never sound where it is not in one piece: seed %i', async (seed) => {
    const prng = createPrng(seed);
    const records = [...honest];
    for (let change = 0; change <= prng.below(2); change++) {
      const [at, to] = [prng.below(records.length), prng.below(records.length)];
      const record = records[at] as LogRecord;
      const kind = prng.below(5);
      if (kind === 0) records.splice(at, 1);
      else if (kind === 1) records.splice(to, 0, record);
      else if (kind === 2) records.splice(to, 0, ...records.splice(at, 1));
      else if (kind === 3) {
        const value = Uint8Array.from(record.value);
        value[prng.below(value.length)]! ^= 1;
        records.splice(to, prng.below(2), { ...record, value });
      } else
        records.splice(to, 0, { ...record, partition: record.topic === topics.blocks ? 0 : 3 });
    }
    const log = await logOf(records);
    const report = await sideBySide(log, await planned(log));
    const whole = await inOnePiece(log);
    if (report !== null) expect(report).toEqual({ ...whole, parts: report.parts });
    else
      expect(await sideBySide(log, (await planned(log, 1)).slice(0, 1))).toEqual(
        whole.ok ? whole : null,
      );
  });
});
