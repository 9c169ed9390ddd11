import { executeBlock } from '../../../command/engine/executeBlock.js';
import { sealEnvelope } from '../../../schemas/crypto/envelope.js';
import { assert, present } from '../../../schemas/kernel/assert.js';
import type { Block } from '../../../schemas/types/block.js';
import type { Command, CommandInstruction } from '../../../schemas/types/command.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import {
  blockOfItems,
  CHIP,
  newWorld,
  person,
  START_MS,
  seedOf,
  testGenesis,
  type World,
} from '../../vectors/engine/engineWorld.js';

/** A chain of blocks of real play that can be executed from its start as often as one likes. */
export interface PlayedBlocks {
  readonly genesis: Genesis;
  /** Blocks that make the accounts; not measured. */
  readonly opening: readonly Block[];
  readonly blocks: readonly Block[];
  readonly commands: number;
}

const STAKES: readonly CommandInstruction[] = [
  { kind: 'SpinRoulette', asset: CHIP, bets: [{ kind: 'RED', numbers: [], amount: 10n }] },
  { kind: 'SpinRoulette', asset: CHIP, bets: [{ kind: 'DOZEN', numbers: [1], amount: 10n }] },
];

/** Everybody may claim in one block, and nobody runs out of chips. */
function generousGenesis(accounts: number): Genesis {
  const base = testGenesis();
  const issued = 2n ** 50n;
  const assets = base.assets.map((asset) =>
    asset.asset === CHIP
      ? { ...asset, issued, houseBankroll: issued / 2n, faucetPool: issued / 2n }
      : asset,
  );
  const faucet = { ...base.faucet, claimAmount: 1_000_000n, claimsPerBlockMax: accounts };
  return testGenesis({ assets, faucet });
}

function sealed(
  world: World,
  commands: readonly Command[],
  signer: Uint8Array,
  expiresAtMs: number,
): Uint8Array {
  const head = { chainId: world.chainId, shard: 0, signer, expiresAtMs };
  const unsigned = { publicKey: signer, sign: () => new Uint8Array(64) };
  return sealEnvelope(head, commands, unsigned).bytes;
}

/**
 * `accounts` players bet in turn, `perBlock` bets a block and `perEnvelope` of one player an
 * envelope, by their own keys. Signatures are left out: the engine never looks at one.
 */
export function playedBlocks(options: {
  readonly accounts: number;
  readonly blocks: number;
  readonly perBlock: number;
  readonly perEnvelope: number;
}): PlayedBlocks {
  const { accounts, perBlock, perEnvelope } = options;
  const genesis = generousGenesis(accounts);
  const world = newWorld(genesis);
  assert(perBlock % perEnvelope === 0, 'whole envelopes fill a block');
  const players = Array.from({ length: accounts }, (_, index) => ({
    key: person(`player ${index}`),
    nonce: 0,
  }));
  const next = (block: Block): Block => {
    executeBlock(world.state, block, seedOf(block.header.height));
    return block;
  };
  const command = (player: (typeof players)[number], instruction: CommandInstruction): Command => ({
    account: player.key,
    authorization: 0,
    nonce: player.nonce++,
    request: null,
    instruction,
  });
  const expiresAtMs = START_MS + 500_000;
  const opening: Block[] = [];
  for (let first = 0; first < accounts; first += 1_000) {
    const items = players.slice(first, first + 1_000).map((player) => {
      const claim = command(player, { kind: 'ClaimFaucet', asset: CHIP });
      return sealed(world, [claim], player.key, expiresAtMs);
    });
    opening.push(next(blockOfItems(world, items)));
  }
  let turn = 0;
  const blocks: Block[] = [];
  for (let made = 0; made < options.blocks; made++) {
    const items: Uint8Array[] = [];
    while (items.length * perEnvelope < perBlock) {
      const player = present(players[turn++ % accounts], 'player');
      const bets = Array.from({ length: perEnvelope }, (_, index) =>
        command(player, present(STAKES[(turn + index) % STAKES.length], 'stake')),
      );
      items.push(sealed(world, bets, player.key, expiresAtMs));
    }
    blocks.push(next(blockOfItems(world, items)));
  }
  return { genesis, opening, blocks, commands: blocks.length * perBlock };
}

/** A state after the opening, on which `blocks` can be executed. */
export function openedWorld({ genesis, opening }: PlayedBlocks): World {
  const world = newWorld(genesis);
  for (const block of opening) executeBlock(world.state, block, seedOf(block.header.height));
  return world;
}
