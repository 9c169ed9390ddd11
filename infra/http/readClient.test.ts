import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  FullBlock,
  FullCommand,
  ReadersWord,
  SeriesName,
  StateAnswer,
} from '../../command/client/answers.js';
import { openTrust } from '../../command/client/openTrust.js';
import { openProvenReader, type ProvenReader } from '../../command/client/provenReader.js';
import { openReader, type Reader } from '../../command/client/reader.js';
import { ReaderError, UnprovenError } from '../../command/client/readerError.js';
import { READ_ASKED_MAX } from '../../command/client/readJson.js';
import { proveState } from '../../command/engine/proveState.js';
import type { CertifiedState, StateReader } from '../../query/ports.js';
import { encode } from '../../schemas/codec/codec.js';
import { portableBeacon, verifyBeacon } from '../../schemas/crypto/bls.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { createSigner, portableVerifier } from '../../schemas/crypto/ed25519.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import { equalBytes, fromHex, toHex } from '../../schemas/kernel/bytes.js';
import type { StateKey } from '../../schemas/types/state.js';
import {
  certifyNext,
  engineChain,
  engineEpoch,
  engineGenesis,
  engineKeys,
  engineVerifiers,
  type Quorum,
} from '../../test/simulation/engineChain.js';
import { alterations, flip, positionsOf } from '../../test/simulation/flippedBits.js';
import {
  openProjectedChain,
  type ProjectedChain,
  quietLog,
} from '../../test/simulation/projectedChain.js';
import { blockOf, newWorld, person, type World } from '../../test/vectors/engine/engineWorld.js';
import { claim } from '../../test/vectors/engine/intents.js';
import { dealBeaconKeys } from '../crypto/beaconDealer.js';
import { createMetrics } from '../telemetry/metrics.js';
import { createReadServer } from './readServer.js';

const HEIGHTS = 30;
const COMMANDS = 12;
const KIND = { kind: 'CertifiedBlock' } as const;
const CHAIN_ID = toHex(chainIdOf(engineGenesis));

let chain: ProjectedChain;
let server: FastifyInstance;
let reader: Reader;
let proven: ProvenReader;
/** The state after the last height, to prove leaves of. */
let last: World;

const states: StateReader = { read: async (key, height) => provenLeaf(key, height) };

function provenLeaf(key: StateKey['key'], height: number): CertifiedState | null {
  const at = height === 0 ? HEIGHTS : height;
  const leaf = proveState(last.state, encode('StateKey', { key }), at);
  const certified = chain.chain[at - 1]?.certified;
  if (leaf === null || certified === undefined) return null;
  return {
    value: leaf.value,
    proof: encode('StateProof', leaf.proof),
    certificate: encode('ResultCertificate', certified.certificate),
    height: at,
  };
}

const world = {
  async get(url: string) {
    const response = await server.inject({ method: 'GET', url });
    return { status: response.statusCode, body: response.json() as unknown };
  },
  after: (_delayMs: number, run: () => void) => {
    run();
    return () => undefined;
  },
};

beforeAll(async () => {
  chain = await openProjectedChain({ heights: HEIGHTS, commands: COMMANDS });
  // The same chain again: the engine is deterministic.
  const keep = (_height: number, each: World) => {
    last = each;
  };
  engineChain({ heights: HEIGHTS, commands: COMMANDS, seed: 11, onHeight: keep });
  await chain.project(HEIGHTS);
  server = await createReadServer({
    ...{ sql: chain.sql, heights: chain.heights, states, genesis: engineGenesis },
    ...{ keys: engineKeys, shard: 0, metrics: createMetrics('reader'), log: quietLog },
    status: () => ({ role: 'reader', name: 'test', ready: true, height: 0 }),
    ...{ page: null, waitMsMax: 20 },
  });
  reader = openReader('', world);
  const verifier = engineVerifiers.signatures;
  const { trust } = await openTrust(reader, { chainId: CHAIN_ID, verifier });
  proven = openProvenReader({ reader, trust, beacon: engineVerifiers.beacon });
});
afterAll(async () => {
  await server?.close();
  await chain?.close();
});

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const row of rows) taken.push(row);
  return taken;
}

