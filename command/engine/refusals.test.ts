import { describe, expect, it } from 'vitest';
import { RejectCode, type RejectName } from '../../schemas/rejectCode.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import {
  CHIP,
  eventsOf,
  execute,
  given,
  type Intent,
  newWorld,
  OTHER,
  person,
  START_MS,
  seedOf,
  testGenesis,
  type World,
} from '../../test/vectors/engine/engineWorld.js';
import {
  authorize,
  bet,
  by,
  cashOut,
  claim,
  guess,
  pay,
  revoke,
  spin,
  start,
} from '../../test/vectors/engine/intents.js';
import { exportEntries, stateRoot } from './snapshot.js';

const ann = person('ann');
const bob = person('bob');
const eve = person('eve');
const session = person('session');
const later = START_MS + 500_000;

const base = testGenesis();
const CHIPS = [{ asset: CHIP, amount: 1_000n }];
const id = new Uint8Array(16).fill(9);
const request = { id, untilMs: START_MS + 100_000 };
const straight = (amount: bigint) => spin(ann, [bet('STRAIGHT', [7], amount)]);
const asked = (untilMs: number) => by(start(ann, 10n), session, 1, { id, untilMs });

interface Row {
  readonly name: RejectName;
  /** Blocks before, all executed; ann exists before them. */
  readonly given?: readonly (readonly Intent[])[];
  readonly genesis?: Partial<Genesis>;
  readonly when: Intent;
  /** Executed in the same block, before. */
  readonly with?: readonly Intent[];
  readonly afterMs?: number;
}

const delegated = [[authorize(ann, session, later)]];

/** In the order of the codes; the first of several that apply must win. */
const REFUSED: readonly Row[] = [
  { name: 'requestExpired', given: delegated, when: asked(START_MS + 3_000) },
  { name: 'requestExpired', when: { ...start(ann, 0n), request: { id, untilMs: START_MS } } },
  { name: 'requestTooLate', given: delegated, when: asked(START_MS + 603_001) },
  {
    name: 'repeatedRequest',
    given: [...delegated, [asked(request.untilMs)]],
    when: asked(request.untilMs),
  },
  { name: 'ownKeyRequired', given: delegated, when: by(pay(ann, bob, -1n), session, 1) },
  { name: 'ownKeyRequired', given: delegated, when: by(authorize(ann, bob, 0), session, 1) },
  { name: 'ownKeyRequired', given: delegated, when: by(revoke(ann, 1), session, 1) },
  { name: 'requestNotAllowed', when: { ...pay(ann, bob, -1n), request } },
  { name: 'badAmount', when: pay(ann, ann, 0n, 99) },
  { name: 'badAmount', when: pay(ann, bob, -5n) },
  { name: 'badAmount', when: start(ann, 0n, 99) },
  { name: 'badAmount', when: spin(ann, [bet('STRAIGHT', [99], -1n)], 99) },
  { name: 'badAmount', when: authorize(ann, ann, 0, [{ asset: 99, amount: 0n }]) },
  { name: 'unknownAsset', when: pay(ann, ann, 1n, 99) },
  { name: 'unknownAsset', when: start(ann, 1n, 99) },
  { name: 'unknownAsset', when: spin(ann, [], 99) },
  { name: 'unknownAsset', when: claim(ann, OTHER) },
  { name: 'unknownAsset', when: authorize(ann, ann, 0, [{ asset: 99, amount: 1n }]) },
  { name: 'badAuthorization', when: authorize(ann, ann, later) },
  { name: 'badAuthorization', when: authorize(ann, session, START_MS + 2_000) },
  { name: 'badAuthorization', when: authorize(ann, session, later, [...CHIPS, ...CHIPS]) },
  { name: 'unknownAuthorization', when: revoke(ann, 1) },
  { name: 'unknownAuthorization', given: [...delegated, [revoke(ann, 1)]], when: revoke(ann, 1) },
  { name: 'faucetTooSoon', when: claim(ann), afterMs: 59_999 },
  {
    name: 'faucetBlockFull',
    genesis: { faucet: { ...base.faucet, claimsPerBlockMax: 1, claimAmount: 40_000_000n } },
    with: [claim(bob)],
    when: claim(ann),
    afterMs: 60_000,
  },
  {
    name: 'faucetEmpty',
    genesis: { faucet: { ...base.faucet, claimAmount: 80_000_000n } },
    when: claim(ann),
    afterMs: 60_000,
  },
  { name: 'selfTransfer', when: pay(ann, ann, 20_000n) },
  { name: 'badBet', when: spin(ann, []) },
  { name: 'badBet', when: spin(ann, Array(21).fill(bet('RED', [], 1n))) },
  { name: 'badBet', when: spin(ann, [bet('SPLIT', [3, 4], 1n)]) },
  { name: 'stakeOutOfRange', when: straight(9n) },
  { name: 'stakeOutOfRange', when: straight(5_001n) },
  { name: 'stakeOutOfRange', when: start(ann, 9n) },
  { name: 'stakeOutOfRange', when: start(ann, 5_001n) },
  { name: 'gameNotFound', when: guess(ann, 0, 'SAME') },
  { name: 'gameNotFound', when: cashOut(ann, -1) },
  { name: 'spendLimitExceeded', given: delegated, when: by(straight(4_000n), session, 1) },
  { name: 'spendLimitExceeded', given: delegated, when: by(start(ann, 1_001n), session, 1) },
  { name: 'insufficientBalance', when: pay(ann, bob, 10_001n) },
  { name: 'insufficientBalance', given: [[pay(ann, bob, 9_000n)]], when: straight(4_000n) },
  { name: 'insufficientBalance', given: [[pay(ann, bob, 9_000n)]], when: start(ann, 1_001n) },
  { name: 'payoutAboveCap', when: straight(2_778n) },
  {
    name: 'payoutAboveCap',
    genesis: { hiLo: { ...base.hiLo, payoutMax: 99n } },
    when: start(ann, 100n),
  },
  {
    name: 'houseExposed',
    genesis: { assets: poorHouse(34_999n) },
    when: straight(1_000n),
  },
  {
    name: 'tooManyAuthorizations',
    given: Array.from({ length: 64 }, () => [authorize(ann, session, later)]),
    when: authorize(ann, session, later),
  },
  { name: 'belowAccountMin', when: pay(ann, bob, 4n) },
  {
    name: 'tooManyGames',
    given: [Array.from({ length: 4 }, () => start(ann, 10n))],
    when: start(ann, 10n),
  },
];

