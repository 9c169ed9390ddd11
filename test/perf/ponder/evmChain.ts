import { decode } from '../../../schemas/codec/codec.js';
import { blockDigest } from '../../../schemas/crypto/digests.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import { assert, fail, present } from '../../../schemas/kernel/assert.js';
import { concatBytes, toHex, uint64 } from '../../../schemas/kernel/bytes.js';
import { MAX_FRAME_BYTES } from '../../../schemas/limits.js';
import type { LogRecord } from '../../../schemas/log.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import { encodeEvent } from './evmEvents.js';

/** Where the events' contract would be. */
export const CONTRACT = `0x${'5e'.repeat(20)}`;
const SENDER = `0x${'a1'.repeat(20)}`;
const ZERO_WORD = `0x${'0'.repeat(64)}`;
const BLOOM_BYTES = 256;
const EMPTY_BLOOM = `0x${'00'.repeat(BLOOM_BYTES)}`;
/** Excludes nothing: whoever asks it must look at the logs themselves. */
const FULL_BLOOM = `0x${'ff'.repeat(BLOOM_BYTES)}`;

export interface EvmLog {
  readonly topics: readonly string[];
  readonly json: string;
}

/** A block as its answers need it: what is long is text already. */
export interface EvmBlock {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly transactionHashes: readonly string[];
  readonly logs: readonly EvmLog[];
  /** Everything but `transactions`: an object without its closing brace. */
  readonly headJson: string;
  readonly transactionsJson: string;
}

/** Numbers as JSON-RPC has them: hex without leading zeroes. */
export function quantity(value: number): string {
  return `0x${value.toString(16)}`;
}

function headJson(of: {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestampMs: number;
  readonly bloom: string;
}): string {
  const head = {
    number: quantity(of.number),
    hash: of.hash,
    parentHash: of.parentHash,
    timestamp: quantity(Math.floor(of.timestampMs / 1000)),
    logsBloom: of.bloom,
    ...{ baseFeePerGas: '0x1', difficulty: '0x0', extraData: '0x', gasLimit: '0x1c9c380' },
    ...{ gasUsed: '0x0', miner: SENDER, mixHash: ZERO_WORD, nonce: '0x0000000000000000' },
    ...{ receiptsRoot: ZERO_WORD, sha3Uncles: ZERO_WORD, size: '0x1', stateRoot: ZERO_WORD },
    ...{ totalDifficulty: '0x0', transactionsRoot: ZERO_WORD, uncles: [] },
  };
  return JSON.stringify(head).slice(0, -1);
}

interface Place {
  readonly blockHash: string;
  readonly blockNumber: string;
}

function transaction(place: Place, hash: string, index: number): object {
  return {
    ...{ ...place, hash, transactionIndex: quantity(index), from: SENDER, to: CONTRACT },
    ...{ gas: '0x5208', gasPrice: '0x1', input: '0x', nonce: quantity(index), value: '0x0' },
    ...{ type: '0x0', r: ZERO_WORD, s: ZERO_WORD, v: '0x1b' },
  };
}

/** A transaction an execution index that has events, named by place: not all have a command. */
function transactionHash(number: number, executionIndex: number): string {
  return `0x${toHex(sha256(concatBytes(uint64(number), uint64(executionIndex))))}`;
}

function eventsOf(records: readonly LogRecord[], topic: string): EventEnvelope[] {
  const events: EventEnvelope[] = [];
  for (const record of records) {
    if (record.topic !== topic) continue;
    const decoded = decode('EventsRecord', record.value, MAX_FRAME_BYTES);
    if (!decoded.ok) fail('an undecodable record of events');
    const { body } = decoded.value;
    if (body.kind === 'EventEnvelope') events.push(body);
  }
  // The log keeps them by partition; an EVM's logs of a block have one order.
  return events.sort((a, b) => a.executionIndex - b.executionIndex || a.eventIndex - b.eventIndex);
}

/** The log's records of one height as a block: a transaction a command, a log an event. */
export function evmBlock(
  records: readonly LogRecord[],
  topics: { readonly blocks: string; readonly events: string },
): EvmBlock {
  const record = present(
    records.find(({ topic }) => topic === topics.blocks),
    'a block',
  );
  const decoded = decode('BlocksRecord', record.value, MAX_FRAME_BYTES);
  if (!decoded.ok || decoded.value.body.kind !== 'CertifiedBlock') fail('a record without block');
  const { header } = decoded.value.body.block;
  const [hash, parentHash] = [blockDigest(header), header.parent].map(
    (digest) => `0x${toHex(digest)}`,
  ) as [string, string];
  const place = { blockHash: hash, blockNumber: quantity(header.height) };
  const hashes: string[] = [];
  let executionIndex = -1;
  const logs = eventsOf(records, topics.events).map((event, index) => {
    if (event.executionIndex !== executionIndex) {
      executionIndex = event.executionIndex;
      hashes.push(transactionHash(header.height, executionIndex));
    }
    const { topics: words, data } = encodeEvent(event);
    const json = JSON.stringify({
      ...{ address: CONTRACT, topics: words, data, ...place, logIndex: quantity(index) },
      transactionHash: hashes.at(-1),
      ...{ transactionIndex: quantity(hashes.length - 1), removed: false },
    });
    return { topics: words, json };
  });
  const { timestampMs, height: number } = header;
  const bloom = logs.length === 0 ? EMPTY_BLOOM : FULL_BLOOM;
  return {
    ...{ number, hash, parentHash, logs, transactionHashes: hashes },
    headJson: headJson({ number, hash, parentHash, timestampMs, bloom }),
    transactionsJson: JSON.stringify(hashes.map((each, at) => transaction(place, each, at))),
  };
}

function emptyBlock(number: number, hash: string, parentHash: string, timestampMs: number) {
  return {
    ...{ number, hash, parentHash, logs: [], transactionHashes: [] },
    headJson: headJson({ number, hash, parentHash, timestampMs, bloom: EMPTY_BLOOM }),
    transactionsJson: '[]',
  };
}

const SECOND_MS = 1_000;

/** A whole chain: a block 0 below the heights, and `tail` empty ones above, a second apart. */
export function evmChain(
  heights: readonly EvmBlock[],
  times: { readonly firstMs: number; readonly lastMs: number },
  tail: number,
): readonly EvmBlock[] {
  const first = present(heights[0], 'a height');
  const chain: EvmBlock[] = [emptyBlock(0, first.parentHash, ZERO_WORD, times.firstMs), ...heights];
  for (let count = 1; count <= tail; count++) {
    const { number, hash } = chain.at(-1)!;
    const next = `0x${toHex(sha256(concatBytes(uint64(number + 1))))}`;
    chain.push(emptyBlock(number + 1, next, hash, times.lastMs + count * SECOND_MS));
  }
  for (const [number, block] of chain.entries()) {
    assert(block.number === number, 'blocks have to follow each other');
  }
  return chain;
}
