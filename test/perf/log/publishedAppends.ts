import { gatherRecords } from '../../../command/publish/gatherRecords.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { present } from '../../../schemas/kernel/assert.js';
import type { LogRecord } from '../../../schemas/log.js';
import { recordBytes } from '../../../schemas/logRecords.js';
import { topicNames } from '../../../schemas/topics.js';
import type { ChainedHeight } from '../../simulation/certifiedChain.js';
import { playedChain, playedGenesis } from '../playedChain.js';

/** The records of one transaction. */
export type Append = readonly LogRecord[];

export const benchKeys = genesisEpoch(playedGenesis, 0);
export const benchTopics = topicNames(benchKeys.chainId);

/** Everybody takes chips once, before play begins. */
const CLAIMS = 2_000;

/** Of blocks of so many commands of real play: what a publisher writes of them. */
export interface Published {
  readonly commandsPerBlock: number;
  /** A transaction a block: a publisher that keeps up. */
  readonly single: readonly Append[];
  /** As many blocks a transaction as it may hold: a publisher that has fallen behind. */
  readonly grouped: readonly Append[];
}

/** Transactions of the last `blocks` heights, made by the publisher's own rules. */
async function gather(
  heights: readonly ChainedHeight[],
  blocks: number,
  atOnce: boolean,
): Promise<readonly Append[]> {
  const appends: Append[] = [];
  for (let next = heights.length - blocks + 1; next <= heights.length; ) {
    const from = next;
    const { records, upTo } = present(
      await gatherRecords({
        source: {
          certifiedTip: () => (atOnce ? heights.length : from),
          tip: async (height) => heights[height - 1]?.tip ?? null,
          height: async (height) => heights[height - 1] ?? null,
          recent: (height) => heights[height - 1] ?? null,
        },
        topics: benchTopics,
        publisher: 0,
        fromHeight: next,
        idleMarksDue: false,
      }),
      'the records of a height that was played',
    );
    appends.push(records);
    next = upTo + 1;
  }
  return appends;
}

export async function publishedAppends(
  commandsPerBlock: number,
  blocks: number,
): Promise<Published> {
  const heights: ChainedHeight[] = [];
  const claimHeights = Math.ceil(CLAIMS / commandsPerBlock);
  const played = { heights: claimHeights + blocks, commandsPerBlock, players: CLAIMS, seed: 5 };
  for await (const height of playedChain(played)) heights.push(height);
  return {
    commandsPerBlock,
    single: await gather(heights, blocks, false),
    grouped: await gather(heights, blocks, true),
  };
}

/** Of a record with its key, over all appends; whole bytes. */
export function meanRecordBytes(appends: readonly Append[]): number {
  const records = appends.flat();
  const total = records.reduce((sum, record) => sum + recordBytes(record), 0);
  return Math.round(total / records.length);
}