function poorHouse(houseBankroll: bigint): Genesis['assets'] {
  const [chip] = base.assets;
  if (chip === undefined) throw new Error('genesis has no asset');
  return [{ ...chip, houseBankroll, issued: chip.faucetPool + houseBankroll }];
}

/** Everything but the leaves that a receipt touches: the lane, ann's sequence, her partition. */
function traces(world: World): number {
  return [...exportEntries(world.state)].length;
}

describe('a refused command', () => {
  it.each(REFUSED.map((row, i) => ({ ...row, title: `${RejectCode[row.name]} #${i}` })))(
    '$title $name',
    (row) => {
      const world = given(newWorld(testGenesis(row.genesis)), [claim(ann)], ...(row.given ?? []));
      const entry = [...world.state.accounts.values()][0];
      const before = entry?.cell.value;
      const size = traces(world);
      const intents = [...(row.with ?? []), row.when];
      const options = row.afterMs === undefined ? {} : { afterMs: row.afterMs };
      const executed = execute(world, intents, options);
      const index = intents.length;
      const receipt = executed.receipts[index - 1];
      expect(receipt).toMatchObject({ outcome: 'refused', code: RejectCode[row.name] });
      const events = eventsOf(executed).filter((event) => event.executionIndex === index);
      expect(events.map(({ body }) => body.kind)).toEqual(['CommandRefused']);
      if (row.with !== undefined) return;
      // The nonce and the sequence, and nothing else.
      const { nextNonce, nextKeySequence, ...rest } = entry?.cell.value ?? {};
      expect(rest).toEqual((({ nextNonce: _, nextKeySequence: __, ...kept }) => kept)(before!));
      expect(nextKeySequence).toBe((before?.nextKeySequence ?? 0) + 1);
      expect(nextNonce).toBe((before?.nextNonce ?? 0) + (row.when.authorization ? 0 : 1));
      expect(traces(world)).toBe(size);
    },
  );

  it('names where a repeated request was executed first', () => {
    const world = given(newWorld(), [claim(ann)], ...delegated, [asked(request.untilMs)]);
    const event = eventsOf(execute(world, [asked(request.untilMs)]))[0];
    expect(event?.body).toMatchObject({ first: { height: 3, executionIndex: 1 } });
  });

  it('4014 badMove: no card is higher than a king, none lower than an ace', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 200 && seen.size < 2; i++) {
      const world = given(newWorld(), [claim(ann)]);
      execute(world, [start(ann, 100n)], { seed: seedOf(i) });
      const card = [...world.state.accounts.values()][0]?.games?.get(0)?.value?.card ?? -1;
      const impossible = card % 13 === 12 ? 'HIGHER' : card % 13 === 0 ? 'LOWER' : null;
      if (impossible === null) continue;
      const { receipts } = execute(world, [guess(ann, 0, impossible)]);
      expect(receipts).toMatchObject([{ outcome: 'refused', code: RejectCode.badMove }]);
      seen.add(impossible);
    }
    expect(seen.size).toBe(2);
  });

  it('4018 houseExposed: a guess whose win could not be paid is refused before the draw', () => {
    const world = given(newWorld(testGenesis({ assets: poorHouse(100n) })), [claim(ann)]);
    given(world, [start(ann, 1_000n)]);
    const { receipts } = execute(world, [guess(ann, 0, 'SAME')]);
    expect(receipts).toMatchObject([{ outcome: 'refused', code: RejectCode.houseExposed }]);
    given(world, [cashOut(ann, 0)]);
  });
});

