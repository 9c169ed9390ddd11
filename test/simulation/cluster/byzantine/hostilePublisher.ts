import { encode } from '../../../../schemas/codec/codec.js';
import { genesisEpoch } from '../../../../schemas/crypto/epochKeys.js';
import { sha256 } from '../../../../schemas/crypto/sha256.js';
import type { Log, LogRecord } from '../../../../schemas/log.js';
import { topicNames } from '../../../../schemas/topics.js';
import type { World } from '../world.js';
import type { CommitCrime } from './crime.js';

const EVERY_MS = 400;
const RECORDS_PER_BATCH = 4;

/**
 * I write to the log what I please, under the shard's own writer id, so that honest publishers are
 * fenced: heights again, heights ahead of their turn, events that never happened, bytes.
 */
export const hostilePublisher: CommitCrime = (world, node) => ({
  tamper: (_to, body) => [body],
  neverPublishes: true,
  onStart({ timer, log }) {
    const names = topicNames(genesisEpoch(world.chain.genesis, 0).chainId);
    const writerId = `${names.blocks}.publisher.0`;
    const again = (): void =>
      void timer.after(world.prng.between(EVERY_MS, 4 * EVERY_MS), () => {
        void vandalize(world, node, log, writerId).then(again);
      });
    again();
  },
});

async function vandalize(world: World, node: number, log: Log, writerId: string): Promise<void> {
  const records = Array.from({ length: RECORDS_PER_BATCH }, () => junk(world, node));
  try {
    const writer = await log.openWriter(writerId);
    await writer.append(records);
    await writer.close();
  } catch {
    // The log is away, or somebody fenced me: I come again.
  }
}

function junk(world: World, node: number): LogRecord {
  const { prng, chain, history } = world;
  const names = topicNames(genesisEpoch(chain.genesis, 0).chainId);
  const known = history.certified;
  const old = known[prng.below(Math.max(1, known.length))];
  const key = new Uint8Array(4);
  const timestampMs = chain.genesis.createdAtMs;
  const blocks = (value: Uint8Array): LogRecord => {
    return { topic: names.blocks, partition: 0, key, value, timestampMs };
  };
  const partition = prng.below(chain.genesis.eventPartitions);
  if (old === undefined || prng.chance(0.2)) return blocks(sha256(Uint8Array.of(node)));
  if (prng.chance(0.5)) {
    const body = { kind: 'CertifiedBlock', ...old } as const;
    return blocks(encode('BlocksRecord', { body }));
  }
  const signatures = old.certificate.signatures.slice(1);
  const { height } = old.block.header;
  const mark = encode('EventsRecord', {
    body: {
      kind: 'HeightMark',
      ...{ shard: 0, partition, height, previousHeight: 0, eventHashes: [], path: [] },
      certificate: { ...old.certificate, signatures },
    },
  });
  return { topic: names.events, partition, key, value: mark, timestampMs };
}
