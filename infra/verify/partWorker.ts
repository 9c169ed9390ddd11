import { parentPort, workerData } from 'node:worker_threads';
import { genesisState } from '../../command/engine/genesisState.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { openLog } from '../log/openLog.js';
import { newestProven } from '../recovery/provenState.js';
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
const verifiers = { signatures: nativeVerifier(), beacon: await createNativeBeacon() };

/** The certified state that the part begins behind. */
function startOfPart() {
  const { afterHeight } = part;
  if (afterHeight === 0) {
    return { state: genesisState(genesis, shard), tip: genesisTip(genesis, shard) };
  }
  const archive = openSnapshotArchive(order.archive, chainIdOf(genesis), shard);
  const proven = newestProven(archive, {
    ...{ genesis, shard, verifiers, maxHeight: afterHeight },
    onPassedOver: () => undefined,
  });
  if (proven?.state.height !== afterHeight) return null;
  return { state: proven.state, tip: tipAfter(proven.certified) };
}

async function verified(): Promise<VerifiedPart | null> {
  const start = startOfPart();
  if (start === null) return null;
  const log = await openLog(order.log, createLogger('verify', 'warn'));
  try {
    const outcome = await verifyPart(
      {
        ...{ genesis, shard, reader: log.reader, fromHeight: order.fromHeight, verifiers },
        envelopes: inlineBatchVerifier(verifiers.signatures),
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
