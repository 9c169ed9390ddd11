import { blocks, commands } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import type { FeedTopic } from '../../schemas/feedTopic.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import {
  FEED_CACHE_HEIGHTS,
  FEED_CHUNK_COMMANDS,
  FEED_CHUNK_HEIGHTS,
} from '../../schemas/limits.js';
import type { Sql, SqlSource } from '../ports.js';
import { BLOCK_COLUMNS, blockJson } from '../routes/blockJson.js';
import { COMMAND_COLUMNS, commandJson } from '../routes/commandJson.js';
import { select } from '../routes/select.js';

/** The messages of one height, serialised once for all receivers. */
export interface HeightMessages {
  readonly height: number;
  readonly block: string;
  readonly commands: readonly { readonly text: string; readonly topics: readonly FeedTopic[] }[];
}

/** Reads what a feed says about heights, each height once for all who want it at about a time. */
export interface FeedReader {
  /**
   * From `from` on, at most a chunk, not above `visible`; at least one height unless `from` is
   * above `visible`. Heights follow each other.
   */
  read(from: number, visible: number): Promise<readonly HeightMessages[]>;
}

/** The messages of a height that a client with these topics gets, in order. */
export function messagesFor(topics: ReadonlySet<FeedTopic>, height: HeightMessages): string[] {
  const texts = topics.has('blocks') ? [height.block] : [];
  for (const command of height.commands) {
    if (command.topics.some((topic) => topics.has(topic))) texts.push(command.text);
  }
  return texts;
}

/** Whom a command concerns: its account, and whoever a transfer pays. */
function topicsOf(command: {
  readonly id: Uint8Array;
  readonly account: Uint8Array;
  readonly kind: string;
  readonly status: string;
  readonly instruction: JsonObject;
}): FeedTopic[] {
  const topics: FeedTopic[] = [
    'commands',
    `account:${toHex(command.account)}`,
    `command:${toHex(command.id)}`,
  ];
  const pays = command.kind === 'Transfer' && command.status === 'executed';
  if (pays) topics.push(`account:${String(command.instruction.to)}`);
  return topics;
}

async function loadChunk(
  sql: Sql,
  shard: number,
  from: number,
  to: number,
): Promise<HeightMessages[]> {
  const where = 'where shard = $1 and height between $2 and $3 order by height';
  const ordered = `${where}, execution_index`;
  const readCommands = (last: number) =>
    select(sql, commands, COMMAND_COLUMNS, ordered, [shard, from, last]);
  // One height is read at once: at the newest one, everybody waits for it.
  const early = from === to ? readCommands(to) : null;
  early?.catch(() => {}); // thrown where it is awaited, unless the blocks' is first
  const found = await select(sql, blocks, BLOCK_COLUMNS, where, [shard, from, to]);
  const rows: (typeof found)[number][] = [];
  let commandCount = 0;
  for (const row of found) {
    commandCount += row.command_count;
    if (rows.length > 0 && commandCount > FEED_CHUNK_COMMANDS) break;
    rows.push(row);
  }
  const commandRows = await (early ?? readCommands(rows.at(-1)?.height ?? from));
  let next = 0;
  return rows.map((row) => {
    const own: { text: string; topics: FeedTopic[] }[] = [];
    for (; commandRows[next]?.height === row.height; next++) {
      const command = commandRows[next]!;
      const text = JSON.stringify({ type: 'command', command: commandJson(command) });
      own.push({ text, topics: topicsOf(command) });
    }
    const block = JSON.stringify({ type: 'block', block: blockJson(row) });
    return { height: row.height, block, commands: own };
  });
}

/** Keeps the newest heights that were asked for; a client far behind does not displace them. */
export function createFeedReader(sql: SqlSource, shard: number): FeedReader {
  const cache = new Map<number, HeightMessages>();
  const loading = new Map<string, Promise<readonly HeightMessages[]>>();
  const keep = (messages: readonly HeightMessages[], visible: number): void => {
    for (const each of messages) {
      if (each.height > visible - FEED_CACHE_HEIGHTS) cache.set(each.height, each);
    }
    for (const height of cache.keys()) {
      if (cache.size > FEED_CACHE_HEIGHTS) cache.delete(height);
    }
  };
  const load = (from: number, to: number, visible: number) => {
    const name = `${from}-${to}`;
    let under = loading.get(name);
    if (under === undefined) {
      under = loadChunk(sql.at(to), shard, from, to)
        .then((messages) => {
          keep(messages, visible);
          return messages;
        })
        .finally(() => loading.delete(name));
      loading.set(name, under);
    }
    return under;
  };
  return {
    async read(from, visible) {
      const to = Math.min(visible, from + FEED_CHUNK_HEIGHTS - 1);
      const found: HeightMessages[] = [];
      for (let height = from; height <= to; height++) {
        const messages = cache.get(height);
        if (messages === undefined) break;
        found.push(messages);
      }
      return found.length > 0 || to < from ? found : load(from, to, visible);
    },
  };
}