describe('typed reads of a real reader', () => {
  it('give rows, pages of them, and sums that agree', async () => {
    const commands = await all(reader.commands({ limit: 7 }));
    const blocks = await all(reader.blocks({ limit: 100, nonEmpty: true }));
    expect(commands.length).toBeGreaterThan(50);
    const own = await all(reader.blockCommands(present(blocks[0], 'a block').digest));
    expect(own).toEqual(commands.filter(({ height }) => height === blocks[0]?.height).toReversed());
    for (const { account } of commands.slice(0, 5)) {
      const { balances, visibleHeight } = await reader.account(account, { minHeight: HEIGHTS });
      const history = await all(reader.history(account, { asset: 0, limit: 3 }));
      const sum = history.reduce((total, { delta }) => total + BigInt(delta), 0n);
      expect(balances.find(({ asset }) => asset === 0)?.amount ?? '0').toBe(String(sum));
      expect(visibleHeight).toBe(HEIGHTS);
    }
    const games = await all(reader.games({ limit: 5, game: 'roulette' }));
    expect(games.every(({ game }) => game === 'roulette') && games.length > 5).toBe(true);
    expect((await reader.search('7')).redirect).toBe('/explorer/blocks/7');
  });

  it('tell of the chain as a whole', async () => {
    const { totals, hours, blocks } = await reader.stats({ hours: 2 });
    expect([blocks, hours.length <= 2]).toEqual([HEIGHTS, true]);
    expect(totals.executed + totals.refused).toBe((await all(reader.commands())).length);
    const { validators } = await reader.validators();
    expect(validators.map(({ publicKey }) => publicKey)).toEqual(
      engineGenesis.validators.map(toHex),
    );
    expect(await reader.status()).toMatchObject({ chain: engineGenesis.name, lagBlocks: 0 });
    const holders = await all(reader.holders({ asset: 0, limit: 2 }));
    expect(holders.length).toBeGreaterThan(2);
    for (const { account, balance } of holders) {
      const { balances } = await reader.account(account);
      expect(balances.find(({ asset }) => asset === 0)?.amount).toBe(balance);
    }
  });

  it('find the block of a time', async () => {
    const { timestampMs } = await reader.block(7);
    expect((await reader.blockByTime(timestampMs, { minHeight: 7 })).height).toBe(7);
    expect((await reader.blockByTime(timestampMs - 1)).height).toBe(6);
    for (const wrong of [-1, 1.5, Number.NaN]) {
      await expect(reader.blockByTime(wrong)).rejects.toMatchObject({ code: 'badParameter' });
    }
  });

  it('give each series that the document names', async () => {
    const document = (await world.get('/openapi.json')).body as {
      readonly paths: Readonly<Record<string, { get: { parameters: readonly Parameter[] } }>>;
    };
    type Parameter = { readonly name: string; readonly schema: { readonly enum: SeriesName[] } };
    const { parameters = [] } = document.paths['/explorer/stats/{series}']?.get ?? {};
    const names = present(
      parameters.find(({ name }) => name === 'series'),
      'it',
    ).schema.enum;
    expect(names).toHaveLength(13);
    for (const name of names) {
      const { points } = await reader.series(name, { span: 'day', points: 3 });
      expect(points).toHaveLength(3);
    }
    const { points } = await reader.series('blocks', { fromMs: 0 });
    const sum = points.reduce((a, { value }) => a + +value, 0);
    expect(sum).toBe(HEIGHTS);
    const none = reader.series('../status' as SeriesName);
    await expect(none).rejects.toMatchObject({ code: 'badParameter', status: 0 });
  });

  it('are refused with the code that the reader gives', async () => {
    const isRefused = (code: string, retriable: boolean) => (error: unknown) =>
      error instanceof ReaderError && error.code === code && error.retriable === retriable;
    await expect(reader.block(HEIGHTS + 5)).rejects.toSatisfy(isRefused('unknownPath', false));
    await expect(reader.account('abc')).rejects.toSatisfy(isRefused('badParameter', false));
    const tooSoon = reader.account('ab'.repeat(32), { minHeight: HEIGHTS + 1 });
    await expect(tooSoon).rejects.toSatisfy(isRefused('notYetVisible', true));
    const tooOld = reader.state(toHex(encode('StateKey', { key: accountKey(person('x')) })), 999);
    await expect(tooOld).rejects.toSatisfy(isRefused('stateUnavailable', true));
  });
});

const accountKey = (account: Uint8Array): StateKey['key'] => ({ kind: 'AccountKey', account });

