import type { EngineState } from '../../command/engine/engineState.js';
import { importState, stateRoot } from '../../command/engine/snapshot.js';
import { detachedBlockFault, type Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { ArchivedSnapshot, SnapshotArchive } from './snapshotArchive.js';

/** A state whose root a quorum has certified. */
export interface ProvenState {
  readonly state: EngineState;
  readonly certified: CertifiedBlock;
  /** The file that a store of snapshots has of it. */
  readonly file: Uint8Array;
}

/** By the keys of the chain alone: who kept the snapshot, and where, proves nothing. */
function proveSnapshot(
  { certified, snapshot, file }: ArchivedSnapshot,
  genesis: Genesis,
  keys: EpochKeys,
  verifiers: Verifiers,
): ProvenState | { readonly fault: string } {
  const { header } = certified.block;
  const fault = detachedBlockFault(certified, keys, verifiers);
  if (fault !== null) return { fault: `its block: ${fault}` };
  const { height, timestampMs, entries } = snapshot;
  if (height !== header.height || timestampMs !== header.timestampMs) {
    return { fault: 'it is of another block' };
  }
  const state = importState(genesis, keys.shard, height, entries, timestampMs);
  if (state === null) return { fault: 'it is no state' };
  const isCertified = equalBytes(stateRoot(state), certified.certificate.result.stateRoot);
  return isCertified ? { state, certified, file } : { fault: 'it is not the certified state' };
}

/**
 * The newest state of an archive that is proven, up to `maxHeight`; null when there is none. What
 * is passed over is told. @throws FileError
 */
export function newestProven(
  archive: SnapshotArchive,
  options: {
    readonly genesis: Genesis;
    readonly keys: EpochKeys;
    readonly verifiers: Verifiers;
    readonly maxHeight?: number;
    onPassedOver(height: number, fault: string): void;
  },
): ProvenState | null {
  const { genesis, keys, verifiers, maxHeight = Number.MAX_SAFE_INTEGER } = options;
  for (const height of [...archive.heights()].reverse()) {
    if (height > maxHeight) continue;
    const archived = archive.read(height);
    const proven =
      archived === null
        ? { fault: 'it does not read back' }
        : proveSnapshot(archived, genesis, keys, verifiers);
    if (!('fault' in proven)) return proven;
    options.onPassedOver(height, proven.fault);
  }
  return null;
}
