import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeTrusted } from '../../../schemas/codec/codec.js';
import { blockDigest } from '../../../schemas/crypto/digests.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { assert } from '../../../schemas/kernel/assert.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import { topicNames } from '../../../schemas/topics.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { ChainedHeight } from '../../simulation/certifiedChain.js';
import { heightRecords } from '../../simulation/chainRecords.js';
import { playedChain, playedGenesis } from '../playedChain.js';
import { CONTRACT, evmBlock, evmChain } from './evmChain.js';
import { EVM_ABI, encodeEvent, topicOf } from './evmEvents.js';
import { type RpcServer, startRpcServer } from './rpcServer.js';

const CHAIN_ID = 77;
const HEIGHTS = 4;
const TAIL = 3;

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number };
}
interface AnsweredBlock {
  readonly number: string;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestamp: string;
  readonly transactions: readonly { hash: string; blockHash: string; transactionIndex: string }[];
}
interface AnsweredLog {
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly logIndex: string;
  readonly transactionHash: string;
  readonly transactionIndex: string;
}

const played: ChainedHeight[] = [];
let server: RpcServer;

async function post(body: string): Promise<Answer> {
  const response = await fetch(server.url, { method: 'POST', body });
  return (await response.json()) as Answer;
}

async function ask<T>(method: string, ...params: readonly unknown[]): Promise<T> {
  const { id, result } = await post(JSON.stringify({ jsonrpc: '2.0', id: 5, method, params }));
  expect(id).toBe(5);
  return result as T;
}

const blockAt = (tag: string) => ask<AnsweredBlock>('eth_getBlockByNumber', tag, true);
const logsOf = (filter: object) => ask<AnsweredLog[]>('eth_getLogs', filter);
const ALL = { fromBlock: '0x0', toBlock: 'latest' };

/** Of a height, in the order of their execution. */
function eventsOf({ events }: ChainedHeight): EventEnvelope[] {
  const found = events.flat().map((value) => {
    const { body } = decodeTrusted('EventsRecord', value);
    assert(body.kind === 'EventEnvelope', 'an event');
    return body;
  });
  return found.sort((a, b) => a.executionIndex - b.executionIndex || a.eventIndex - b.eventIndex);
}

beforeAll(async () => {
  const topics = topicNames(genesisEpoch(playedGenesis, 0).chainId);
  const options = { heights: HEIGHTS, commandsPerBlock: 20, players: 20, seed: 3 };
  const blocks = [];
  for await (const height of playedChain(options)) {
    played.push(height);
    blocks.push(evmBlock(heightRecords(height, topics), topics));
  }
  server = await startRpcServer(evmChain(blocks, { firstMs: 0, lastMs: 9_000 }, TAIL), CHAIN_ID);
});
afterAll(() => server.close());

describe('blocks', () => {
  it('are ours, each with its parent, below empty ones', async () => {
    expect(await ask('eth_chainId')).toBe('0x4d');
    expect(await ask('eth_blockNumber')).toBe(`0x${(HEIGHTS + TAIL).toString(16)}`);
    for (let number = 1; number <= HEIGHTS + TAIL; number++) {
      const block = await blockAt(`0x${number.toString(16)}`);
      expect(block.parentHash).toBe((await blockAt(`0x${(number - 1).toString(16)}`)).hash);
      const own = played[number - 1]?.certified.block.header;
      if (own !== undefined) expect(block.hash).toBe(`0x${toHex(blockDigest(own))}`);
      else expect(block.transactions).toEqual([]);
    }
    expect((await blockAt('finalized')).number).toBe(`0x${(HEIGHTS + TAIL).toString(16)}`);
    expect(await blockAt('0x63')).toBeNull();
  });

  it('are found by hash, with hashes of transactions alone when not asked for more', async () => {
    const whole = await blockAt('0x2');
    expect(whole.transactions.length).toBeGreaterThan(1);
    expect(whole.transactions.every(({ blockHash }) => blockHash === whole.hash)).toBe(true);
    const short = await ask<AnsweredBlock>('eth_getBlockByHash', whole.hash, false);
    expect(short.transactions).toEqual(whole.transactions.map(({ hash }) => hash));
  });
});