describe('the trust in a chain', () => {
  const verifier = engineVerifiers.signatures;

  it('hangs on its id, whatever a reader serves as genesis', async () => {
    const other = `${CHAIN_ID.slice(0, -1)}${CHAIN_ID.endsWith('0') ? '1' : '0'}`;
    await expect(openTrust(reader, { chainId: other, verifier })).rejects.toThrow(UnprovenError);
    const genesis = await reader.genesis();
    const altered: object[] = [
      { ...genesis, name: 'another' },
      { ...genesis, validators: [1] },
      {},
    ];
    for (const json of altered) {
      const lying = { ...reader, genesis: async () => json as ReadersWord<object> };
      const opened = openTrust(lying, { chainId: CHAIN_ID, verifier });
      await expect(opened).rejects.toThrow(UnprovenError);
    }
  });

  it('is the word of the reader where no id is named', async () => {
    for (const options of [undefined, {}, { chainId: undefined }, { chainId: null }]) {
      const { genesis } = await openTrust(reader, options as { readonly chainId: null });
      expect(toHex(chainIdOf(genesis))).toBe(CHAIN_ID);
    }
  });

  it('grows with an epoch that recovery keys began, and with no other', async () => {
    const tip = tipAfter(present(chain.chain[HEIGHTS - 1], 'the last height').certified);
    const { start, quorum } = engineEpoch(engineKeys, tip);
    const { certified } = certifyNext(last, tip, blockOf(last, []), quorum);
    const record = toHex(encode('EpochStart', start));
    const said = await reader.block(HEIGHTS);
    const later = {
      ...said,
      certified: toHex(encode('BlocksRecord', { body: { ...certified, ...KIND } })),
    };
    const readerWith = (records: readonly string[]): Reader => ({
      ...reader,
      block: async () => later,
      epochs: async () =>
        ({ epochs: records.map((each) => ({ ...rowOf, record: each })) }) as never,
    });
    const rowOf = { epoch: 1, firstHeight: start.firstHeight, validators: [] };
    const open = (records: readonly string[]) =>
      openProvenReader({ ...{ reader: readerWith(records), trust: proven.trust }, ...beaconOf });
    const beaconOf = { beacon: engineVerifiers.beacon };
    await expect(open([]).block(HEIGHTS + 1)).rejects.toThrow(UnprovenError);
    const knowing = open([record]);
    expect((await knowing.block(HEIGHTS + 1)).certificate.result.epoch).toBe(1);
    expect(knowing.trust.keys.epoch).toBe(1);
    for (const at of positionsOf(record)) {
      await expect(open([flip(record, at)]).block(HEIGHTS + 1)).rejects.toThrow(UnprovenError);
    }
  });
});

/** A proven reader behind one that answers with these. */
function over(answers: Partial<Record<'block' | 'command' | 'state', object>>, from = proven) {
  const fixed = Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [name, async () => answer]),
  );
  const lying = { ...reader, epochs: async () => ({ epochs: [] }), ...fixed } as unknown as Reader;
  const beacon = from === proven ? engineVerifiers.beacon : { verify: verifyBeacon };
  return openProvenReader({ reader: lying, trust: from.trust, beacon });
}

async function countRefused<T extends object>(
  altered: Iterable<T>,
  read: (answer: T) => Promise<unknown>,
): Promise<number> {
  let refused = 0;
  for (const answer of altered) {
    await expect(read(answer), JSON.stringify(answer)).rejects.toThrow(UnprovenError);
    refused++;
  }
  return refused;
}

