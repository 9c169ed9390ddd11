import { encode } from '../../../../schemas/codec/codec.js';
import { sealEnvelope } from '../../../../schemas/crypto/envelope.js';
import { genesisEpoch } from '../../../../schemas/crypto/epochKeys.js';
import { merkleRoot } from '../../../../schemas/crypto/merkle.js';
import type { Block, BlockHeader } from '../../../../schemas/types/block.js';
import type { World } from '../world.js';
import type { CommitCrime } from './crime.js';
import { replaceOwnBlocks } from './ownBlocks.js';

/** Every block of mine breaks a rule that any validator can check from its bytes. */
export const invalidBlockProposer: CommitCrime = (world, node) => {
  const broken = new Map<Block, Block>();
  const breakOne = (block: Block): Block => {
    const known = broken.get(block);
    if (known !== undefined) return known;
    const faults = [withForgedEnvelope, withGarbage, withOldTime, withOtherHeight, withBoldPointer];
    const fault = faults[world.prng.below(faults.length)]!;
    const bad = fault(world, block);
    broken.set(block, bad);
    return bad;
  };
  const own = replaceOwnBlocks(world, node, (_to, block) => breakOne(block));
  return { tamper: (to, body) => [own.replace(to, body)] };
};

function withItems({ header }: Block, items: readonly Uint8Array[]): Block {
  return { header: { ...header, itemsRoot: merkleRoot(items) }, items };
}

function withHeader({ header, items }: Block, change: Partial<BlockHeader>): Block {
  return { header: { ...header, ...change }, items };
}

/** An envelope in the name of a player who never signed it. */
function withForgedEnvelope({ chain }: World, block: Block): Block {
  const { chainId } = genesisEpoch(chain.genesis, 0);
  const { publicKey } = chain.signerOf('player 0');
  const forger = { publicKey, sign: () => new Uint8Array(64) };
  const expiresAtMs = block.header.timestampMs + 60_000;
  const instruction = { kind: 'ClaimFaucet', asset: 0 } as const;
  const command = { account: publicKey, authorization: 0, nonce: 0, request: null, instruction };
  const head = { chainId, shard: 0, signer: publicKey, expiresAtMs };
  return withItems(block, [...block.items, sealEnvelope(head, [command], forger).bytes]);
}

function withGarbage(_world: World, block: Block): Block {
  return withItems(block, [
    ...block.items,
    encode('StateKey', { key: { kind: 'HouseKey', asset: 0 } }),
  ]);
}

function withOldTime({ chain }: World, block: Block): Block {
  return withHeader(block, { timestampMs: chain.genesis.createdAtMs });
}

function withOtherHeight(_world: World, block: Block): Block {
  return withHeader(block, { height: block.header.height + 1 });
}

/** A pointer to a result whose certificate is not in the block. */
function withBoldPointer(_world: World, block: Block): Block {
  const { executed, parent } = block.header;
  return withHeader(block, { executed: { height: executed.height + 1, resultDigest: parent } });
}
