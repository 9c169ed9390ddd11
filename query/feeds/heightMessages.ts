import { blocks, type CommandRow, commands } from '../../projections/explorer/table.js';
import type { FeedTopic } from '../../schemas/feedTopic.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { FEED_CHUNK_COMMANDS } from '../../schemas/limits.js';
import type { Sql, SqlValue } from '../ports.js';
import { BLOCK_COLUMNS, blockJson } from '../routes/blockJson.js';
import { COMMAND_COLUMNS, commandJson } from '../routes/commandJson.js';
import { select } from '../routes/select.js';
import { type FeedWants, wantedCommands } from './feedWants.js';

/** Text as it is sent: by whoever has an encoder. */
export type EncodeText = (text: string) => Uint8Array;

/** What messages are made from. */
export interface FeedTables {
  readonly sql: Sql;
  readonly shard: number;
  readonly encode: EncodeText;
}

/**
 * A message that is serialised for the first who gets it, and is the same bytes for all others: a
 * height may have some MiB of them, and thousands may wait for it.
 */
interface Message {
  bytes(): Uint8Array;
}

interface CommandMessage extends Message {
  concerns(topics: ReadonlySet<FeedTopic>): boolean;
}

/** The messages of one height. */
export interface HeightMessages {
  readonly height: number;
  /** Null where nobody asked for blocks. */
  readonly block: Message | null;
  readonly commands: readonly CommandMessage[];
}

/** Heights from the one that was asked for up to `through`; what is left out has no messages. */
export interface FeedChunk {
  readonly heights: readonly HeightMessages[];
  readonly through: number;
}

type Row = Pick<CommandRow, (typeof COMMAND_COLUMNS)[number]>;

/** The messages of a height that a client who wants this gets, in order. */
export function messagesFor(wants: FeedWants, height: HeightMessages): Uint8Array[] {
  const messages = wants.blocks && height.block !== null ? [height.block.bytes()] : [];
  if (wants.commands === 'none') return messages;
  for (const command of height.commands) {
    if (wants.commands === 'all' || command.concerns(wants.topics)) messages.push(command.bytes());
  }
  return messages;
}

function messageOf(encode: EncodeText, json: () => object): Message {
  let bytes: Uint8Array | null = null;
  let said: (() => object) | null = json;
  return {
    bytes() {
      bytes ??= encode(JSON.stringify(said?.()));
      said = null; // and the row with it
      return bytes;
    },
  };
}

/** Whom a command concerns: its account, and whoever a transfer pays. */
function commandMessage(encode: EncodeText, row: Row): CommandMessage {
  const { id, account, kind, status, instruction } = row;
  const paid = kind === 'Transfer' && status === 'executed' ? String(instruction.to) : null;
  let topics: readonly FeedTopic[] | null = null;
  return {
    ...messageOf(encode, () => ({ type: 'command', command: commandJson(row) })),
    concerns(wanted) {
      topics ??= [
        `account:${toHex(account)}`,
        `command:${toHex(id)}`,
        ...(paid === null ? [] : [`account:${paid}` as const]),
      ];
      return topics.some((topic) => wanted.has(topic));
    },
  };
}

const IN_ORDER = 'order by height, execution_index';
const WITHIN = 'where shard = $1 and height between $2 and $3';

/** Everything of heights that follow each other: at least one of them, at most a chunk. */
export async function loadHeights(
  { sql, shard, encode }: FeedTables,
  from: number,
  to: number,
): Promise<HeightMessages[]> {
  const readCommands = (last: number) =>
    select(sql, commands, COMMAND_COLUMNS, `${WITHIN} ${IN_ORDER}`, [shard, from, last]);
  // One height is read at once: at the newest one, everybody waits for it.
  const early = from === to ? readCommands(to) : null;
  early?.catch(() => {}); // thrown where it is awaited, unless the blocks' is first
  const found = await readBlocks(sql, [shard, from, to]);
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
    const own: CommandMessage[] = [];
    for (; commandRows[next]?.height === row.height; next++) {
      own.push(commandMessage(encode, commandRows[next]!));
    }
    return { height: row.height, block: blockMessage(encode, row), commands: own };
  });
}

/** Of a range of heights, what these topics are about and nothing else. */
export async function loadWanted(
  { sql, shard, encode }: FeedTables,
  wants: FeedWants,
  [from, to]: readonly [from: number, to: number],
): Promise<FeedChunk> {
  const found = wants.blocks ? await readBlocks(sql, [shard, from, to]) : [];
  // A block that is not in the tables ends what there is.
  let through = wants.blocks ? from - 1 : to;
  for (const { height } of found) if (height === through + 1) through = height;
  const byHeight = new Map<number, HeightMessages & { readonly commands: CommandMessage[] }>();
  for (const row of found) {
    const { height } = row;
    byHeight.set(height, { height, block: blockMessage(encode, row), commands: [] });
  }
  if (wants.commands === 'some' && through >= from) {
    const page = await readWanted(sql, wants, [shard, from, through]);
    ({ through } = page);
    for (const row of page.rows) {
      const { height } = row;
      const own = byHeight.get(height) ?? { height, block: null, commands: [] };
      byHeight.set(height, own);
      own.commands.push(commandMessage(encode, row));
    }
  }
  const heights = [...byHeight.values()].filter(({ height }) => height <= through);
  return { heights, through };
}

/** Whole heights, at least one of them, with at most a chunk's commands if they are several. */
async function readWanted(
  sql: Sql,
  wants: FeedWants,
  [shard, from, to]: readonly [number, number, number],
): Promise<{ readonly rows: readonly Row[]; readonly through: number }> {
  const { condition, values } = wantedCommands(wants, [shard, from, to]);
  const rest = `${WITHIN} and ${condition} ${IN_ORDER}`;
  const most = from === to ? '' : ` limit ${FEED_CHUNK_COMMANDS + 1}`;
  const rows = await select(sql, commands, COMMAND_COLUMNS, `${rest}${most}`, values);
  if (from === to || rows.length <= FEED_CHUNK_COMMANDS) return { rows, through: to };
  const cutAt = rows.at(-1)!.height;
  const first = rows[0]!.height;
  if (first === cutAt) return readWanted(sql, wants, [shard, first, first]);
  return { rows: rows.filter(({ height }) => height < cutAt), through: cutAt - 1 };
}

type BlockRow = Awaited<ReturnType<typeof readBlocks>>[number];

function readBlocks(sql: Sql, values: readonly SqlValue[]) {
  return select(sql, blocks, BLOCK_COLUMNS, `${WITHIN} order by height`, values);
}

function blockMessage(encode: EncodeText, row: BlockRow): Message {
  return messageOf(encode, () => ({ type: 'block', block: blockJson(row) }));
}
