import {
  FEED_CACHE_COMMANDS,
  FEED_CACHE_HEIGHTS,
  FEED_CATCH_UP_READS,
  FEED_CHUNK_HEIGHTS,
  FEED_SCAN_HEIGHTS,
} from '../../schemas/limits.js';
import type { SqlSource } from '../ports.js';
import type { FeedWants } from './feedWants.js';
import {
  type EncodeText,
  type FeedChunk,
  type HeightMessages,
  loadHeights,
  loadWanted,
} from './heightMessages.js';
import { createReadBudget } from './readBudget.js';

/** What one client reads next. */
export interface FeedRead {
  readonly from: number;
  readonly visible: number;
  readonly wants: FeedWants;
  /** Asked before it is read: who waited for its turn may have left. */
  isWanted(): boolean;
}

/**
 * Reads what a feed says about heights. The newest are read once for all, at once. What is behind
 * them is read for those who ask, some at a time, and of it what they ask for.
 */
export interface FeedReader {
  /** From `from` on, not above `visible`, which is not below it. `through` < `from`: not there. */
  read(request: FeedRead): Promise<FeedChunk>;
}

export function createFeedReader(sql: SqlSource, shard: number, encode: EncodeText): FeedReader {
  const tablesAt = (height: number) => ({ sql: sql.at(height), shard, encode });
  const cache = createHeightCache();
  const loading = new Map<string, Promise<FeedChunk>>();
  const budget = createReadBudget(FEED_CATCH_UP_READS);

  /** What several want at about a time is read once. */
  const once = (name: string, load: () => Promise<FeedChunk>): Promise<FeedChunk> => {
    const running = loading.get(name) ?? load().finally(() => loading.delete(name));
    loading.set(name, running);
    return running;
  };
  const loadAll = ({ from, visible }: FeedRead): Promise<FeedChunk> => {
    const to = Math.min(visible, from + FEED_CHUNK_HEIGHTS - 1);
    return once(`${from}-${to}`, async () => {
      const heights = await loadHeights(tablesAt(to), from, to);
      cache.keep(heights, visible);
      return chunkOf(heights, from);
    });
  };
  const loadSome = ({ from, visible, wants }: FeedRead): Promise<FeedChunk> => {
    const most = wants.blocks ? FEED_CHUNK_HEIGHTS : FEED_SCAN_HEIGHTS;
    const to = Math.min(visible, from + most - 1);
    const name = `${from}-${to} ${[...wants.topics].join()}`;
    return once(name, () => loadWanted(tablesAt(to), wants, [from, to]));
  };
  return {
    async read(request) {
      const { from, visible, wants } = request;
      const found = cache.from(from, visible);
      if (found.length > 0) return chunkOf(found, from);
      if (visible - from < FEED_CHUNK_HEIGHTS) return loadAll(request);
      return budget.run(async () => {
        if (!request.isWanted()) return chunkOf([], from);
        return wants.commands === 'all' ? loadAll(request) : loadSome(request);
      });
    },
  };
}

function chunkOf(heights: readonly HeightMessages[], from: number): FeedChunk {
  return { heights, through: heights.at(-1)?.height ?? from - 1 };
}

/** Keeps the newest heights that were asked for; a client far behind does not displace them. */
function createHeightCache() {
  const cached = new Map<number, HeightMessages>();
  let commandCount = 0;
  const drop = (height: number): void => {
    commandCount -= cached.get(height)?.commands.length ?? 0;
    cached.delete(height);
  };
  return {
    keep(messages: readonly HeightMessages[], visible: number): void {
      for (const each of messages) {
        if (each.height <= visible - FEED_CACHE_HEIGHTS) continue;
        drop(each.height);
        cached.set(each.height, each);
        commandCount += each.commands.length;
      }
      for (const height of cached.keys()) {
        if (cached.size <= FEED_CACHE_HEIGHTS && commandCount <= FEED_CACHE_COMMANDS) break;
        drop(height);
      }
    },
    /** Those that follow each other, at most a chunk. */
    from(first: number, visible: number): HeightMessages[] {
      const found: HeightMessages[] = [];
      const last = Math.min(visible, first + FEED_CHUNK_HEIGHTS - 1);
      for (let height = first; height <= last; height++) {
        const messages = cached.get(height);
        if (messages === undefined) break;
        found.push(messages);
      }
      return found;
    },
  };
}
