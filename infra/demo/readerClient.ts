import type { ClientWorld } from '../../command/client/ports.js';
import { fromHex } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';

/** The reader does not answer, or not with what its document promises. */
export class ReaderError extends Error {
  override readonly name = 'ReaderError';
  readonly code = 'reader';
  readonly retriable = true;
}

export interface SupplyRow {
  readonly asset: number;
  readonly issued: bigint;
  readonly accounts: bigint;
  readonly inPlay: bigint;
  readonly bankroll: bigint;
  readonly faucet: bigint;
}

/** The few reads that the demo makes, each as anybody could make it with curl. */
export interface ReaderClient {
  genesisText(): Promise<string>;
  /** Framed records that prove the epochs since genesis. */
  epochRecords(): Promise<readonly Uint8Array[]>;
  /** The balance of an asset once `minHeight` is visible. */
  balance(account: string, asset: number, minHeight: number): Promise<bigint>;
  /** Sum of all balance changes of an asset, over all pages of the account's history. */
  historySum(account: string, asset: number): Promise<bigint>;
  seed(height: number): Promise<Uint8Array>;
  supply(height: number): Promise<readonly SupplyRow[]>;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * A reader waits for a height itself, some seconds; asked so often, it has had the time that
 * another projector needs to take over from one that was killed.
 */
const ASKED_MAX = 6;

function isNotYetVisible({ status, body }: { readonly status: number; readonly body: unknown }) {
  return status === 503 && (body as Json | null)?.code === RejectCode.notYetVisible;
}

export function openReader(baseUrl: string, world: ClientWorld): ReaderClient {
  const ask = async (path: string) => {
    try {
      return await world.get(baseUrl + path);
    } catch (error) {
      const { message } = error as Error;
      const hint = 'is the platform running, and --reader its read API?';
      throw new ReaderError(`no answer from ${baseUrl} (${message}): ${hint}`);
    }
  };
  const get = async (path: string): Promise<Json> => {
    let answer = await ask(path);
    for (let asked = 1; asked < ASKED_MAX && isNotYetVisible(answer); asked++) {
      answer = await ask(path);
    }
    if (answer.status === 200) return answer.body as Json;
    throw new ReaderError(`${path}: status ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const blocks = new Map<number, Promise<Json>>();
  const block = (height: number): Promise<Json> => {
    let found = blocks.get(height);
    if (found === undefined) {
      found = get(`/explorer/blocks/${height}?minHeight=${height}`);
      blocks.set(height, found);
    }
    return found;
  };
  return {
    genesisText: async () => JSON.stringify(await get('/genesis')),
    async epochRecords() {
      const { epochs } = await get('/epochs');
      return (epochs as readonly { readonly record: string }[]).map(({ record }) =>
        fromHex(record),
      );
    },
    async balance(account, asset, minHeight) {
      const { balances } = await get(`/account/${account}?minHeight=${minHeight}`);
      const row = (balances as Json[]).find((each) => each.asset === asset);
      return BigInt((row?.amount as string | undefined) ?? '0');
    },
    async historySum(account, asset) {
      let sum = 0n;
      for (let cursor = ''; ; ) {
        const query = `limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
        const page = await get(`/explorer/accounts/${account}/history?${query}`);
        for (const row of page.items as Json[]) {
          if (row.asset === asset) sum += BigInt(row.delta as string);
        }
        if (typeof page.nextCursor !== 'string') return sum;
        cursor = page.nextCursor;
      }
    },
    seed: async (height) => fromHex((await block(height)).seed as string),
    async supply(height) {
      const rows = (await block(height)).supply as Json[];
      return rows.map((row) => ({
        asset: row.asset as number,
        issued: BigInt(row.issued as string),
        accounts: BigInt(row.accounts as string),
        inPlay: BigInt(row.inPlay as string),
        bankroll: BigInt(row.bankroll as string),
        faucet: BigInt(row.faucet as string),
      }));
    },
  };
}