const IGNORED: readonly (Omit<Row, 'given'> & { readonly given?: Row['given'] })[] = [
  { name: 'unknownAccount', when: pay(eve, ann, 1n) },
  { name: 'unauthorizedSigner', when: { ...claim(ann), signer: eve } },
  { name: 'unauthorizedSigner', when: by(claim(ann), eve, 1) },
  { name: 'unauthorizedSigner', when: by(claim(ann), ann, 1) },
  { name: 'unauthorizedSigner', given: delegated, when: by(start(ann, 10n), eve, 1) },
  { name: 'unauthorizedSigner', given: delegated, when: by(start(ann, 10n), session, 2) },
  {
    name: 'unauthorizedSigner',
    given: [...delegated, [revoke(ann, 1)]],
    when: { ...by(start(ann, 10n), session, 1), nonce: 0 },
  },
  {
    name: 'unauthorizedSigner',
    given: delegated,
    when: { ...by(start(ann, 10n), session, 1), nonce: 0 },
    afterMs: 498_000,
  },
  { name: 'unauthorizedSigner', when: { ...claim(eve), signer: ann } },
  { name: 'staleNonce', when: { ...claim(ann), nonce: 0 } },
  { name: 'nonceGap', when: { ...claim(ann), nonce: 2 } },
  { name: 'nonceGap', when: { ...claim(eve), nonce: 1 } },
  { name: 'requestNotAllowed', when: { ...claim(eve), request } },
  { name: 'unknownAsset', when: claim(eve, OTHER) },
  {
    name: 'faucetBlockFull',
    genesis: { faucet: { ...base.faucet, claimsPerBlockMax: 1 } },
    with: [claim(bob)],
    when: claim(eve),
  },
  {
    name: 'faucetEmpty',
    genesis: { faucet: { ...base.faucet, claimAmount: 80_000_000n } },
    when: claim(eve),
  },
];

describe('an ignored command', () => {
  it.each(IGNORED.map((row, i) => ({ ...row, title: `${RejectCode[row.name]} #${i}` })))(
    '$title $name',
    (row) => {
      const genesis = testGenesis(row.genesis);
      const world = given(newWorld(genesis), [claim(ann)], ...(row.given ?? []));
      const without = given(newWorld(genesis), [claim(ann)], ...(row.given ?? []));
      const options = row.afterMs === undefined ? {} : { afterMs: row.afterMs };
      const before = row.with ?? [];
      const executed = execute(world, [...before, row.when], options);
      expect(executed.receipts.at(-1)).toMatchObject({
        outcome: 'ignored',
        code: RejectCode[row.name],
        executionIndex: before.length + 1,
      });
      const indices = eventsOf(executed).map((event) => event.executionIndex);
      expect(indices).not.toContain(before.length + 1);
      execute(without, before, options);
      expect(stateRoot(world.state)).toEqual(stateRoot(without.state));
    },
  );
});