describe('proven reads with one flipped bit at every byte', () => {
  const HEIGHT = 17;

  it('of a block', async () => {
    const answer: FullBlock = await reader.block(HEIGHT);
    const { value, certificate } = await over({ block: answer }).block(HEIGHT);
    const { certified } = present(chain.chain[HEIGHT - 1], 'a height');
    expect(toHex(encode('BlocksRecord', { body: { ...value.block, ...KIND } }))).toBe(
      answer.certified,
    );
    expect(certificate.result.seed).toEqual(certified.certificate.result.seed);
    const altered = alterations(answer, ['certified']);
    const refused = await countRefused(altered, (block) => over({ block }).block(HEIGHT));
    expect(refused).toBe(answer.certified.length / 2);
    // Another block than the one asked for, by height and by digest.
    const other = await reader.block(HEIGHT + 1);
    await expect(over({ block: other }).block(HEIGHT)).rejects.toThrow(UnprovenError);
    await expect(over({ block: other }).block(answer.digest)).rejects.toThrow(UnprovenError);
    expect((await over({ block: other }).block(other.digest)).value.said).toBe(other);
  });

  it('of a block behind another one, whose seed follows', async () => {
    const after = tipAfter((await proven.block(HEIGHT - 1)).value.block);
    const { value } = await proven.block(HEIGHT, { after });
    expect(tipAfter(value.block).height).toBe(HEIGHT);
    const seed = Uint8Array.from(after.seed, (byte) => byte ^ 1);
    await expect(proven.block(HEIGHT, { after: { ...after, seed } })).rejects.toThrow(
      UnprovenError,
    );
    await expect(proven.block(HEIGHT + 1, { after })).rejects.toThrow(UnprovenError);
  });

  /**
   * `key`, `kind`, `fields`, `eventIndex`, `keySequence` and the command's own row stand in the
   * answer for people and are covered by nothing: nothing that is proven is made of them.
   */
  it('of the events of commands, executed and refused', async () => {
    const rows = await all(reader.commands({ limit: 100 }));
    for (const status of ['executed', 'refused'] as const) {
      const row = present(
        rows.find((each) => each.status === status && each.height > 5),
        status,
      );
      const answer: FullCommand = await reader.command(row.id);
      const { value, certificate } = await over({ command: answer }).command(row.id.toUpperCase());
      expect(value.receipt.kind).toBe(status === 'executed' ? 'CommandExecuted' : 'CommandRefused');
      expect([value.account, certificate.result.height]).toEqual([row.account, row.height]);
      const read = (command: object) => over({ command }).command(row.id);
      await countRefused(alterations(answer, ['certificate', 'height', 'executionIndex']), read);
      for (const [index, event] of answer.events.entries()) {
        const names = ['value', 'partition', 'index', 'path', 'leaf', 'leafPath'] as const;
        for (const altered of alterations(event, names)) {
          const events = answer.events.with(index, altered);
          await expect(read({ ...answer, events })).rejects.toThrow(UnprovenError);
        }
        const fewer = answer.events.toSpliced(index, 1);
        await expect(read({ ...answer, events: fewer })).rejects.toThrow(UnprovenError);
        const twice = answer.events.toSpliced(index, 0, event);
        await expect(read({ ...answer, events: twice })).rejects.toThrow(UnprovenError);
      }
      const other = present(
        rows.find(({ id }) => id !== row.id),
        'another command',
      );
      await expect(over({ command: answer }).command(other.id)).rejects.toThrow(UnprovenError);
    }
  });

  it('of leaves of the state, held and absent', async () => {
    const [row] = await all(reader.commands({ status: 'executed', limit: 100 }));
    const held = fromHex(present(row, 'a command').account);
    for (const account of [held, person('nobody at all')]) {
      const key = accountKey(account);
      const asked = toHex(encode('StateKey', { key }));
      const answer: StateAnswer = await reader.state(asked);
      const { value, certificate } = await over({ state: answer }).state(key);
      expect(value === null).toBe(account !== held);
      expect(certificate.result.height).toBe(HEIGHTS);
      const read = (state: object) => over({ state }).state(key);
      const names = ['proof', 'certificate'] as const;
      await countRefused(alterations(answer, names), read);
      const values =
        answer.value === null ? [] : [...alterations({ value: answer.value }, ['value'])];
      await countRefused(values, (altered) => read({ ...answer, ...altered }));
      const swapped = answer.value === null ? toHex(encode('StateKey', { key })) : null;
      await expect(read({ ...answer, value: swapped })).rejects.toThrow(UnprovenError);
      await expect(over({ state: answer }).state(accountKey(person('x')))).rejects.toThrow(
        UnprovenError,
      );
      const late = over({ state: answer }).state(key, { minHeight: HEIGHTS + 1 });
      await expect(late).rejects.toMatchObject({ code: 'notYetVisible', retriable: true });
      const another = over({ state: answer }).state(key, { height: HEIGHTS - 1 });
      await expect(another).rejects.toThrow(UnprovenError);
    }
    const { balances } = await reader.account(toHex(held));
    const { value } = await proven.state(accountKey(held), { minHeight: HEIGHTS });
    const own = value?.kind === 'AccountValue' ? value.balances : [];
    expect(own.map(({ amount }) => String(amount))).toEqual(balances.map(({ amount }) => amount));
  });
});

