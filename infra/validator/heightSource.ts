import type { HeightSource } from '../../command/ports.js';
import type { BlockStore } from '../../consensus/ports.js';
import { decodeTrusted } from '../../schemas/codec/codec.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import { assert } from '../../schemas/kernel/assert.js';
import { MAX_FRAME_BYTES } from '../../schemas/limits.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { ExecutedHeight } from '../../schemas/types/wire.js';
import type { ExecutedStore } from '../files/executedStore.js';
import type { ValidatorApplication } from './validatorApplication.js';

/** The events of a height by partition, as the leaves count them. */
function byPartition({ leaves, events }: ExecutedHeight): Uint8Array[][] {
  let at = 0;
  return leaves.map(({ count }) => {
    const own = events.slice(at, at + count);
    at += count;
    return [...own];
  });
}

/** This validator's certified heights with their events, from its own disk, for the publisher. */
export function createHeightSource(options: {
  readonly genesis: Genesis;
  readonly shard: number;
  readonly blocks: BlockStore;
  readonly executed: ExecutedStore;
  readonly application: Pick<ValidatorApplication, 'certifiedTip'>;
}): HeightSource {
  const { genesis, shard, blocks, executed, application } = options;
  const certifiedAt = async (height: number): Promise<CertifiedBlock | null> => {
    const found = await blocks.certifiedBlocks(height, 1, MAX_FRAME_BYTES);
    return found[0] ?? null;
  };
  return {
    certifiedTip: () => application.certifiedTip(),
    async tip(height) {
      if (height === 0) return genesisTip(genesis, shard);
      const certified = await certifiedAt(height);
      return certified === null ? null : tipAfter(certified);
    },
    async height(height) {
      const bytes = executed.read(height);
      const certified = bytes === null ? null : await certifiedAt(height);
      if (bytes === null || certified === null) return null;
      const { body } = decodeTrusted('PeerMessage', bytes);
      assert(body.kind === 'ExecutedHeight', 'the executed store holds executed heights');
      return { certified, leaves: body.leaves, events: byPartition(body) };
    },
  };
}
