import { decodeViews } from '../../schemas/codec/codec.js';
import {
  detachedBlockFault,
  tipAfter,
  type Verifiers,
} from '../../schemas/crypto/certifiedBlock.js';
import { type EpochKeys, genesisEpoch, genesisTip } from '../../schemas/crypto/epochKeys.js';
import { continuesTip, keysAfter } from '../../schemas/crypto/epochStart.js';
import { MAX_FRAME_BYTES, PUBLISH_TAIL_BLOCKS } from '../../schemas/limits.js';
import type { LogReader } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import type { BlocksRecordBody, CertifiedBlock } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { type OffsetRange, openLogReading } from '../verify/logReading.js';
import { boundaryOf } from '../verify/recordFrom.js';

export interface ReadEpochsOptions {
  readonly genesis: Genesis;
  readonly shard: number;
  readonly reader: LogReader;
  readonly verifiers: Verifiers;
}

interface Search extends ReadEpochsOptions {
  readonly topic: string;
}

/**
 * The keys of a chain by genesis and the log alone: those of genesis, and of every epoch that the
 * log proves to have begun. Looks at the end of `blocks`, and for each epoch that its records name
 * at where they begin to: some twenty looks at a million records. Whoever wrote lies about epochs
 * makes it read all of `blocks`; whoever wrote more junk at the end than a publisher may write
 * again hides an epoch, which a reader of the log then meets, or does not get to.
 * @throws LogError
 */
export async function readEpochs(options: ReadEpochsOptions): Promise<EpochKeys> {
  const { genesis, shard, reader } = options;
  let keys = genesisEpoch(genesis, shard);
  const topic = topicNames(keys.chainId).blocks;
  const search: Search = { ...options, topic };
  const { first, end } = await reader.offsets(topic, shard);
  const all = { from: first, to: end };
  const newest = await newestEpoch(search, lastRecords(all));
  while (keys.epoch < newest) {
    const cut = await boundaryOf(
      ...([reader, { topic, partition: shard }, all, keys.epoch, epochOf] as const),
    );
    const window = BigInt(PUBLISH_TAIL_BLOCKS);
    const from = cut - window > first ? cut - window : first;
    const to = cut + window < end ? cut + window : end;
    const next =
      (await findStart(search, keys, { from, to })) ?? (await findStart(search, keys, all));
    if (next === null) return keys;
    keys = next;
  }
  return keys;
}

function lastRecords({ from, to }: OffsetRange): OffsetRange {
  const window = to - BigInt(PUBLISH_TAIL_BLOCKS);
  return { from: window > from ? window : from, to };
}

function bodyOf(value: Uint8Array): BlocksRecordBody | null {
  const decoded = decodeViews('BlocksRecord', value, MAX_FRAME_BYTES);
  return decoded.ok ? decoded.value.body : null;
}

/** The epoch that a record says it is of; nothing is verified. */
function epochOf(value: Uint8Array): number | null {
  const body = bodyOf(value);
  if (body === null) return null;
  return body.kind === 'EpochStart' ? body.epoch : body.block.header.epoch;
}

async function* recordsOf({ reader, topic, shard }: Search, range: OffsetRange) {
  const reading = await openLogReading(reader, topic, [shard], () => range);
  try {
    for (let batch = await reading.next(); batch !== null; batch = await reading.next()) {
      for (const { value } of batch.records) yield value;
    }
  } finally {
    await reading.close();
  }
}

async function newestEpoch(search: Search, range: OffsetRange): Promise<number> {
  let newest = 0;
  for await (const value of recordsOf(search, range)) {
    newest = Math.max(newest, epochOf(value) ?? 0);
  }
  return newest;
}

/** The first start behind `keys` in a stretch of the log, continuing a certified height there. */
async function findStart(
  search: Search,
  keys: EpochKeys,
  range: OffsetRange,
): Promise<EpochKeys | null> {
  const { genesis, shard, verifiers } = search;
  const before: CertifiedBlock[] = [];
  for await (const value of recordsOf(search, range)) {
    const body = bodyOf(value);
    if (body?.kind === 'CertifiedBlock') {
      before.push(body);
      if (before.length > PUBLISH_TAIL_BLOCKS) before.shift();
      continue;
    }
    const next = body === null ? null : keysAfter(keys, body, verifiers.signatures);
    if (next === null) continue;
    // Only now, for it costs signatures: recovery keys sign few starts.
    const isProven = (certified: CertifiedBlock): boolean =>
      certified.block.header.height === next.firstHeight - 1 &&
      continuesTip(next, tipAfter(certified)) &&
      detachedBlockFault(certified, keys, verifiers) === null;
    if (continuesTip(next, genesisTip(genesis, shard)) || before.some(isProven)) return next;
  }
  return null;
}
