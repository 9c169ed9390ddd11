import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { genesisState } from '../../../command/engine/genesisState.js';
import { exportEntries } from '../../../command/engine/snapshot.js';
import { createNativeBeacon } from '../../../infra/crypto/nativeBeacon.js';
import { createNativeSigner, nativeVerifier } from '../../../infra/crypto/nativeSignatures.js';
import { VerifyPool } from '../../../infra/crypto/verifyPool.js';
import { replayLog } from '../../../infra/recovery/replayLog.js';
import { verifyLog } from '../../../infra/verify/verifyLog.js';
import { signEnvelope } from '../../../schemas/crypto/envelope.js';
import { genesisEpoch, genesisTip } from '../../../schemas/crypto/epochKeys.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import type { BatchVerifier, Signer } from '../../../schemas/crypto/signatures.js';
import { assert, present } from '../../../schemas/kernel/assert.js';
import { ascii } from '../../../schemas/kernel/bytes.js';
import type { Log, LogRecord } from '../../../schemas/log.js';
import { topicNames } from '../../../schemas/topics.js';
import type { CommandInstruction } from '../../../schemas/types/command.js';
import { heightRecords } from '../../simulation/chainRecords.js';
import { certifyNext } from '../../simulation/engineChain.js';
import { createMemoryLog } from '../../simulation/memoryLog.js';
import { blockOfItems, CHIP, newWorld, type World } from '../../vectors/engine/engineWorld.js';
import { poolVerifiesPerSecond } from '../ceilings.js';
import { type Bench, besides, type Measure, median, OptionError } from '../measure.js';
import { openQuorum, playedGenesis } from '../playedChain.js';
import { type PlayedLog, type PlayedState, publishPlayed, runParts } from './partsRun.js';

const ACCOUNTS = 10_000;
const PER_BLOCK = 1_000;
/** So many states of the played chain are kept, for parts to begin at. */
const STATES = 8;
const CEILING_SECONDS = 1;

const topics = topicNames(newWorld(playedGenesis).chainId);

interface Player {
  readonly signer: Signer;
  nonce: number;
}

const STAKES: readonly CommandInstruction[] = [
  { kind: 'SpinRoulette', asset: CHIP, bets: [{ kind: 'RED', numbers: [], amount: 10n }] },
  { kind: 'SpinRoulette', asset: CHIP, bets: [{ kind: 'DOZEN', numbers: [1], amount: 10n }] },
];

function signed(world: World, player: Player, instructions: readonly CommandInstruction[]) {
  const { signer } = player;
  const head = {
    ...{ chainId: world.chainId, shard: 0, signer: signer.publicKey },
    expiresAtMs: world.state.timestampMs + playedGenesis.limits.maxCommandLifetimeMs,
  };
  const commands = instructions.map((instruction) => ({
    ...{ account: signer.publicKey, authorization: 0, nonce: player.nonce++, request: null },
    instruction,
  }));
  return signEnvelope(head, commands, signer);
}

/**
 * Bets by real keys, after heights in which everybody takes chips: records by height, and states at
 * even steps through the bets.
 */
async function play(blocks: number, perEnvelope: number): Promise<PlayedLog> {
  const quorum = await openQuorum();
  const world = newWorld(playedGenesis);
  const players = Array.from({ length: ACCOUNTS }, (_, index) => ({
    signer: createNativeSigner(sha256(ascii(`replayed player ${index}`))),
    nonce: 0,
  }));
  const heights: LogRecord[][] = [];
  const states: PlayedState[] = [];
  let tip = genesisTip(playedGenesis, 0);
  const add = (items: readonly Uint8Array[]): void => {
    const next = certifyNext(world, tip, blockOfItems(world, items), quorum);
    tip = next.tip;
    heights.push(heightRecords(next, topics));
    const bets = heights.length - ACCOUNTS / PER_BLOCK;
    if (bets <= 0 || bets % Math.ceil(blocks / STATES) !== 0) return;
    states.push({ certified: next.certified, entries: [...exportEntries(world.state)] });
  };
  for (let first = 0; first < ACCOUNTS; first += PER_BLOCK) {
    const claim: CommandInstruction = { kind: 'ClaimFaucet', asset: CHIP };
    add(players.slice(first, first + PER_BLOCK).map((player) => signed(world, player, [claim])));
  }
  let turn = 0;
  for (let made = 0; made < blocks; made++) {
    add(
      Array.from({ length: PER_BLOCK / perEnvelope }, () => {
        const player = present(players[turn++ % ACCOUNTS], 'player');
        const bets = Array.from({ length: perEnvelope }, (_, index) =>
          present(STAKES[(turn + index) % STAKES.length], 'stake'),
        );
        return signed(world, player, bets);
      }),
    );
  }
  return { heights, states };
}

