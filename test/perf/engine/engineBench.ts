import { parseArgs } from 'node:util';
import { executeBlock } from '../../../command/engine/executeBlock.js';
import { type OpenedEnvelope, openEnvelope } from '../../../schemas/crypto/envelope.js';
import { assert } from '../../../schemas/kernel/assert.js';
import { seedOf } from '../../vectors/engine/engineWorld.js';
import { hashCpuUs } from '../ceilings.js';
import { type Bench, besides, figure, type Measure, median, OptionError } from '../measure.js';
import { openedWorld, type PlayedBlocks, playedBlocks } from './playedBlocks.js';

const ACCOUNTS = 10_000;
const PER_BLOCK = 1_000;
/** Length of what a node of a Merkle tree hashes. */
const NODE_BYTES = 65;

/** What one pass over the blocks cost, in microseconds of CPU a command. */
interface Pass {
  readonly cpuUs: number;
  readonly events: number;
  readonly stateRoot: Uint8Array;
}

function execute(
  played: PlayedBlocks,
  opened: readonly (readonly OpenedEnvelope[])[] | null,
): Pass {
  const world = openedWorld(played);
  let events = 0;
  let stateRoot = new Uint8Array(0);
  const before = process.cpuUsage();
  for (const [index, block] of played.blocks.entries()) {
    const seed = seedOf(block.header.height);
    const executed = executeBlock(world.state, block, seed, { opened: opened?.[index] });
    for (const values of executed.events) events += values.length;
    stateRoot = Uint8Array.from(executed.stateRoot);
  }
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: (user + system) / played.commands, events, stateRoot };
}

/** Every envelope opened before, by block: what a validator has that verified them. */
function openedBefore({ blocks }: PlayedBlocks): readonly (readonly OpenedEnvelope[])[] {
  const open = (item: Uint8Array): OpenedEnvelope => {
    const result = openEnvelope(item);
    assert(result.ok, 'an envelope of the benchmark opens');
    return result.envelope;
  };
  return blocks.map(({ items }) => items.map(open));
}

function measures(played: PlayedBlocks, name: string, rounds: number): Measure[] {
  const opened = openedBefore(played);
  const fromBytes: Pass[] = [];
  const fromOpened: Pass[] = [];
  const hashes: number[] = [];
  execute(played, null); // Compiles.
  for (let round = 0; round < rounds; round++) {
    hashes.push(hashCpuUs(NODE_BYTES));
    fromBytes.push(execute(played, null));
    fromOpened.push(execute(played, opened));
  }
  const hashUs = median(hashes);
  const bytesUs = median(fromBytes.map(({ cpuUs }) => cpuUs));
  const openedUs = median(fromOpened.map(({ cpuUs }) => cpuUs));
  const [first] = fromBytes;
  const eventsPerCommand = (first?.events ?? 0) / played.commands;
  const hash = 'SHA-256 of 65 bytes';
  return [
    besides(
      `${name}, from bytes`,
      1e6 / bytesUs,
      'commands/s of a core',
      `${hash} a s of a core`,
      1e6 / hashUs,
    ),
    besides(`${name}, from bytes: CPU a command`, bytesUs, 'us', `CPU of a ${hash}`, hashUs),
    besides(
      `${name}, opened before`,
      1e6 / openedUs,
      'commands/s of a core',
      'from bytes',
      1e6 / bytesUs,
    ),
    figure(`${name}: events a command`, eventsPerCommand, 'events'),
  ];
}

/** Re-execution of blocks without signatures: what a replay and a restart cost. */
export const engineBench: Bench = {
  about: 're-execution of blocks of bets without signature checks, beside bare hashing',
  usage: '[--blocks N] [--rounds N]',
  async run(args, say): Promise<readonly Measure[]> {
    const { values } = parseArgs({
      args: [...args],
      options: {
        blocks: { type: 'string', default: '40' },
        rounds: { type: 'string', default: '5' },
      },
    });
    const [blocks, rounds] = [Number(values.blocks), Number(values.rounds)];
    if (!(blocks > 0 && rounds > 0)) throw new OptionError('--blocks and --rounds are above 0');
    const all: Measure[] = [];
    for (const perEnvelope of [1, 50]) {
      const name = `bets, ${perEnvelope} an envelope`;
      say(`${name}: ${ACCOUNTS} accounts, ${blocks} blocks of ${PER_BLOCK}, ${rounds} rounds`);
      const played = playedBlocks({ accounts: ACCOUNTS, blocks, perBlock: PER_BLOCK, perEnvelope });
      all.push(...measures(played, name, rounds));
    }
    return all;
  },
};
