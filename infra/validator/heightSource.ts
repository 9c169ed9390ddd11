import type { HeightSource, PublishableHeight } from '../../command/ports.js';
import type { BlockStore } from '../../consensus/ports.js';
import { decodeTrusted } from '../../schemas/codec/codec.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import { assert } from '../../schemas/kernel/assert.js';
import {
  MAX_FRAME_BYTES,
  PUBLISH_RECENT_BYTES_MAX,
  PUBLISH_RECENT_HEIGHTS_MAX,
} from '../../schemas/limits.js';
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

/** The newest certified heights, in memory until the log has them; bounded. */
export interface RecentHeights {
  /** `publishedHeight`: what is below it is in the log. */
  add(height: PublishableHeight, publishedHeight: number): void;
  get(height: number): PublishableHeight | null;
}

/** An array costs so much besides its bytes. */
const ARRAY_BYTES = 200;

function bytesOf({ certified, events }: PublishableHeight): number {
  let sizeBytes = 0;
  for (const item of certified.block.items) sizeBytes += item.length + ARRAY_BYTES;
  for (const own of events) for (const value of own) sizeBytes += value.length + ARRAY_BYTES;
  return sizeBytes;
}

export function createRecentHeights(bytesMax = PUBLISH_RECENT_BYTES_MAX): RecentHeights {
  const heights = new Map<number, { readonly held: PublishableHeight; readonly bytes: number }>();
  let bytesHeld = 0;
  return {
    add(held, publishedHeight) {
      const bytes = bytesOf(held);
      heights.set(held.certified.block.header.height, { held, bytes });
      bytesHeld += bytes;
      for (const [at, oldest] of heights) {
        const isWanted = at >= publishedHeight && heights.size <= PUBLISH_RECENT_HEIGHTS_MAX;
        if ((isWanted && bytesHeld <= bytesMax) || oldest.held === held) return;
        heights.delete(at);
        bytesHeld -= oldest.bytes;
      }
    },
    get: (height) => heights.get(height)?.held ?? null,
  };
}

/**
 * This validator's certified heights with their events, from memory or its own disk, for the
 * publisher.
 */
export function createHeightSource(options: {
  readonly genesis: Genesis;
  readonly shard: number;
  readonly blocks: BlockStore;
  readonly executed: ExecutedStore;
  readonly application: Pick<ValidatorApplication, 'certifiedTip'>;
  readonly recents: RecentHeights;
}): HeightSource {
  const { genesis, shard, blocks, executed, application, recents } = options;
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
    recent: (height) => recents.get(height),
    async height(height) {
      const recent = recents.get(height);
      if (recent !== null) return recent;
      const bytes = executed.read(height);
      const certified = bytes === null ? null : await certifiedAt(height);
      if (bytes === null || certified === null) return null;
      const { body } = decodeTrusted('PeerMessage', bytes);
      assert(body.kind === 'ExecutedHeight', 'the executed store holds executed heights');
      return { certified, leaves: body.leaves, events: byPartition(body) };
    },
  };
}
