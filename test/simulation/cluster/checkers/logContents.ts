import { decode, encode } from '../../../../schemas/codec/codec.js';
import {
  blockDigest,
  eventHash,
  resultDigest,
  resultMessage,
} from '../../../../schemas/crypto/digests.js';
import { genesisEpoch, genesisTip } from '../../../../schemas/crypto/epochKeys.js';
import { merkleRoot, verifyMerklePath } from '../../../../schemas/crypto/merkle.js';
import { quorum } from '../../../../schemas/crypto/quorum.js';
import { toHex } from '../../../../schemas/kernel/bytes.js';
import type { LogReader } from '../../../../schemas/log.js';
import { topicNames } from '../../../../schemas/topics.js';
import type { CertifiedBlock, ResultCertificate } from '../../../../schemas/types/block.js';
import type { EventEnvelope, HeightMark } from '../../../../schemas/types/event.js';
import type { World } from '../world.js';

/** What a stranger makes of the log: written for the checkers alone, from DESIGN section 6. */
export interface LogContents {
  /** Accepted heights from 1, without a gap. */
  readonly blocks: readonly CertifiedBlock[];
  /** Records of `blocks` of an accepted height beyond the first. */
  readonly repeatedBlocks: number;
  /** Of each partition. */
  readonly partitions: readonly PartitionContents[];
}

export interface PartitionContents {
  /** Events of each certified height, in their order; heights ascending. */
  readonly heights: ReadonlyMap<number, readonly EventEnvelope[]>;
  /** Everything up to here is known to be complete. */
  readonly knownHeight: number;
  /** Copies of listed events beyond the first. */
  readonly repeatedEvents: number;
  /** Listed by a certified mark and not there. */
  readonly missing: readonly string[];
}

const BATCH_BYTES = 1 << 20;

async function valuesOf(reader: LogReader, topic: string, partition: number) {
  const values: Uint8Array[] = [];
  const { first, end } = await reader.offsets(topic, partition);
  if (first === end) return values;
  const partitions = [{ topic, partition, fromOffset: first }];
  const subscription = await reader.subscribe({ partitions, maxBatchBytes: BATCH_BYTES });
  for await (const batch of subscription.batches) {
    values.push(...batch.records.map(({ value }) => value));
    if (batch.nextOffset >= end) break;
  }
  await subscription.close();
  return values;
}

/** Distinct validators with good signatures, counted anew. */
function isCertified({ chain }: World, { result, signatures }: ResultCertificate): boolean {
  const { chainId, validators } = genesisEpoch(chain.genesis, 0);
  if (toHex(result.chainId) !== toHex(chainId)) return false;
  const message = resultMessage(resultDigest(result));
  const signers = new Set<number>();
  for (const { signer, signature } of signatures) {
    const publicKey = validators[signer];
    if (publicKey !== undefined && chain.signatures.verify(publicKey, message, signature)) {
      signers.add(signer);
    }
  }
  return signers.size >= quorum(validators.length);
}

/** Of each world, what was read last, and where the log ended then. */
const lastRead = new WeakMap<World, { readonly ends: string; readonly contents: LogContents }>();

/** Reads and proves everything anew, if anything was appended since: who waits looks often. */
export async function readLogContents(world: World): Promise<LogContents> {
  const { reader } = world.log.open();
  const ends = await endsOf(world, reader);
  const last = lastRead.get(world);
  if (last?.ends === ends) return last.contents;
  const contents = await readAll(world, reader);
  lastRead.set(world, { ends, contents });
  return contents;
}

async function endsOf({ chain }: World, reader: LogReader): Promise<string> {
  const names = topicNames(genesisEpoch(chain.genesis, 0).chainId);
  const ends = [(await reader.offsets(names.blocks, 0)).end];
  for (let partition = 0; partition < chain.genesis.eventPartitions; partition++) {
    ends.push((await reader.offsets(names.events, partition)).end);
  }
  return ends.join(' ');
}

