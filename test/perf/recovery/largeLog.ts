import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportEntries } from '../../../command/engine/snapshot.js';
import { emptyMarksOfHeight, recordsOfHeight } from '../../../command/publish/recordsOfHeight.js';
import { createNativeSigner } from '../../../infra/crypto/nativeSignatures.js';
import { openSnapshotStore, snapshotPath } from '../../../infra/files/snapshotStore.js';
import { developmentNetwork } from '../../../infra/genesis/developmentNetwork.js';
import { openSnapshotArchive } from '../../../infra/recovery/snapshotArchive.js';
import { signEnvelope } from '../../../schemas/crypto/envelope.js';
import { genesisTip } from '../../../schemas/crypto/epochKeys.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import type { Signer } from '../../../schemas/crypto/signatures.js';
import { present } from '../../../schemas/kernel/assert.js';
import { ascii } from '../../../schemas/kernel/bytes.js';
import { SNAPSHOT_EVERY_HEIGHTS } from '../../../schemas/limits.js';
import type { Log, LogWriter } from '../../../schemas/log.js';
import { topicManifest, topicNames, writerId } from '../../../schemas/topics.js';
import type { CommandInstruction } from '../../../schemas/types/command.js';
import { certifyNext } from '../../simulation/engineChain.js';
import { networkQuorum } from '../../simulation/networkQuorum.js';
import { blockOfItems, CHIP, newWorld, type World } from '../../vectors/engine/engineWorld.js';

const ACCOUNTS = 10_000;
const PER_BLOCK = 1_000;
const PER_ENVELOPE = 50;
const START_MS = 1_700_000_000_000;

const STAKES: readonly CommandInstruction[] = [
  { kind: 'SpinRoulette', asset: CHIP, bets: [{ kind: 'RED', numbers: [], amount: 10n }] },
  { kind: 'SpinRoulette', asset: CHIP, bets: [{ kind: 'DOZEN', numbers: [1], amount: 10n }] },
];

/** What was made of a log, beside it. */
export interface MadeLog {
  readonly commands: number;
  readonly heights: number;
  readonly records: number;
}

interface Player {
  readonly signer: Signer;
  nonce: number;
}

function signed(world: World, player: Player, instructions: readonly CommandInstruction[]) {
  const { signer } = player;
  const head = {
    ...{ chainId: world.chainId, shard: 0, signer: signer.publicKey },
    expiresAtMs: world.state.timestampMs + 60_000,
  };
  const commands = instructions.map((instruction) => ({
    ...{ account: signer.publicKey, authorization: 0, nonce: player.nonce++, request: null },
    instruction,
  }));
  return signEnvelope(head, commands, signer);
}

/** Blocks of signed play without an end: first everybody takes chips, then all bet in turn. */
function* blocksOf(world: World, claimsPerBlock: number): Generator<readonly Uint8Array[]> {
  const players: Player[] = Array.from({ length: ACCOUNTS }, (_, index) => ({
    signer: createNativeSigner(sha256(ascii(`player ${index} of a large log`))),
    nonce: 0,
  }));
  const claim: CommandInstruction = { kind: 'ClaimFaucet', asset: CHIP };
  for (let first = 0; first < ACCOUNTS; first += claimsPerBlock) {
    const some = players.slice(first, first + claimsPerBlock);
    yield some.map((player) => signed(world, player, [claim]));
  }
  for (let turn = 0; ; turn += PER_BLOCK / PER_ENVELOPE) {
    yield Array.from({ length: PER_BLOCK / PER_ENVELOPE }, (_, envelope) => {
      const player = present(players[(turn + envelope) % ACCOUNTS], 'a player');
      const bets = Array.from({ length: PER_ENVELOPE }, (_, index) =>
        present(STAKES[(turn + envelope + index) % STAKES.length], 'a stake'),
      );
      return signed(world, player, bets);
    });
  }
}

function notePath(dataDir: string): string {
  return join(dataDir, 'made.json');
}

/** What a data folder holds already; null when making it was not finished, or never begun. */
export function madeLog(dataDir: string): MadeLog | null {
  const path = notePath(dataDir);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as MadeLog) : null;
}

/**
 * Writes a log of so many signed, executed and certified commands, and the snapshots that its
 * validator would have archived, in a folder as `npm start -- --validators 1` has it.
 */
export async function makeLargeLog(options: {
  readonly dataDir: string;
  readonly log: Log;
  readonly commands: number;
  readonly say: (line: string) => void;
}): Promise<MadeLog> {
  const { dataDir, log, commands, say } = options;
  const network = developmentNetwork(dataDir, 1, START_MS);
  const { genesis } = network;
  const quorum = await networkQuorum(network);
  const world = newWorld(genesis);
  const topics = topicNames(world.chainId);
  await log.ensureTopics(topicManifest(world.chainId, genesis.shards, genesis.eventPartitions));
  const writer: LogWriter = await log.openWriter(writerId(world.chainId, 0));
  const snapshots = join(dataDir, 'made-snapshots');
  const store = openSnapshotStore(snapshots);
  const archive = openSnapshotArchive(join(dataDir, 'archive'), world.chainId, 0);
  // A small log is to have some too.
  const heights = commands / PER_BLOCK + ACCOUNTS / genesis.faucet.claimsPerBlockMax;
  const snapshotEvery = Math.min(SNAPSHOT_EVERY_HEIGHTS, Math.ceil(heights / 4));
  let tip = genesisTip(genesis, 0);
  let made = 0;
  let records = 0;
  let written: Promise<void> = Promise.resolve();
  for (const items of blocksOf(world, genesis.faucet.claimsPerBlockMax)) {
    if (made >= commands) break;
    const next = certifyNext(world, tip, blockOfItems(world, items), quorum);
    tip = next.tip;
    made += next.receipts.length;
    const all = { height: next, topics, publisher: 0 };
    const group = [...recordsOfHeight(all), ...emptyMarksOfHeight(all)];
    records += group.length;
    await written;
    written = writer.append(group);
    if (tip.height % snapshotEvery !== 0) continue;
    await written;
    await store.write(tip.height, tip.timestampMs, exportEntries(world.state));
    await archive.add(next.certified, snapshotPath(snapshots, tip.height));
    say(`height ${tip.height}, ${made.toLocaleString('en-US')} commands`);
  }
  await written;
  await writer.close();
  const report = { commands: made, heights: tip.height, records };
  writeFileSync(notePath(dataDir), JSON.stringify(report));
  return report;
}
