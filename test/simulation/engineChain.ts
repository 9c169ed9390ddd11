import { executeBlock } from '../../command/engine/executeBlock.js';
import type { Receipt } from '../../command/engine/executedBlock.js';
import { inlineBatchVerifier } from '../../infra/crypto/inlineBatchVerifier.js';
import { installNativeCrypto } from '../../infra/crypto/nativeSha256.js';
import { proposeEpoch } from '../../infra/recovery/beginEpoch.js';
import type { ReplayVerifiers } from '../../infra/recovery/replayLog.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import {
  beaconMessage,
  blockDigest,
  epochStartMessage,
  nextSeed,
  proposalMessage,
  resultDigest,
  resultMessage,
} from '../../schemas/crypto/digests.js';
import {
  type ChainTip,
  type EpochKeys,
  genesisEpoch,
  genesisTip,
} from '../../schemas/crypto/epochKeys.js';
import { keysAfter } from '../../schemas/crypto/epochStart.js';
import type { BatchVerifier, Signer } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { Block, EpochStart, SignatureEntry } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import {
  blockOf,
  type Intent,
  newWorld,
  person,
  testGenesis,
  type World,
} from '../vectors/engine/engineWorld.js';
import { bet, cashOut, claim, guess, pay, spin, start } from '../vectors/engine/intents.js';
import type { ChainedHeight } from './certifiedChain.js';
import { createKeyedHashBeacon, keyedHashSigner, keyedHashVerifier } from './keyedHashCrypto.js';
import { createPrng } from './prng.js';

// Making, reading and proving chains is hashing for the most part: by the native code that all of
// our processes install. That in JavaScript has vectors and tests of its own.
installNativeCrypto();

const signers = ['a', 'b', 'c', 'd'].map(keyedHashSigner);
const recoverers = ['r', 's', 't'].map(keyedHashSigner);
const beacon = createKeyedHashBeacon(signers.length, 3);

/** A chain that the real engine executes and four made-up validators certify. */
export const engineGenesis: Genesis = testGenesis({
  name: 'engine chain',
  validators: signers.map(({ publicKey }) => publicKey),
  beaconKeys: beacon.keys,
  recoveryKeys: { threshold: 2, keys: recoverers.map(({ publicKey }) => publicKey) },
});
export const engineKeys: EpochKeys = genesisEpoch(engineGenesis, 0);
export const engineBeacons = inlineBatchVerifier(beacon.scheme);
export const engineVerifiers: ReplayVerifiers = {
  signatures: keyedHashVerifier,
  beacon: { ...beacon.scheme, ...engineBeacons },
};

/** Takes every beacon of the chain's first epoch but that of one height. */
export function engineBeaconsBut(height: number): BatchVerifier {
  const { chainId, shard, epoch } = engineKeys;
  const wrong = beaconMessage(chainId, shard, epoch, height);
  return {
    async verifyBatch(beacons) {
      const answers = await engineBeacons.verifyBatch(beacons);
      return beacons.map(({ message }, at) => answers[at] === true && !equalBytes(message, wrong));
    },
  };
}

/** What a quorum of validators can do together. */
export interface Quorum {
  readonly keys: EpochKeys;
  sign(message: Uint8Array): readonly SignatureEntry[];
  beacon(message: Uint8Array): Uint8Array;
}

function quorumOf(keys: EpochKeys, of: readonly Signer[]): Quorum {
  return {
    keys,
    sign: (message) =>
      of.slice(0, 3).map((signer, index) => ({ signer: index, signature: signer.sign(message) })),
    beacon: combined,
  };
}

const combined = (message: Uint8Array): Uint8Array => {
  const shares = beacon.secrets.slice(0, 3).map((secret, index) => ({
    index,
    signature: beacon.scheme.signShare(secret, message),
  }));
  return present(beacon.scheme.combine(shares, beacon.secrets.length), 'a beacon');
};

const quorum = quorumOf(engineKeys, signers);

