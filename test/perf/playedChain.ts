import { dealBeaconKeys } from '../../infra/crypto/beaconDealer.js';
import { createNativeBeacon } from '../../infra/crypto/nativeBeacon.js';
import { createNativeSigner } from '../../infra/crypto/nativeSignatures.js';
import { genesisEpoch, genesisTip } from '../../schemas/crypto/epochKeys.js';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { present } from '../../schemas/kernel/assert.js';
import { ascii } from '../../schemas/kernel/bytes.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { ChainedHeight } from '../simulation/certifiedChain.js';
import { certifyNext, type Quorum } from '../simulation/engineChain.js';
import { createPrng, type Prng } from '../simulation/prng.js';
import {
  blockOf,
  type Intent,
  newWorld,
  person,
  testGenesis,
} from '../vectors/engine/engineWorld.js';
import { bet, cashOut, claim, guess, pay, spin, start } from '../vectors/engine/intents.js';

const VALIDATORS = 4;
const QUORUM = 3;
const BLOCK_MS = 200;

const dealing = dealBeaconKeys({
  validators: VALIDATORS,
  threshold: QUORUM,
  seed: sha256(ascii('benchmark beacon')),
});
const signers = dealing.shares.map((_, index) =>
  createNativeSigner(sha256(ascii(`benchmark validator ${index}`))),
);

/** A chain of four validators with real signatures and a real beacon, and room for a crowd. */
export const playedGenesis: Genesis = testGenesis({
  name: 'benchmark chain',
  validators: signers.map(({ publicKey }) => publicKey),
  beaconKeys: {
    threshold: QUORUM,
    groupKey: dealing.groupPublicKey,
    shareKeys: dealing.shares.map(({ sharePublicKey }) => sharePublicKey),
  },
  assets: [
    {
      ...{ asset: 0, symbol: 'CHIP', decimals: 0, issued: 2_000_000_000_000n },
      ...{ houseBankroll: 1_000_000_000_000n, faucetPool: 1_000_000_000_000n, accountMin: 0n },
    },
  ],
  faucet: { asset: 0, claimAmount: 10_000n, intervalMs: 86_400_000, claimsPerBlockMax: 4_096 },
});

/** Who certifies its heights. */
export async function openQuorum(): Promise<Quorum> {
  const scheme = await createNativeBeacon();
  return {
    keys: genesisEpoch(playedGenesis, 0),
    sign: (message) =>
      signers.slice(0, QUORUM).map((signer, index) => ({
        signer: index,
        signature: signer.sign(message),
      })),
    beacon(message) {
      const shares = dealing.shares.slice(0, QUORUM).map(({ secretShare }, index) => ({
        index,
        signature: scheme.signShare(secretShare, message),
      }));
      return present(scheme.combine(shares, dealing.shares.length), 'a beacon');
    },
  };
}

interface Player {
  readonly key: Uint8Array;
  games: number;
  isPlaying: boolean;
}

/** A few play much and most play little, as everywhere. */
function draw(players: readonly Player[], prng: Prng): Player {
  const place = prng.next();
  return present(players[Math.floor(players.length * place * place * place)], 'a player');
}

function hiLo(player: Player, prng: Prng): Intent {
  if (!player.isPlaying) {
    player.isPlaying = true;
    player.games += 1;
    return start(player.key, BigInt(10 + prng.below(90)));
  }
  const game = player.games - 1;
  if (prng.chance(0.5)) return guess(player.key, game, prng.chance(0.5) ? 'HIGHER' : 'LOWER');
  player.isPlaying = false;
  return cashOut(player.key, game);
}

function nextIntent(players: readonly Player[], prng: Prng): Intent {
  const player = draw(players, prng);
  const amount = BigInt(10 + prng.below(90));
  const turn = prng.next();
  if (turn < 0.25) return pay(player.key, draw(players, prng).key, amount);
  if (turn < 0.6) return hiLo(player, prng);
  return spin(player.key, [bet('RED', [], amount), bet('STRAIGHT', [prng.below(37)], 10n)]);
}

export interface PlayedChainOptions {
  readonly heights: number;
  readonly commandsPerBlock: number;
  readonly players: number;
  readonly seed: number;
}

/** Blocks of real play, in order: the same for the same options. */
export async function* playedChain(options: PlayedChainOptions): AsyncGenerator<ChainedHeight> {
  const { heights, commandsPerBlock, seed } = options;
  const quorum = await openQuorum();
  const prng = createPrng(seed);
  const world = newWorld(playedGenesis);
  const players = Array.from({ length: options.players }, (_, index) => ({
    ...{ key: person(`player ${index}`), games: 0, isPlaying: false },
  }));
  let tip = genesisTip(playedGenesis, 0);
  let claimed = 0;
  for (let height = 1; height <= heights; height++) {
    const intents = Array.from({ length: commandsPerBlock }, () => {
      const newcomer = players[claimed];
      if (newcomer === undefined) return nextIntent(players, prng);
      claimed += 1;
      return claim(newcomer.key);
    });
    const next = certifyNext(world, tip, blockOf(world, intents, BLOCK_MS), quorum);
    tip = next.tip;
    yield next;
  }
}
