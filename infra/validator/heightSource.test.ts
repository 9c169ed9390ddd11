import { expect, it } from 'vitest';
import { decode, encode } from '../../schemas/codec/codec.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import {
  emptyBlockDisk,
  openMemoryBlockStore,
} from '../../test/simulation/disk/memoryBlockStore.js';
import {
  emptyExecutedDisk,
  openMemoryExecutedStore,
} from '../../test/simulation/disk/memoryExecutedStore.js';
import { engineChain, engineGenesis } from '../../test/simulation/engineChain.js';
import { createHeightSource, createRecentHeights } from './heightSource.js';

const chain = engineChain({ heights: 8, commands: 5, seed: 4 });

/** A source over a disk that holds `chain` up to a height of each store. */
async function source(options: { readonly blocks: number; readonly executed: number }) {
  const blocks = openMemoryBlockStore(emptyBlockDisk());
  await blocks.appendCertified(chain.slice(0, options.blocks).map(({ certified }) => certified));
  const executed = openMemoryExecutedStore(emptyExecutedDisk(), 1);
  for (const { certified, leaves, events } of chain.slice(0, options.executed)) {
    const { certificate, block } = certified;
    const body = { certificate, header: block.header, leaves, events: events.flat() };
    const bytes = encode('PeerMessage', { body: { kind: 'ExecutedHeight', ...body } });
    executed.append(block.header.height, bytes);
  }
  const application = { certifiedTip: () => options.executed };
  return {
    executed,
    ...createHeightSource({
      ...{ genesis: engineGenesis, shard: 0, blocks, executed, application },
      recents: createRecentHeights(),
    }),
  };
}

it('gives each height its certified block, and its events by partition', async () => {
  const held = await source({ blocks: 8, executed: 8 });
  expect(held.certifiedTip()).toBe(8);
  for (const { certified, leaves, events } of chain) {
    const found = await held.height(certified.block.header.height);
    expect(found).toEqual({ certified, leaves, events });
    for (const [partition, own] of (found?.events ?? []).entries()) {
      expect(own.length).toBe(leaves[partition]?.count);
      for (const bytes of own) {
        const record = decode('EventsRecord', bytes);
        expect(record).toMatchObject({ ok: true, value: { body: { partition } } });
      }
    }
  }
  expect(chain.some(({ events }) => events.filter((own) => own.length > 0).length > 1)).toBe(true);
});

it('knows the tip after every height, that of genesis too', async () => {
  const held = await source({ blocks: 8, executed: 8 });
  expect(await held.tip(0)).toEqual(genesisTip(engineGenesis, 0));
  for (const { certified, tip } of chain) {
    expect(await held.tip(certified.block.header.height)).toEqual(tip);
  }
  expect(await held.tip(9)).toBeNull();
});

it('has nothing of a height whose events or whose block it does not hold', async () => {
  const held = await source({ blocks: 5, executed: 7 });
  expect(await held.height(5)).not.toBeNull();
  expect(await held.height(6)).toBeNull(); // executed, and its block is not here
  expect(await held.tip(6)).toBeNull();
  expect(await held.height(8)).toBeNull();
  held.executed.prune(4);
  expect(await held.height(3)).toBeNull(); // pruned: in the log since
  expect(await held.tip(3)).not.toBeNull();
  expect(await held.height(4)).not.toBeNull();
});