/** The start of an epoch of four others behind a tip, as recovery keys sign it, and its quorum. */
export function engineEpoch(
  before: EpochKeys,
  tip: ChainTip,
): { readonly start: EpochStart; readonly quorum: Quorum } {
  const others = ['e', 'f', 'g', 'h'].map((name) => keyedHashSigner(`${name}${before.epoch + 1}`));
  const validators = others.map(({ publicKey }) => publicKey);
  const draft = proposeEpoch(before, tip, validators, beacon.keys);
  const message = epochStartMessage(draft);
  const signatures = [1, 2].map((signer) => ({
    signer,
    signature: present(recoverers[signer], 'a recovery key').sign(message),
  }));
  const start: EpochStart = { ...draft, proof: { kind: 'RecoverySignatures', signatures } };
  const keys = present(keysAfter(before, start, keyedHashVerifier), 'a proven start');
  return { start, quorum: quorumOf(keys, others) };
}

/** Executes the next block of a world on top of `tip`, and has it certified. */
export function certifyNext(
  world: World,
  tip: ChainTip,
  draft: Block,
  by: Quorum = quorum,
): ChainedHeight & { readonly receipts: readonly Receipt[] } {
  const { chainId, shard, epoch } = by.keys;
  const { height } = draft.header;
  const executed = { height: tip.height, resultDigest: tip.resultDigest };
  const header = { ...draft.header, epoch, parent: tip.blockDigest, executed };
  const block = { header, items: draft.items };
  const digest = blockDigest(header);
  const signature = by.beacon(beaconMessage(chainId, shard, epoch, height));
  const seed = nextSeed(tip.seed, signature, digest);
  const outcome = executeBlock(world.state, block, seed);
  const { stateRoot, eventsRoot, outboxRoots, engineVersion } = outcome;
  const { leaves, events, receipts } = outcome;
  const result = {
    ...{ chainId, epoch, shard, height, seed, stateRoot, eventsRoot, outboxRoots, engineVersion },
    ...{ blockDigest: digest, previousResultDigest: tip.resultDigest },
  };
  const proposal = { epoch, view: height, parentView: height - 1, payload: digest };
  const finalize = proposalMessage('finalize', chainId, shard, proposal);
  const certified = {
    block,
    finality: { finalization: { proposal, signatures: by.sign(finalize) }, path: [] },
    beacon: { height, signature },
    certificate: { result, signatures: by.sign(resultMessage(resultDigest(result))) },
  };
  return { certified, leaves, events, receipts, tip: tipAfter(certified) };
}

/** What a crowd of players does in a block; some of it is refused, some ignored. */
function intentsOf(height: number, commands: number, random: (below: number) => number): Intent[] {
  if (height <= 4) return Array.from({ length: 8 }, (_, i) => claim(player(8 * (height - 1) + i)));
  return Array.from({ length: commands }, (): Intent => {
    const account = player(random(PLAYERS));
    const stake = BigInt(10 + random(90));
    switch (random(6)) {
      case 0:
        return pay(account, player(random(PLAYERS + 8)), stake);
      case 1:
        return start(account, stake);
      case 2:
        return guess(account, random(4), 'HIGHER');
      case 3:
        return cashOut(account, random(4));
      default:
        return spin(account, [bet('RED', [], stake), bet('STRAIGHT', [random(37)], 10n)]);
    }
  });
}

const PLAYERS = 32;

function player(index: number): Uint8Array {
  return person(`player ${index}`);
}

/** `heights` blocks of real play, the same for the same seed. */
export function engineChain(options: {
  readonly heights: number;
  readonly commands: number;
  readonly seed: number;
  /** Called before each height: what it changes, a quorum certifies. */
  readonly onHeight?: (height: number, world: World) => void;
  /** Who certifies a height behind a tip; by default the validators of genesis. */
  readonly quorumAt?: (height: number, tip: ChainTip) => Quorum | undefined;
}): ChainedHeight[] {
  const prng = createPrng(options.seed);
  const world = newWorld(engineGenesis);
  let tip = genesisTip(engineGenesis, 0);
  const chain: ChainedHeight[] = [];
  for (let height = 1; height <= options.heights; height++) {
    options.onHeight?.(height, world);
    const intents = intentsOf(height, options.commands, (below) => prng.below(below));
    const next = certifyNext(world, tip, blockOf(world, intents), options.quorumAt?.(height, tip));
    chain.push(next);
    tip = next.tip;
  }
  return chain;
}