describe('proven reads over several readers', () => {
  const flipped = (hex: unknown) => (typeof hex === 'string' && hex !== '' ? flip(hex, 40) : hex);
  /** 'liar' alters whatever proves an answer; the others are honest. */
  const many = {
    ...world,
    asked: [] as string[],
    async get(url: string) {
      const { host, pathname, search } = new URL(url);
      many.asked.push(host);
      const answer = await world.get(pathname + search);
      if (host !== 'liar' || answer.status !== 200) return answer;
      const body = { ...(answer.body as object) } as Record<string, unknown>;
      for (const name of ['certificate', 'certified']) body[name] = flipped(body[name]);
      if (pathname === '/genesis') body.name = 'another chain';
      const forged = { epoch: 1, firstHeight: 2, validators: [], record: '00' };
      if (pathname === '/epochs') body.epochs = [forged];
      return { ...answer, body };
    },
  };
  const open = (...hosts: string[]) => {
    const several = openReader(
      hosts.map((host) => `http://${host}`),
      many,
    );
    return {
      several,
      own: openProvenReader({ ...beaconOf, reader: several, trust: proven.trust }),
    };
  };
  const beaconOf = { beacon: engineVerifiers.beacon };

  it('go past one that lies to one that does not', async () => {
    const commands = await all(reader.commands({ limit: 1 }));
    const { id } = present(commands[0], 'a command');
    const key = accountKey(person('nobody at all'));
    for (const read of [
      (own: ProvenReader) => own.block(7),
      (own: ProvenReader) => own.command(id),
      (own: ProvenReader) => own.state(key),
    ]) {
      expect(await read(open('liar', 'honest').own)).toEqual(await read(proven));
      many.asked.length = 0;
      await expect(read(open('liar').own)).rejects.toThrow(UnprovenError);
      // The answer, and the epochs that might have proven it.
      expect(many.asked.length).toBeLessThanOrEqual(2);
    }
  });

  it('find the chain that is pinned', async () => {
    const verifier = engineVerifiers.signatures;
    const options = { chainId: CHAIN_ID, verifier };
    const found = await openTrust(open('liar', 'honest').several, options);
    expect(toHex(chainIdOf(found.genesis))).toBe(CHAIN_ID);
    await expect(openTrust(open('liar').several, options)).rejects.toThrow(UnprovenError);
  });

  it('take a height in digits for a height', async () => {
    for (const height of ['17', '00017']) {
      expect((await proven.block(height)).certificate.result.height).toBe(17);
    }
  });

  it('wait for a state that is not there yet, and give up as a reader would', async () => {
    const key = accountKey(person('nobody at all'));
    let asked = 0;
    const late: StateReader['read'] = async (wanted, height) => {
      asked++;
      return provenLeaf(wanted, height === 0 && asked < 3 ? HEIGHTS - 2 : height);
    };
    const { read } = states;
    try {
      Object.assign(states, { read: late });
      const { certificate } = await proven.state(key, { minHeight: HEIGHTS });
      expect([asked, certificate.result.height]).toEqual([3, HEIGHTS]);
      const never = proven.state(key, { minHeight: HEIGHTS + 1 });
      await expect(never).rejects.toMatchObject({ name: 'ReaderError', code: 'notYetVisible' });
      expect(asked).toBe(3 + READ_ASKED_MAX);
    } finally {
      Object.assign(states, { read });
    }
  });
});

/** Four validators with the signatures and the beacon of the real world. */
function realQuorum(): Quorum {
  const signers = ['a', 'b', 'c', 'd'].map((name) => createSigner(person(`seed ${name}`)));
  const dealt = dealBeaconKeys({ validators: 4, threshold: 3, seed: person('dealer') });
  const beaconKeys = {
    threshold: 3,
    groupKey: dealt.groupPublicKey,
    shareKeys: dealt.shares.map(({ sharePublicKey }) => sharePublicKey),
  };
  const validators = signers.map(({ publicKey }) => publicKey);
  return {
    keys: { ...engineKeys, validators, beaconKeys },
    sign: (message) =>
      signers.slice(1).map((each, index) => ({ signer: index + 1, signature: each.sign(message) })),
    beacon(message) {
      const shares = dealt.shares.slice(0, 3).map(({ secretShare }, index) => ({
        index,
        signature: portableBeacon.signShare(secretShare, message),
      }));
      return present(portableBeacon.combine(shares, 4), 'a beacon');
    },
  };
}

it('refuses flipped bits by the real signatures and the real beacon too', async () => {
  const quorum = realQuorum();
  const own = newWorld(engineGenesis);
  const tip = genesisTip(engineGenesis, 0);
  const intents = [1, 2, 3].map((number) => claim(person(`player ${number}`)));
  const { certified } = certifyNext(own, tip, blockOf(own, intents), quorum);
  const record = encode('BlocksRecord', { body: { ...certified, ...KIND } });
  const said = { ...(await reader.block(1)), certified: toHex(record) };
  const { eventPartitions } = engineGenesis;
  const trust = { keys: quorum.keys, eventPartitions, verifier: portableVerifier };
  const real = openProvenReader({ reader, trust });
  const { value } = await over({ block: said }, real).block(1, { after: tip });
  expect(
    equalBytes(value.block.certificate.result.stateRoot, certified.certificate.result.stateRoot),
  ).toBe(true);
  const altered = alterations(said, ['certified'], 13);
  const refused = await countRefused(altered, (block) => over({ block }, real).block(1));
  expect(refused).toBeGreaterThan(80);
});