describe('logs', () => {
  it('are all events of the heights, in their order, in transactions of their blocks', async () => {
    const events = played.flatMap(eventsOf);
    const logs = await logsOf(ALL);
    expect(logs.map(({ topics, data }) => ({ topics, data }))).toEqual(events.map(encodeEvent));
    for (const tag of ['0x1', '0x4']) {
      const block = await blockAt(tag);
      const inBlock = await logsOf({ blockHash: block.hash });
      expect(inBlock.length).toBeGreaterThan(0);
      expect(inBlock.map(({ logIndex }) => Number(logIndex))).toEqual([...inBlock.keys()]);
      for (const log of inBlock) {
        const transaction = block.transactions[Number(log.transactionIndex)];
        expect(transaction?.hash).toBe(log.transactionHash);
        expect([log.blockHash, log.blockNumber]).toEqual([block.hash, block.number]);
      }
    }
  });

  it('are filtered by range, address and topics', async () => {
    const all = await logsOf(ALL);
    const some = await logsOf({ fromBlock: '0x2', toBlock: '0x3', address: CONTRACT });
    expect(some.length).toBeGreaterThan(0);
    expect(some).toEqual(all.filter((log) => ['0x2', '0x3'].includes(log.blockNumber)));
    expect(await logsOf({ ...ALL, address: [`0x${'00'.repeat(20)}`] })).toEqual([]);
    const topic = topicOf('BalanceChanged');
    const changes = await logsOf({ ...ALL, topics: [[topic.toUpperCase().replace('X', 'x')]] });
    expect(changes).toEqual(all.filter(({ topics }) => topics[0] === topic));
    const key = changes[0]?.topics[1];
    const ofKey = await logsOf({ ...ALL, topics: [null, key] });
    expect(ofKey.length).toBeGreaterThan(1);
    expect(ofKey).toEqual(all.filter(({ topics }) => topics[1] === key));
    expect(await logsOf({ ...ALL, topics: [null, null, key] })).toEqual([]);
  });

  it('hold the words that the ABI names', async () => {
    const abi = EVM_ABI.find(({ name }) => name === 'BalanceChanged');
    const events = played.flatMap(eventsOf);
    const debit = events.find(({ body }) => body.kind === 'BalanceChanged' && body.delta < 0n);
    const { topics, data } = encodeEvent(debit as EventEnvelope);
    const words = data.slice(2).match(/.{64}/g) ?? [];
    const at = abi?.inputs.filter(({ indexed }) => !indexed).findIndex((i) => i.name === 'delta');
    const word = BigInt(`0x${words[at ?? -1]}`);
    expect(BigInt.asIntN(256, word)).toBe(Reflect.get(debit?.body as object, 'delta'));
    expect(topics[1]).toBe(`0x${toHex(debit?.key as Uint8Array)}`);
    // Of AccountCreated(bytes32,uint32,uint32,bytes32), as viem has it.
    expect(topicOf('AccountCreated')).toBe(
      '0xf966220a258c45b258aefe85af84690db17156ef35060a2adacf288dd6f34267',
    );
  });
});

describe('what has no answer', () => {
  it('is refused by its number', async () => {
    const refused = async (method: string, ...params: unknown[]) =>
      (await post(JSON.stringify({ id: 1, method, params }))).error?.code;
    expect(await refused('eth_sendRawTransaction', '0x')).toBe(-32_601);
    expect(await refused('eth_getBlockByNumber', 'newest', false)).toBe(-32_602);
    expect((await post('{')).error?.code).toBe(-32_602);
    expect(server.asked.get('eth_sendRawTransaction')).toBe(1);
  });
});
