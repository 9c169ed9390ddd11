import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encode } from '../../schemas/codec/codec.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { startsOf } from '../../schemas/crypto/epochStart.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Log, LogRecord } from '../../schemas/log.js';
import { topicManifest, topicNames, writerId } from '../../schemas/topics.js';
import type { EpochStart } from '../../schemas/types/block.js';
import { archiveStates } from '../../test/simulation/archiveStates.js';
import type { ChainedHeight } from '../../test/simulation/certifiedChain.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import {
  engineBeacons,
  engineChain,
  engineEpoch,
  engineGenesis,
  engineKeys,
  engineVerifiers,
  type Quorum,
} from '../../test/simulation/engineChain.js';
import { createMemoryLog } from '../../test/simulation/memoryLog.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import { verifiedHeights } from '../export/verifiedHeights.js';
import { openCertificateRing } from '../files/certificateRing.js';
import { verifyLog } from '../verify/verifyLog.js';
import { beginEpoch } from './beginEpoch.js';
import { lostHeights } from './lostHeights.js';
import { readEpochs } from './readEpochs.js';
import { replayFolder } from './replayFolder.js';
import { openSnapshotArchive, type SnapshotArchive } from './snapshotArchive.js';

const LAST = 12;
const HEIGHTS = 20;
let start: EpochStart | null = null;
let others: Quorum | null = null;
/** Validators of genesis up to LAST, and behind it those that recovery keys named. */
const chain = engineChain({
  ...{ heights: HEIGHTS, commands: 4, seed: 12 },
  quorumAt(height, tip) {
    if (height <= LAST) return undefined;
    if (others === null) {
      const epoch = engineEpoch(engineKeys, tip);
      start = epoch.start;
      others = epoch.quorum;
    }
    return others;
  },
});
/** What the lost validators certified behind LAST. */
const lost = engineChain({ heights: LAST + 3, commands: 4, seed: 12 }).slice(LAST);
const epochStart = start as unknown as EpochStart;
const topics = topicNames(engineKeys.chainId);
const { eventPartitions, shards } = engineGenesis;
const id = writerId(engineKeys.chainId, 0);
const checks = { signatures: engineVerifiers.signatures, beacons: engineBeacons };
const world = { genesis: engineGenesis, verifiers: engineVerifiers, keys: engineKeys };

let base = '';
let folder = '';
let archive: SnapshotArchive;
let log: Log;
beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'nullspace-epoch-'));
  folder = join(base, 'validator');
  mkdirSync(folder);
  archive = openSnapshotArchive(join(base, 'archive'), engineKeys.chainId, 0);
  log = createMemoryLog().open();
  await log.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const recordsOf = (heights: readonly ChainedHeight[]): LogRecord[] =>
  heights.flatMap((height) => heightRecords(height, topics));

async function write(records: readonly LogRecord[], writer = id): Promise<void> {
  const open = await log.openWriter(writer);
  for (let at = 0; at < records.length; at += 50) await open.append(records.slice(at, at + 50));
  await open.close();
}

async function replay(keys: EpochKeys = engineKeys): Promise<number> {
  const report = await replayFolder({
    ...{ ...world, keys, reader: log.reader, folder, archive, snapshotEveryHeights: 1_000 },
    onPassedOver: () => undefined,
    onProgress: () => undefined,
  });
  return report.height;
}

const begin = () => beginEpoch({ ...world, log, archive, folder, start: epochStart });
const known = () => readEpochs({ ...world, shard: 0, reader: log.reader });

const recordsIn = (keys: EpochKeys): readonly string[] =>
  startsOf(keys).map((each) => toHex(encode('EpochStart', each)));

async function verify() {
  return verifyLog({
    ...{ ...world, shard: 0, reader: log.reader, fromHeight: 0 },
    ...checks,
    envelopes: inlineBatchVerifier({ verify: () => true }),
    onProgress: () => undefined,
  });
}

/** Everything that a reader takes from the beginning of the log, as roots by height. */
async function readAll(): Promise<readonly string[]> {
  const roots: string[] = [];
  const range = { fromHeight: 1, toHeight: 1_000 };
  const options = { ...world, ...checks, ...range, shard: 0, reader: log.reader };
  for await (const { certified } of verifiedHeights(options)) {
    roots.push(toHex(certified.certificate.result.stateRoot));
  }
  return roots;
}

const rootsOf = (heights: readonly ChainedHeight[]): readonly string[] =>
  heights.map(({ certified }) => toHex(certified.certificate.result.stateRoot));

