import { encode } from '../../../schemas/codec/codec.js';
import type { LogRecord } from '../../../schemas/log.js';
import type { ChainedHeight } from '../certifiedChain.js';
import { heightRecords } from '../chainRecords.js';
import type { Prng } from '../prng.js';
import { type PublisherWorld, worldTopics, worldWriterId } from './publisherWorld.js';

/** What a Byzantine validator may do to the log with the publishers' own rights. */
export const PUBLISHING_CRIMES = [
  'fences',
  'blocks without events',
  'marks without events',
  'events without marks',
  'a partition withheld',
  'out of order',
  'forged blocks',
  'forged marks',
  'trickles',
] as const;
export type PublishingCrime = (typeof PUBLISHING_CRIMES)[number];

const isBlock = ({ topic }: LogRecord): boolean => topic === worldTopics.blocks;
const isEvent = (record: LogRecord, height: ChainedHeight): boolean =>
  !isBlock(record) && (height.events[record.partition] ?? []).includes(record.value);

/** Same height, same signatures, other contents: nothing of it is proven. */
function forgeBlock(record: LogRecord, height: ChainedHeight): LogRecord {
  const { certified } = height;
  const items = [...certified.block.items, Uint8Array.of(1)];
  const block = { ...certified.block, items };
  const value = encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified, block } });
  return { ...record, value };
}

/** A certificate that is another one's, on leaves of its own making. */
function forgeMark(record: LogRecord, height: ChainedHeight): LogRecord {
  const { block, certificate } = height.certified;
  const value = encode('EventsRecord', {
    body: {
      kind: 'HeightMark',
      shard: block.header.shard,
      partition: record.partition,
      height: block.header.height + 1,
      previousHeight: 0,
      eventHashes: [],
      path: [],
      certificate: {
        ...certificate,
        result: { ...certificate.result, height: block.header.height + 1 },
      },
    },
  });
  return { ...record, value };
}

function recordsOf(crime: PublishingCrime, heights: ChainedHeight[], prng: Prng): LogRecord[] {
  return heights.flatMap((height) => {
    const records = heightRecords(height, worldTopics);
    switch (crime) {
      case 'blocks without events':
        return records.filter(isBlock);
      case 'marks without events':
        return records.filter((record) => !isEvent(record, height));
      case 'events without marks':
        return records.filter((record) => isBlock(record) || isEvent(record, height));
      case 'a partition withheld': {
        const withheld = prng.below(height.leaves.length);
        return records.filter((record) => isBlock(record) || record.partition !== withheld);
      }
      case 'forged blocks':
        return records.filter(isBlock).map((record) => forgeBlock(record, height));
      case 'forged marks':
        return records.filter((record) => !isBlock(record)).map((mark) => forgeMark(mark, height));
      default:
        return records;
    }
  });
}

function chosen(crime: PublishingCrime, known: readonly ChainedHeight[], prng: Prng) {
  const from = Math.max(0, known.length - 1 - prng.below(6));
  const heights = known.slice(from, from + 1 + prng.below(6));
  return crime === 'out of order' ? heights.reverse() : heights;
}

/** Commits crimes until the returned function is called. Holds all that validator `index` holds. */
export function startHostilePublisher(
  world: PublisherWorld,
  prng: Prng,
  index: number,
  crimes: readonly PublishingCrime[],
): () => void {
  const { scheduler, log, validators } = world;
  const own = validators[index]!;
  let stopped = false;
  let trickled = 0;
  const commit = async (): Promise<void> => {
    const crime = crimes[prng.below(crimes.length)] as PublishingCrime;
    const isShared = crime === 'fences' || prng.chance(0.6);
    const writer = await log.openWriter(isShared ? worldWriterId : `${worldWriterId}.${index}`);
    const known = own.chain.slice(0, own.certifiedTip);
    if (crime === 'fences' || known.length === 0) return;
    const heights =
      crime === 'trickles' ? known.slice(trickled, ++trickled) : chosen(crime, known, prng);
    await writer.append(recordsOf(crime, heights, prng)).catch(() => {}); // fenced meanwhile
    await writer.close();
  };
  const loop = (): void => {
    if (stopped) return;
    void commit();
    scheduler.after(prng.between(5, 400), loop);
  };
  loop();
  return () => {
    stopped = true;
  };
}