/** Commands a second of a core from the log to the last state root: blocks alone are read. */
async function statePass({ reader }: Log): Promise<number> {
  const verifiers = { signatures: nativeVerifier(), beacon: await createNativeBeacon() };
  const before = process.cpuUsage();
  const commands = await replayLog({
    ...{ keys: genesisEpoch(playedGenesis, 0), reader, verifiers },
    state: genesisState(playedGenesis, 0),
    tip: genesisTip(playedGenesis, 0),
    onHeight: () => null,
    onProgress: () => undefined,
  });
  const { user, system } = process.cpuUsage(before);
  return (commands * 1e6) / (user + system);
}

/** Rates of one pass over the whole log. */
async function pass(log: Log, envelopes: BatchVerifier) {
  const signatures = nativeVerifier();
  const beacons = await createNativeBeacon();
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const report = await verifyLog({
    ...{ genesis: playedGenesis, shard: 0, reader: log.reader, fromHeight: 0 },
    ...{ signatures, beacons, envelopes },
    onProgress: () => {},
  });
  const { user, system } = process.cpuUsage(before);
  assert(report.ok, 'the log of the benchmark verifies');
  return {
    perSecond: (report.commands * 1_000) / (performance.now() - startedMs),
    perCoreSecond: (report.commands * 1e6) / (user + system),
  };
}

/** What re-execution alone costs: nobody's signature is looked at. */
const believing: BatchVerifier = { verifyBatch: async (messages) => messages.map(() => true) };

async function measures(blocks: number, perEnvelope: number, rounds: number): Promise<Measure[]> {
  const played = await play(blocks, perEnvelope);
  const log = createMemoryLog().open();
  await publishPlayed(log, played);
  const workers = availableParallelism();
  const pool = await VerifyPool.open({ workers });
  const ceilings: number[] = [];
  const without: number[] = [];
  const withSignatures: number[] = [];
  const states: number[] = [];
  await pass(log, believing); // Compiles.
  for (let round = 0; round < rounds; round++) {
    ceilings.push(await poolVerifiesPerSecond(pool, CEILING_SECONDS));
    states.push(await statePass(log));
    without.push((await pass(log, believing)).perCoreSecond);
    withSignatures.push((await pass(log, pool)).perSecond);
  }
  await pool.close();
  await log.close();
  const stored = await runParts(played, rounds, Math.max(2, workers));
  const name = `${perEnvelope} an envelope`;
  const ceiling = median(ceilings) * perEnvelope;
  const ceilingName = `verifies/s, pool of ${workers}, times commands an envelope`;
  return [
    besides(
      ...([`${name}, state alone`, median(states), 'commands/s of a core'] as const),
      ...(['target', 60_000] as const),
    ),
    besides(
      ...([`${name}, without signatures`, median(without), 'commands/s of a core'] as const),
      ...(['target', 60_000] as const),
    ),
    besides(
      ...([`${name}, with signatures`, median(withSignatures), 'commands/s'] as const),
      ...([ceilingName, ceiling] as const),
    ),
    besides(
      ...([`${name}, log on Postgres, in ${stored.parts} parts`, stored.inParts] as const),
      ...(['commands/s', 'in one piece', stored.inOnePiece] as const),
    ),
    besides(
      ...([`${name}, log on Postgres, in ${stored.parts} parts`, stored.inParts] as const),
      ...(['commands/s', ceilingName, ceiling] as const),
    ),
  ];
}

/** Verification of a log from its first record to the last state root. */
export const replayBench: Bench = {
  about:
    'a log to its state, or verified whole: with signatures and without, in parts and in one piece',
  usage: '[--blocks N] [--rounds N]',
  async run(args, say): Promise<readonly Measure[]> {
    const { values } = parseArgs({
      args: [...args],
      options: {
        blocks: { type: 'string', default: '40' },
        rounds: { type: 'string', default: '3' },
      },
    });
    const [blocks, rounds] = [Number(values.blocks), Number(values.rounds)];
    if (!(blocks > 0 && rounds > 0)) throw new OptionError('--blocks and --rounds are above 0');
    const all: Measure[] = [];
    for (const perEnvelope of [1, 50]) {
      say(`${perEnvelope} an envelope: ${ACCOUNTS} accounts, ${blocks} blocks of ${PER_BLOCK}`);
      all.push(...(await measures(blocks, perEnvelope, rounds)));
    }
    return all;
  },
};
