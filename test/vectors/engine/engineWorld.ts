import { admissionView } from '../../../command/engine/admissionView.js';
import type { EngineState } from '../../../command/engine/engineState.js';
import { executeBlock } from '../../../command/engine/executeBlock.js';
import type { ExecutedBlock } from '../../../command/engine/executedBlock.js';
import { genesisState } from '../../../command/engine/genesisState.js';
import { decodeTrusted } from '../../../schemas/codec/codec.js';
import { chainIdOf } from '../../../schemas/crypto/digests.js';
import { sealEnvelope } from '../../../schemas/crypto/envelope.js';
import { merkleRoot } from '../../../schemas/crypto/merkle.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import { assert } from '../../../schemas/kernel/assert.js';
import { ascii, concatBytes, uint32 } from '../../../schemas/kernel/bytes.js';
import type { Block } from '../../../schemas/types/block.js';
import type { CommandInstruction, Request } from '../../../schemas/types/command.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { Genesis } from '../../../schemas/types/genesis.js';

/** 32 bytes that stand for a person. The engine never looks at a signature, so no key is needed. */
export function person(name: string): Uint8Array {
  return sha256(ascii(`person ${name}`));
}

export function seedOf(number: number): Uint8Array {
  return sha256(concatBytes(ascii('seed'), uint32(number)));
}

export const START_MS = 1_700_000_000_000;
export const CHIP = 0;
export const OTHER = 7;

const BASE: Genesis = {
  name: 'engine test',
  createdAtMs: START_MS,
  shards: 1,
  eventPartitions: 16,
  validators: [person('validator')],
  beaconKeys: { threshold: 1, groupKey: new Uint8Array(48), shareKeys: [new Uint8Array(48)] },
  beaconKeySource: 'TRUSTED_DEALER',
  admins: [],
  recoveryKeys: { threshold: 1, keys: [person('recovery')] },
  assets: [
    {
      ...{ asset: CHIP, symbol: 'CHIP', decimals: 0 },
      ...{ issued: 1_000_000_000n, houseBankroll: 900_000_000n, faucetPool: 100_000_000n },
      accountMin: 5n,
    },
    {
      ...{ asset: OTHER, symbol: 'OTHER', decimals: 2 },
      ...{ issued: 5_000n, houseBankroll: 5_000n, faucetPool: 0n },
      accountMin: 0n,
    },
  ],
  faucet: { asset: CHIP, claimAmount: 10_000n, intervalMs: 60_000, claimsPerBlockMax: 8 },
  hiLo: {
    ...{ stakeMin: 10n, stakeMax: 5_000n, payoutMax: 100_000n, edgeBasisPoints: 300 },
    ...{ lifetimeMs: 100_000, openGamesMax: 4 },
  },
  roulette: { betMin: 10n, stakeMax: 5_000n, payoutMax: 100_000n, betsMax: 20 },
  limits: {
    maxCommandLifetimeMs: 600_000,
    maxBlockBytes: 2 * 1024 * 1024,
    maxBlockCommands: 4096,
    maxTimestampDriftMs: 500,
    maxExecutionLag: 64,
  },
};

export function testGenesis(change: Partial<Genesis> = {}): Genesis {
  return { ...BASE, ...change };
}

/** What a test says of a command; everything else follows from the state. */
export interface Intent {
  readonly account: Uint8Array;
  readonly instruction: CommandInstruction;
  /** Default: the account itself. */
  readonly signer?: Uint8Array;
  readonly authorization?: number;
  readonly request?: Request;
  /** Default: the lane's next, counting those before it in the block. */
  readonly nonce?: number;
}

export interface World {
  readonly state: EngineState;
  readonly chainId: Uint8Array;
}

export function newWorld(genesis: Genesis = testGenesis()): World {
  return { state: genesisState(genesis, 0), chainId: chainIdOf(genesis) };
}

export interface BlockOptions {
  /** Since the last block; default 1,000. */
  readonly afterMs?: number;
  /** Default: derived from the height. */
  readonly seed?: Uint8Array;
}

/** The envelope of one intent, unsigned but of the right form. */
function envelopeOf(world: World, intent: Intent, nonce: number): Uint8Array {
  const { account, instruction, request = null, authorization = 0 } = intent;
  const publicKey = intent.signer ?? account;
  const { height, timestampMs } = world.state;
  const expiresAtMs = timestampMs + 60_000 + (height % 2);
  const head = { chainId: world.chainId, shard: 0, signer: publicKey, expiresAtMs };
  const command = { account, authorization, nonce, request, instruction };
  const signer = { publicKey, sign: () => new Uint8Array(64) };
  return sealEnvelope(head, [command], signer).bytes;
}

/** The next block of a world, holding these intents in this order, one an envelope. */
export function blockOf(world: World, intents: readonly Intent[], afterMs = 1_000): Block {
  const view = admissionView(world.state);
  const used = new Map<string, number>();
  const items = intents.map((intent) => {
    const { account, signer = account, authorization = 0 } = intent;
    const lane = `${account} ${signer} ${authorization}`;
    const next = view.laneOf(account, signer, authorization)?.nextNonce ?? 0;
    const nonce = intent.nonce ?? used.get(lane) ?? next;
    used.set(lane, nonce + 1);
    return envelopeOf(world, intent, nonce);
  });
  return blockOfItems(world, items, afterMs);
}

export function blockOfItems(world: World, items: readonly Uint8Array[], afterMs = 1_000): Block {
  const { height, timestampMs } = world.state;
  return {
    header: {
      chainId: world.chainId,
      shard: 0,
      epoch: 0,
      view: height + 1,
      height: height + 1,
      parent: new Uint8Array(32),
      timestampMs: timestampMs + afterMs,
      proposer: 0,
      sealsBeacon: true,
      itemsRoot: merkleRoot(items),
      executed: { height: 0, resultDigest: new Uint8Array(32) },
    },
    items,
  };
}

export function execute(
  world: World,
  intents: readonly Intent[],
  options: BlockOptions = {},
): ExecutedBlock {
  const block = blockOf(world, intents, options.afterMs);
  return executeBlock(world.state, block, options.seed ?? seedOf(block.header.height));
}

/** A world that went on: each group of intents is a block, and all of them must be executed. */
export function given(world: World, ...blocks: readonly (readonly Intent[])[]): World {
  for (const intents of blocks) {
    const { receipts } = execute(world, intents);
    for (const { outcome, code } of receipts) {
      assert(outcome === 'executed', `given: ${outcome} ${code}`);
    }
  }
  return world;
}

/** All events of a block in the order of their execution. */
export function eventsOf(executed: ExecutedBlock): EventEnvelope[] {
  const events = executed.events.flat().map((value) => {
    const { body } = decodeTrusted('EventsRecord', value);
    assert(body.kind === 'EventEnvelope', 'an event');
    return body;
  });
  return events.sort((a, b) => a.executionIndex - b.executionIndex || a.eventIndex - b.eventIndex);
}

/** Kinds of the events of one command, in order. */
export function kindsAt(executed: ExecutedBlock, executionIndex: number): string[] {
  const events = eventsOf(executed).filter((event) => event.executionIndex === executionIndex);
  return events.map(({ body }) => body.kind);
}

export function balance(world: World, account: Uint8Array, asset = CHIP): bigint {
  for (const entry of world.state.accounts.values()) {
    if (entry.publicKey.every((byte, i) => byte === account[i])) {
      const held = entry.cell.value?.balances ?? [];
      return held.find((one) => one.asset === asset)?.amount ?? 0n;
    }
  }
  return 0n;
}