describe('beginning an epoch', { timeout: 60_000 }, () => {
  it('lets every reader go on with its validators, from the log and genesis alone', async () => {
    await write(recordsOf(chain.slice(0, LAST)));
    expect((await known()).epoch).toBe(0);
    expect(await replay()).toBe(LAST);
    const keys = await begin();
    expect(keys).toMatchObject({ epoch: 1, firstHeight: LAST + 1 });
    expect(recordsIn(await known())).toEqual(recordsIn(keys));
    expect(await verify()).toMatchObject({ ok: true, heights: LAST });
    // A validator of old comes back with what the log never had, and writes it.
    await write(recordsOf(lost), 'revived');
    await write(recordsOf(chain.slice(LAST)), 'new');
    expect(recordsIn(await known())).toEqual(recordsIn(keys));
    expect(await readAll()).toEqual(rootsOf(chain));
    expect(await replay(keys)).toBe(HEIGHTS);
    // Some events of both histories are the same bytes: a transfer draws nothing.
    const { ok, heights, repeated, missing, dropped } = await verify();
    expect({ ok, heights, missing }).toEqual({ ok: false, heights: HEIGHTS, missing: 0 });
    expect(repeated + dropped).toBe(recordsOf(lost).length);
  });

  it('first writes what events and marks lack, from an archived state or genesis', async () => {
    for (const states of [[], [5, 7]]) {
      log = createMemoryLog().open();
      await log.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
      await archiveStates(archive, chain, states);
      await write(recordsOf(chain.slice(0, 8)));
      // Of the last heights only the blocks, and some events.
      await write(
        chain.slice(8, LAST).flatMap((height) => heightRecords(height, topics).slice(0, 3)),
      );
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      expect(await replay()).toBe(LAST);
      expect((await verify()).missing).toBeGreaterThan(0);
      await begin();
      await write(recordsOf(chain.slice(LAST)));
      expect(await readAll()).toEqual(rootsOf(chain));
      expect(await verify()).toMatchObject({ heights: HEIGHTS, missing: 0, dropped: 0 });
    }
  });

  it('begins at genesis where the log is empty', async () => {
    const { start: first, quorum } = engineEpoch(engineKeys, {
      height: 0,
      ...engineKeys.continues,
      timestampMs: engineGenesis.createdAtMs,
    });
    const anew = engineChain({ ...{ heights: 4, commands: 1, seed: 3 }, quorumAt: () => quorum });
    expect(await replay()).toBe(0);
    await beginEpoch({ ...world, log, archive, folder, start: first });
    await write(recordsOf(anew));
    expect(await readAll()).toEqual(rootsOf(anew));
    expect(await verify()).toMatchObject({ ok: true, heights: 4 });
  });

  it('refuses a start that too few signed, or that the log has left behind', async () => {
    await write(recordsOf(chain.slice(0, LAST)));
    await replay();
    const proof = { kind: 'RecoverySignatures', signatures: [] } as const;
    const unsigned = beginEpoch({
      ...world,
      log,
      archive,
      folder,
      start: { ...epochStart, proof },
    });
    await expect(unsigned).rejects.toMatchObject({ name: 'RecoverError', code: 'unproven' });
    await write(recordsOf(lost.slice(0, 1)));
    await replay();
    await expect(begin()).rejects.toMatchObject({ name: 'RecoverError', code: 'outdated' });
    expect((await known()).epoch).toBe(0);
  });

  it('refuses where events are proven that no block of the log leads to', async () => {
    await write(recordsOf(chain.slice(0, LAST)));
    await replay();
    await write(heightRecords(lost[0] as ChainedHeight, topics).slice(1));
    await expect(begin()).rejects.toMatchObject({ name: 'RecoverError', code: 'block-missing' });
  });

  it('fences away whoever still publishes, and gives up on one who always comes back', async () => {
    await write(recordsOf(chain.slice(0, LAST)));
    await replay();
    const stale = await log.openWriter(id);
    await begin();
    const late = stale.append(recordsOf(lost.slice(0, 1)));
    await expect(late).rejects.toMatchObject({ code: 'fenced' });
    const rival: Log = {
      ...log,
      async openWriter(writer) {
        const open = await log.openWriter(writer);
        await log.openWriter(writer);
        return open;
      },
    };
    const contested = beginEpoch({ ...world, log: rival, archive, folder, start: epochStart });
    await expect(contested).rejects.toMatchObject({ name: 'RecoverError' });
  });

  it('does nothing twice that a reader would count', async () => {
    await write(recordsOf(chain.slice(0, LAST)));
    await replay();
    await begin();
    await expect(begin()).rejects.toMatchObject({ code: 'outdated' });
    expect((await known()).epoch).toBe(1);
  });
});

describe('epochs by the log alone', () => {
  it('are not hidden by junk and lies', async () => {
    await write(recordsOf(chain.slice(0, LAST)));
    await replay();
    const keys = await begin();
    const [block] = recordsOf(chain.slice(0, 1)) as [LogRecord];
    const noise = { ...block, value: Uint8Array.of(1, 2, 3) };
    const lie = recordsOf(chain.slice(LAST)).filter(({ topic }) => topic === topics.blocks);
    await write([noise, ...lie.toReversed(), ...recordsOf(chain.slice(LAST)), noise, block]);
    expect(recordsIn(await known())).toEqual(recordsIn(keys));
  });
});

describe('evidence', () => {
  it('says which heights were certified, and are in no log', async () => {
    const ring = await openCertificateRing(join(base, 'gateway'));
    const forged = { ...(lost[2] as ChainedHeight).certified.certificate, signatures: [] };
    for (const { certified } of [...chain.slice(8, LAST), ...lost.slice(0, 2)]) {
      await ring.add(certified.certificate);
    }
    await ring.add(forged);
    await ring.close();
    const { signatures } = engineVerifiers;
    const found = await lostHeights([join(base, 'gateway')], LAST, engineKeys, signatures);
    expect(found).toEqual([LAST + 1, LAST + 2]);
    expect(await lostHeights([base], LAST, engineKeys, signatures)).toEqual([]);
  });
});
