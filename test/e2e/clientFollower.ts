/** A program of another project, in TypeScript. */
export const FOLLOWER = `
import {
  clientWorld, feedMessages, openProvenReader, openReader, openTrust, tipAfter, UnprovenError,
  type ChainTip, type FullBlock, type Proven, type ProvenBlock, type ReadersWord,
} from 'nullspace-client';

declare const process: { readonly argv: readonly string[] };
declare const console: { log(text: string): void };

const url = process.argv[2] ?? '';
const world = clientWorld();
const reader = openReader([url, url], world);
const { trust, genesis } = await openTrust(reader, { chainId: null });
const proven = openProvenReader({ reader, trust });

/** Wants what is proven, and is given nothing else. */
export function seedOf({ certificate }: Proven<ProvenBlock>): Uint8Array {
  return certificate.result.seed;
}
export async function confused(): Promise<void> {
  const said: ReadersWord<FullBlock> = await reader.block(1);
  // @ts-expect-error a reader's word proves nothing
  seedOf(said);
  // @ts-expect-error a made-up row is not even a reader's word
  const word: ReadersWord<FullBlock> = JSON.parse('{}') as FullBlock;
  void word;
}

let after: ChainTip | undefined;
const feed = feedMessages({ urls: url, world, topics: ['blocks'], from: 1 });
for await (const message of feed) {
  if (message.type !== 'block') continue;
  const { height } = message.block;
  const block = await proven.block(height, { ...(after && { after }) });
  after = tipAfter(block.value.block);
  if (seedOf(block).length !== 32 || height === 3) break;
}
let amount = 0n;
for await (const row of reader.history('00'.repeat(32))) amount += BigInt(row.delta);
const other = openTrust(reader, { chainId: '00'.repeat(32) });
const refused = await other.then(() => false, (error: unknown) => error instanceof UnprovenError);
console.log(JSON.stringify({ height: after?.height, name: genesis.name, refused }));
`;
