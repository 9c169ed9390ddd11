import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNativeBeacon } from '../../../infra/crypto/nativeBeacon.js';
import { nativeVerifier } from '../../../infra/crypto/nativeSignatures.js';
import { VerifyPool } from '../../../infra/crypto/verifyPool.js';
import { openSnapshotStore, snapshotPath } from '../../../infra/files/snapshotStore.js';
import { startEmbeddedPostgres } from '../../../infra/postgres/embeddedPostgres.js';
import { openPostgresLog } from '../../../infra/postgres/postgresLog.js';
import { openSnapshotArchive } from '../../../infra/recovery/snapshotArchive.js';
import { verifyOnThread } from '../../../infra/verify/partThread.js';
import { planParts } from '../../../infra/verify/planParts.js';
import { verifyLog } from '../../../infra/verify/verifyLog.js';
import { verifyParts } from '../../../infra/verify/verifyParts.js';
import { chainIdOf } from '../../../schemas/crypto/digests.js';
import { assert } from '../../../schemas/kernel/assert.js';
import type { Log, LogRecord } from '../../../schemas/log.js';
import { topicManifest, topicNames } from '../../../schemas/topics.js';
import type { CertifiedBlock } from '../../../schemas/types/block.js';
import { quietLog } from '../../simulation/projectedChain.js';
import { median } from '../measure.js';
import { playedGenesis } from '../playedChain.js';

/** The leaves of a state, and the block it stands behind. */
export interface PlayedState {
  readonly certified: CertifiedBlock;
  readonly entries: readonly (readonly [Uint8Array, Uint8Array])[];
}

export interface PlayedLog {
  /** By height. */
  readonly heights: readonly (readonly LogRecord[])[];
  readonly states: readonly PlayedState[];
}

const { shards, eventPartitions } = playedGenesis;
const chainId = chainIdOf(playedGenesis);
const silent = (): void => undefined;

export async function publishPlayed(log: Log, { heights }: PlayedLog): Promise<void> {
  await log.ensureTopics(topicManifest(chainId, shards, eventPartitions));
  const writer = await log.openWriter('bench');
  for (const records of heights) await writer.append(records);
  await writer.close();
}

async function archiveOf(folder: string, { states }: PlayedLog): Promise<readonly number[]> {
  const archive = openSnapshotArchive(join(folder, 'archive'), chainId, 0);
  const snapshots = join(folder, 'snapshots');
  const store = openSnapshotStore(snapshots);
  for (const { certified, entries } of states) {
    const { height, timestampMs } = certified.block.header;
    await store.write(height, timestampMs, entries);
    await archive.add(certified, snapshotPath(snapshots, height));
  }
  return archive.heights();
}

/** Commands a second that `nullspace verify` gets of a log on Postgres, whole and in parts. */
export async function runParts(played: PlayedLog, rounds: number, parts: number) {
  const folder = mkdtempSync(join(tmpdir(), 'nullspace-bench-replay-'));
  const [dataDir, publicDir] = [join(folder, 'data'), `${folder}-public`];
  const server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
  const log = await openPostgresLog({ url: server.url, log: quietLog });
  const envelopes = await VerifyPool.open({ workers: parts });
  try {
    await publishPlayed(log, played);
    const heights = await archiveOf(folder, played);
    const signatures = nativeVerifier();
    const beacons = await createNativeBeacon();
    const world = { genesis: playedGenesis, shard: 0, fromHeight: 0 };
    const { reader } = log;
    const timed = async (work: () => ReturnType<typeof verifyParts>): Promise<number> => {
      const startMs = performance.now();
      const report = await work();
      assert(report?.ok === true, 'the log of the benchmark verifies');
      return (report.commands * 1_000) / (performance.now() - startMs);
    };
    const onePiece: number[] = [];
    const inParts: number[] = [];
    for (let round = 0; round < rounds; round++) {
      onePiece.push(
        await timed(() =>
          verifyLog({ ...world, reader, signatures, beacons, envelopes, onProgress: silent }),
        ),
      );
      inParts.push(
        await timed(async () => {
          const topics = topicNames(chainId);
          const cut = { reader, topics, shard: 0, eventPartitions, heights, parts };
          const config = { log: 'postgres', kafkaBrokers: [], databaseUrl: server.url } as const;
          const order = { ...world, log: config, archive: join(folder, 'archive') };
          return verifyParts(
            await planParts(cut),
            (part, tell, stop) => verifyOnThread({ ...order, part }, tell, stop),
            silent,
          );
        }),
      );
    }
    return { parts, inOnePiece: median(onePiece), inParts: median(inParts) };
  } finally {
    await envelopes.close();
    await log.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
    rmSync(publicDir, { recursive: true, force: true });
  }
}
