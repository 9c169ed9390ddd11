import { parentPort, workerData } from 'node:worker_threads';
import { genesisState } from '../../command/engine/genesisState.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { genesisEpoch, genesisTip, keysAtHeight } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import type { LogReader } from '../../schemas/log.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { openLog } from '../log/openLog.js';
import { newestProven } from '../recovery/provenState.js';
import { readEpochs } from '../recovery/readEpochs.js';
import { openSnapshotArchive } from '../recovery/snapshotArchive.js';
import { createLogger } from '../telemetry/logger.js';
import type { PartMessage, PartOrder } from './partThread.js';
import { verifyPart } from './verifyLog.js';
import { type VerifiedPart, verifiedPart } from './verifyParts.js';

// The thread of partThread.ts: verifies one part, says what came of it, and ends.
const port = present(parentPort, 'parent port: this file is a worker');
const post = (message: PartMessage): void => port.postMessage(message);

const order = workerData as PartOrder;
const { genesis, shard, part } = order;
installNativeCrypto();
const signatures = nativeVerifier();
const beacon = await createNativeBeacon();
const verifiers = { signatures, beacon };

/** The certified state that the part begins behind. */
async function startOfPart(reader: LogReader) {
  const { afterHeight } = part;
  if (afterHeight === 0) {
    const keys = genesisEpoch(genesis, shard);
    return { state: genesisState(genesis, shard), tip: genesisTip(genesis, shard), keys };
  }
  const keys = await readEpochs({ genesis, shard, reader, verifiers });
  const archive = openSnapshotArchive(order.archive, chainIdOf(genesis), shard);
  const proven = newestProven(archive, {
    ...{ genesis, keys, verifiers, maxHeight: afterHeight },
    onPassedOver: () => undefined,
  });
  if (proven?.state.height !== afterHeight) return null;
  const tip = tipAfter(proven.certified);
  // What begins behind it is met in the part, and counted there.
  return { state: proven.state, tip, keys: keysAtHeight(keys, afterHeight) };
}

async function verified(): Promise<VerifiedPart | null> {
  const log = await openLog(order.log, createLogger('verify', 'warn'));
  try {
    const start = await startOfPart(log.reader);
    if (start === null) return null;
    const outcome = await verifyPart(
      {
        ...{ genesis, shard, reader: log.reader, fromHeight: order.fromHeight },
        ...{ signatures, beacons: beacon, envelopes: inlineBatchVerifier(signatures) },
        onProgress: (progress) => post({ kind: 'progress', progress }),
      },
      { ...part, ...start },
    );
    return verifiedPart(start.tip, outcome);
  } finally {
    await log.close();
  }
}

post({ kind: 'verified', verified: await verified() });