async function readAll(world: World, reader: LogReader): Promise<LogContents> {
  const { genesis } = world.chain;
  const names = topicNames(genesisEpoch(genesis, 0).chainId);
  const blocks = foldBlocks(world, await valuesOf(reader, names.blocks, 0));
  const partitions: PartitionContents[] = [];
  for (let partition = 0; partition < genesis.eventPartitions; partition++) {
    const values = await valuesOf(reader, names.events, partition);
    partitions.push(foldPartition(world, partition, values));
  }
  return { ...blocks, partitions };
}

function foldBlocks(world: World, values: readonly Uint8Array[]) {
  let { blockDigest: parent, resultDigest: previous } = genesisTip(world.chain.genesis, 0);
  const blocks: CertifiedBlock[] = [];
  const accepted = new Set<string>();
  let repeatedBlocks = 0;
  for (const value of values) {
    const decoded = decode('BlocksRecord', value);
    if (!decoded.ok || decoded.value.body.kind !== 'CertifiedBlock') continue;
    const certified = decoded.value.body;
    const { header, items } = certified.block;
    const { result } = certified.certificate;
    const digest = blockDigest(header);
    if (accepted.has(toHex(resultDigest(result)))) repeatedBlocks++;
    const isNext =
      header.height === blocks.length + 1 &&
      toHex(header.parent) === toHex(parent) &&
      toHex(header.itemsRoot) === toHex(merkleRoot(items)) &&
      toHex(result.blockDigest) === toHex(digest) &&
      toHex(result.previousResultDigest) === toHex(previous);
    if (!isNext || !isCertified(world, certified.certificate)) continue;
    blocks.push(certified);
    parent = digest;
    previous = resultDigest(result);
    accepted.add(toHex(previous));
  }
  return { blocks, repeatedBlocks };
}

function isProven(world: World, partition: number, mark: HeightMark): boolean {
  const { result } = mark.certificate;
  if (mark.partition !== partition || mark.height !== result.height) return false;
  const { previousHeight, eventHashes, path } = mark;
  const leaf = { previousHeight, count: eventHashes.length, eventsRoot: merkleRoot(eventHashes) };
  const proven = verifyMerklePath({
    leaf: encode('PartitionLeaf', leaf),
    index: partition,
    count: world.chain.genesis.eventPartitions,
    path,
    root: result.eventsRoot,
  });
  return proven && isCertified(world, mark.certificate);
}

function foldPartition(
  world: World,
  partition: number,
  values: readonly Uint8Array[],
): PartitionContents {
  const copies = new Map<string, EventEnvelope[]>();
  const marks: HeightMark[] = [];
  for (const value of values) {
    const decoded = decode('EventsRecord', value);
    if (!decoded.ok) continue;
    const { body } = decoded.value;
    if (body.kind === 'HeightMark') {
      if (isProven(world, partition, body)) marks.push(body);
    } else if (body.kind === 'EventEnvelope') {
      const hash = toHex(eventHash(value));
      const known = copies.get(hash);
      if (known === undefined) copies.set(hash, [body]);
      else known.push(body);
    }
  }
  return followMarks(marks, copies);
}

function followMarks(
  marks: readonly HeightMark[],
  copies: ReadonlyMap<string, readonly EventEnvelope[]>,
): PartitionContents {
  const heights = new Map<number, readonly EventEnvelope[]>();
  const missing: string[] = [];
  let lastEventHeight = 0;
  let knownHeight = 0;
  let repeatedEvents = 0;
  for (const { height, previousHeight, eventHashes } of marks) {
    if (height <= knownHeight || previousHeight !== lastEventHeight) continue;
    knownHeight = height;
    if (eventHashes.length === 0) continue;
    lastEventHeight = height;
    const events: EventEnvelope[] = [];
    for (const hash of eventHashes.map(toHex)) {
      const [first, ...more] = copies.get(hash) ?? [];
      repeatedEvents += more.length;
      if (first === undefined) missing.push(`height ${height}: ${hash}`);
      else events.push(first);
    }
    heights.set(height, events);
  }
  return { heights, knownHeight, repeatedEvents, missing };
}
