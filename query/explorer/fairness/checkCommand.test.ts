import { beforeAll, expect, it, vi } from 'vitest';
import { decodeTrusted, encode } from '../../../schemas/codec/codec.js';
import { eventHash } from '../../../schemas/crypto/digests.js';
import { genesisTip } from '../../../schemas/crypto/epochKeys.js';
import { partitionLeaf } from '../../../schemas/crypto/eventsRoot.js';
import { merklePath } from '../../../schemas/crypto/merkle.js';
import { present } from '../../../schemas/kernel/assert.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import {
  certifyNext,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../../test/simulation/engineChain.js';
import { blockOf, newWorld, person } from '../../../test/vectors/engine/engineWorld.js';
import { cashOut, claim, guess, start } from '../../../test/vectors/engine/intents.js';
import { checkCommand } from './checkCommand.js';
import { plainFields } from './plainJson.js';

const reader = vi.hoisted(() => ({ command: vi.fn(), block: vi.fn(), commands: vi.fn() }));
vi.mock('../api/pageReader.js', () => ({ pageReader: reader }));
vi.mock('./trustOfGenesis.js', () => ({
  readTrust: async () => ({
    genesis: engineGenesis,
    trust: { keys: engineKeys, eventPartitions: 16, verifier: engineVerifiers.signatures },
  }),
}));

const SEED_CHECK = 'The seed follows from the beacon, the block and the seed before';
const GAMES = 12;

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly account: string;
  readonly height: number;
  readonly executionIndex: number;
  readonly instruction: unknown;
}

const rows: Row[] = [];
const withheld = new Set<number>();

/** A chain of games, one command a height, as a reader tells of it. */
beforeAll(() => {
  const player = person('checked player');
  const world = newWorld(engineGenesis);
  let tip = genesisTip(engineGenesis, 0);
  const chain: ReturnType<typeof certifyNext>[] = [];
  const answers = new Map<string, unknown>();
  const play = (intent: ReturnType<typeof claim>): void => {
    const next = certifyNext(world, tip, blockOf(world, [intent]));
    tip = next.tip;
    chain.push(next);
    const { row, answer } = told(next);
    rows.unshift(row);
    answers.set(row.id, answer);
  };
  play(claim(player));
  for (let game = 0; game < GAMES; game++) {
    play(start(player, 10n));
    play(guess(player, game, 'HIGHER'));
    play(cashOut(player, game));
  }
  reader.command.mockImplementation(async (id: string) => answers.get(id));
  reader.block.mockImplementation(async (height: number) => {
    const { certified } = present(chain[height - 1], 'a height');
    const record = encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified } });
    return { certified: withheld.has(height) ? 'zz' : toHex(record) };
  });
  reader.commands.mockImplementation(async function* ({ kind, asOf }: Row & { asOf: number }) {
    yield* rows.filter((row) => row.kind === kind && row.height <= asOf);
  });
});

function told(next: ReturnType<typeof certifyNext>): { row: Row; answer: unknown } {
  const leaves = next.leaves.map((leaf) => encode('PartitionLeaf', leaf));
  const all = next.events.flatMap((values, partition) =>
    values.map((value, index) => {
      const hashes = values.map(eventHash);
      const { previousHeight } = present(next.leaves[partition], 'a leaf');
      const { body } = decodeTrusted('EventsRecord', value);
      if (body.kind !== 'EventEnvelope') throw new Error('no event');
      const { kind, ...fields } = body.body;
      return {
        ...{ event: body, eventIndex: body.eventIndex, kind, value: toHex(value) },
        fields: plainFields(fields),
        ...{ partition, index, path: merklePath(hashes, index).map(toHex) },
        leaf: toHex(encode('PartitionLeaf', partitionLeaf(previousHeight, hashes))),
        leafPath: merklePath(leaves, partition).map(toHex),
      };
    }),
  );
  const isReceipt = ({ body }: EventEnvelope): boolean =>
    body.kind === 'CommandExecuted' || body.kind === 'CommandRefused';
  const receipt = present(
    all.find((each) => isReceipt(each.event)),
    'a receipt',
  );
  const { event } = receipt;
  // Others are of the height itself.
  const events = all.filter((each) => each.event.executionIndex === event.executionIndex);
  events.sort((a, b) => a.eventIndex - b.eventIndex);
  if (event.body.kind !== 'CommandExecuted' && event.body.kind !== 'CommandRefused') {
    throw new Error('no receipt');
  }
  const { commandId, instruction } = event.body;
  const row = {
    ...{ id: toHex(commandId), kind: instruction.kind, account: toHex(event.key) },
    instruction: plainFields(instruction),
    ...{ height: event.height, executionIndex: event.executionIndex },
  };
  const certificate = toHex(encode('ResultCertificate', next.certified.certificate));
  return { row, answer: { ...row, events, certificate } };
}

const seedCheck = async (row: Row) =>
  (await checkCommand(row.id, false)).find(({ name }) => name === SEED_CHECK);

it('checks the seed of every height, and says where the reader does not show enough', async () => {
  const [newest] = rows;
  const first = rows.at(-1);
  expect(await seedCheck(present(newest, 'the newest'))).toMatchObject({ passed: true });
  expect(await seedCheck(present(first, 'the first'))).toMatchObject({ passed: true });
  withheld.add(rows.length - 1);
  expect(await seedCheck(present(newest, 'the newest'))).toMatchObject({
    passed: false,
    detail: 'the reader does not show the block before',
  });
  withheld.clear();
});

it('finds the step before a guess without reading other games', async () => {
  const last = present(
    rows.find(({ kind }) => kind === 'GuessHiLo'),
    'a guess',
  );
  reader.command.mockClear();
  const checks = await checkCommand(last.id, false);
  // The beacons of this chain are none.
  const failed = checks.flatMap(({ name, passed }) => (passed ? [] : [name]));
  expect(failed).toEqual(['The beacon is the validators’ threshold signature for this height']);
  // Itself, and the start of its game.
  expect(reader.command).toHaveBeenCalledTimes(2);
});
