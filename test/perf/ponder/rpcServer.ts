import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTRACT, type EvmBlock, quantity } from './evmChain.js';

/** JSON-RPC 2.0: invalid params; method not found. */
const INVALID_PARAMS = -32_602;
const METHOD_NOT_FOUND = -32_601;
const BODY_BYTES_MAX = 1 << 20;

/** A request that the chain has no answer to. */
class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

interface LogFilter {
  readonly fromBlock?: string;
  readonly toBlock?: string;
  readonly blockHash?: string;
  readonly address?: string | readonly string[];
  readonly topics?: readonly (null | string | readonly string[])[];
}

export interface RpcServer {
  readonly url: string;
  /** How often each method was asked for. */
  readonly asked: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

function numberOf(chain: readonly EvmBlock[], tag: unknown): number {
  if (tag === 'earliest') return 0;
  if (['latest', 'finalized', 'safe', 'pending'].includes(String(tag))) return chain.length - 1;
  const number = Number(tag);
  if (typeof tag === 'string' && Number.isSafeInteger(number) && number >= 0) return number;
  throw new RpcRefusal(INVALID_PARAMS, `no block number: ${String(tag)}`);
}

function blockJson(block: EvmBlock | undefined, isWhole: unknown): string {
  if (block === undefined) return 'null';
  const { headJson, transactionsJson, transactionHashes } = block;
  const inside = isWhole === true ? transactionsJson : JSON.stringify(transactionHashes);
  return `${headJson},"transactions":${inside}}`;
}

/** Whether a value is what a filter says: null for any, one, or one of many; hex of any case. */
function matches(wanted: null | undefined | string | readonly string[], value: string | undefined) {
  if (wanted === null || wanted === undefined) return true;
  const all = typeof wanted === 'string' ? [wanted] : wanted;
  return all.some((each) => each.toLowerCase() === value);
}

function logsJson(chain: readonly EvmBlock[], filter: LogFilter): string {
  const { blockHash, fromBlock = 'latest', toBlock = 'latest', address, topics = [] } = filter;
  const blocks =
    blockHash === undefined
      ? chain.slice(numberOf(chain, fromBlock), numberOf(chain, toBlock) + 1)
      : chain.filter(({ hash }) => hash === blockHash);
  if (!matches(address, CONTRACT)) return '[]';
  const found: string[] = [];
  for (const { logs } of blocks) {
    for (const log of logs) {
      if (topics.every((wanted, at) => matches(wanted, log.topics[at]))) found.push(log.json);
    }
  }
  return `[${found.join(',')}]`;
}

function answer(
  chain: readonly EvmBlock[],
  chainId: number,
  method: string,
  params: readonly unknown[],
): string {
  switch (method) {
    case 'eth_chainId':
      return JSON.stringify(quantity(chainId));
    case 'eth_blockNumber':
      return JSON.stringify(quantity(chain.length - 1));
    case 'eth_getBlockByNumber':
      return blockJson(chain[numberOf(chain, params[0])], params[1]);
    case 'eth_getBlockByHash':
      return blockJson(
        chain.find(({ hash }) => hash === params[0]),
        params[1],
      );
    case 'eth_getLogs':
      return logsJson(chain, (params[0] ?? {}) as LogFilter);
    default:
      throw new RpcRefusal(METHOD_NOT_FOUND, `there is no ${method} here`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new RpcRefusal(INVALID_PARAMS, 'too long a request');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Answers of one chain that never grows, over HTTP on loopback: what a backfill asks. */
export async function startRpcServer(
  chain: readonly EvmBlock[],
  chainId: number,
): Promise<RpcServer> {
  const asked = new Map<string, number>();
  const answerOne = (text: string): string => {
    let id: unknown = null;
    try {
      const request = JSON.parse(text);
      const { method, params = [] } = request;
      id = request.id ?? null;
      asked.set(method, (asked.get(method) ?? 0) + 1);
      const result = answer(chain, chainId, String(method), params);
      return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
    } catch (error) {
      const { message } = error as Error;
      const code = error instanceof RpcRefusal ? error.code : INVALID_PARAMS;
      return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
    }
  };
  const server = createServer((request, response) => {
    bodyOf(request).then(
      (text) => {
        response.setHeader('content-type', 'application/json');
        response.end(answerOne(text));
      },
      () => request.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
