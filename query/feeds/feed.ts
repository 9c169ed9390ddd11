import { blocks, commands } from '../../projections/explorer/table.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { FEED_CACHE_HEIGHTS, FEED_CHUNK_HEIGHTS } from '../../schemas/limits.js';
import type { Sql } from '../ports.js';
import { BLOCK_COLUMNS, blockJson } from '../routes/blockJson.js';
import { COMMAND_COLUMNS, commandJson } from '../routes/commandJson.js';
import { select } from '../routes/select.js';

/** What a client may follow; `account:` and `command:` are followed by 64 hex digits. */
export type FeedTopic = 'blocks' | 'commands' | `account:${string}` | `command:${string}`;

/** The messages of one height, serialised once for all receivers. */
export interface HeightMessages {
  readonly height: number;
  readonly block: string;
  readonly commands: readonly { readonly text: string; readonly topics: readonly FeedTopic[] }[];
}

/** Reads what a feed says about heights, each height once for all who want it. */
export interface FeedReader {
  /** From `from` on, at most a chunk, not above `visible`. Heights follow each other. */
  read(from: number, visible: number): Promise<readonly HeightMessages[]>;
}

/** Whether a text names a topic. */
export function isFeedTopic(text: unknown): text is FeedTopic {
  if (typeof text !== 'string') return false;
  return text === 'blocks' || text === 'commands' || /^(account|command):[0-9a-f]{64}$/.test(text);
}

/** The messages of a height that a client with these topics gets, in order. */
export function messagesFor(topics: ReadonlySet<FeedTopic>, height: HeightMessages): string[] {
  const texts = topics.has('blocks') ? [height.block] : [];
  for (const command of height.commands) {
    if (command.topics.some((topic) => topics.has(topic))) texts.push(command.text);
  }
  return texts;
}

export function createFeedReader(sql: Sql, shard: number): FeedReader {
  const cache = new Map<number, HeightMessages>();
  const load = async (from: number, to: number): Promise<void> => {
    const bounds = [shard, from, to];
    const where = 'where shard = $1 and height between $2 and $3 order by height';
    const blockRows = await select(sql, blocks, BLOCK_COLUMNS, where, bounds);
    const order = `${where}, execution_index`;
    const commandRows = await select(sql, commands, COMMAND_COLUMNS, order, bounds);
    for (const row of blockRows) {
      const own = commandRows.filter(({ height }) => height === row.height);
      cache.set(row.height, {
        height: row.height,
        block: JSON.stringify({ type: 'block', block: blockJson(row) }),
        commands: own.map((command) => ({
          text: JSON.stringify({ type: 'command', command: commandJson(command) }),
          topics: [
            'commands',
            `account:${toHex(command.account)}`,
            `command:${toHex(command.id)}`,
          ] as const,
        })),
      });
    }
    for (const height of cache.keys()) {
      if (cache.size <= FEED_CACHE_HEIGHTS) break;
      cache.delete(height);
    }
  };
  return {
    async read(from, visible) {
      const to = Math.min(visible, from + FEED_CHUNK_HEIGHTS - 1);
      if (to < from) return [];
      if (!cache.has(from) || !cache.has(to)) await load(from, to);
      const found: HeightMessages[] = [];
      for (let height = from; height <= to; height++) {
        const messages = cache.get(height);
        if (messages === undefined) break;
        found.push(messages);
      }
      return found;
    },
  };
}
