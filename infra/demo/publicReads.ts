import type { ProvenReader } from '../../command/client/provenReader.js';
import type { Reader } from '../../command/client/reader.js';

/** The few reads that the demo makes, each as anybody could make it. */

/** What an account holds of an asset once `minHeight` is visible. */
export async function balanceOf(
  reader: Reader,
  account: string,
  asset: number,
  minHeight: number,
): Promise<bigint> {
  const { balances } = await reader.account(account, { minHeight });
  return BigInt(balances.find((each) => each.asset === asset)?.amount ?? '0');
}

/** Sum of all balance changes of an asset, over all pages of the account's history. */
export async function historySum(reader: Reader, account: string, asset: number): Promise<bigint> {
  let sum = 0n;
  for await (const { delta } of reader.history(account, { asset, limit: 100 })) {
    sum += BigInt(delta);
  }
  return sum;
}

export type ReadBlock = (height: number) => ReturnType<ProvenReader['block']>;

/** Proven blocks, each read once. */
export function blockReads(proven: ProvenReader): ReadBlock {
  const blocks = new Map<number, ReturnType<ProvenReader['block']>>();
  return (height) => {
    let found = blocks.get(height);
    if (found === undefined) {
      found = proven.block(height, { minHeight: height });
      blocks.set(height, found);
    }
    return found;
  };
}

/** Whether the books of every asset add up after a height. */
export async function isConserved(read: ReadBlock, height: number): Promise<boolean> {
  const { supply } = (await read(height)).value.said;
  return supply.every(({ accounts, inPlay, bankroll, faucet, issued }) => {
    const held = BigInt(accounts) + BigInt(inPlay) + BigInt(bankroll) + BigInt(faucet);
    return held === BigInt(issued);
  });
}
