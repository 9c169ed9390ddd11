import { BLOCKS_PARTITION, type Checkpoint, type ProjectorTimer } from '../../projections/ports.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { LogReader } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';

/** How far a fold is in the log, by records: the end moves on, so 1 is reached at the end alone. */
export interface FoldProgress {
  /** 0 to 1. */
  readonly share: number;
  readonly records: number;
  readonly recordsLeft: number;
  /** Lowest height of all sources. */
  readonly height: number;
  /** Over the last seconds; null before there is anything to measure over. */
  readonly recordsPerSecond: number | null;
  readonly etaMs: number | null;
}

/** Rates are taken over this long, so that an estimate follows what is going on now. */
const WINDOW_MS = 10_000;

/** A function from checkpoints to progress, which remembers the last seconds. */
export function measureProgress(options: {
  readonly reader: LogReader;
  readonly genesis: Genesis;
  readonly timer: ProjectorTimer;
}): (checkpoints: readonly Checkpoint[]) => Promise<FoldProgress> {
  const { reader, genesis, timer } = options;
  const topics = topicNames(genesisEpoch(genesis, 0).chainId);
  const samples: { readonly atMs: number; readonly records: number }[] = [];
  return async (checkpoints) => {
    let records = 0n;
    let total = 0n;
    for (const { shard, partition, position } of checkpoints) {
      const isBlocks = partition === BLOCKS_PARTITION;
      const topic = isBlocks ? topics.blocks : topics.events;
      const { first, end } = await reader.offsets(topic, isBlocks ? shard : partition);
      total += end - first;
      records += position > end ? end - first : position > first ? position - first : 0n;
    }
    const atMs = timer.nowMs();
    samples.push({ atMs, records: Number(records) });
    while (samples.length > 2 && atMs - (samples[0]?.atMs ?? atMs) > WINDOW_MS) samples.shift();
    const [oldest] = samples;
    const spanMs = oldest === undefined ? 0 : atMs - oldest.atMs;
    const gained = oldest === undefined ? 0 : Number(records) - oldest.records;
    const recordsPerSecond = spanMs > 0 ? (gained * 1_000) / spanMs : null;
    const recordsLeft = Number(total - records);
    return {
      share: total === 0n ? 1 : Number(records) / Number(total),
      records: Number(records),
      recordsLeft,
      height: Math.min(...checkpoints.map(({ height }) => height)),
      recordsPerSecond,
      etaMs:
        recordsPerSecond === null || recordsPerSecond <= 0
          ? null
          : (recordsLeft * 1_000) / recordsPerSecond,
    };
  };
}
