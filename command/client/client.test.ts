import { describe, expect, it } from 'vitest';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import { keyedHashSigner } from '../../test/simulation/keyedHashCrypto.js';
import {
  createSimulatedPlatform,
  type SimulatedPlatform,
} from '../../test/simulation/simulatedPlatform.js';
import {
  memoryOutbox,
  type SimulatedPlayer,
  simulatedPlayer,
} from '../../test/simulation/simulatedPlayer.js';
import { balance } from '../../test/vectors/engine/engineWorld.js';
import { openPlayer } from './client.js';
import { PlayerClosedError } from './playerState.js';

const CLAIM: CommandInstruction = { kind: 'ClaimFaucet', asset: 0 };
const BOB = keyedHashSigner('bob').publicKey;
const pay = (amount: bigint, to = BOB): CommandInstruction => {
  return { kind: 'Transfer', asset: 0, to, amount };
};

/** Two gateways, and ann with 10,000 chips; she is at the first one. */
async function given(seed = 1): Promise<{
  readonly platform: SimulatedPlatform;
  readonly ann: SimulatedPlayer;
}> {
  const platform = createSimulatedPlatform(seed);
  platform.startGateway('g0');
  platform.startGateway('g1');
  const bob = await simulatedPlayer(platform, { name: 'bob', gatewayUrl: 'g1' });
  await bob.play(CLAIM);
  bob.close();
  const ann = await simulatedPlayer(platform);
  expect(await ann.play(CLAIM)).toMatchObject({ kind: 'executed' });
  return { platform, ann };
}

const chips = ({ world }: SimulatedPlatform, account: Uint8Array): bigint =>
  balance(world, account);

describe('a client whose gateway is gone', () => {
  it('gives the same bytes to another, and they count once', async () => {
    const { platform, ann } = await given();
    const [payment] = ann.submit([pay(100n)]);
    await platform.run(3);
    platform.gateways.get('g0')?.kill();
    expect(await ann.end(payment)).toMatchObject({ kind: 'executed' });
    await platform.run(40_000);
    expect(chips(platform, BOB)).toBe(10_100n);
    expect(ann.left).toEqual([]);
    expect(ann.statuses).toEqual(['live', 'connecting', 'live']);
  });

  it('is told by a gateway that began later how its command ended', async () => {
    const { platform, ann } = await given();
    const [payment] = ann.submit([pay(100n)]);
    const g0 = platform.gateways.get('g0');
    // Its answers are lost: the command is executed, and ann does not know.
    if (g0 !== undefined) g0.tamper = () => null;
    await platform.run(2_000);
    expect(chips(platform, BOB)).toBe(10_100n);
    g0?.kill();
    platform.gateways.get('g1')?.kill();
    await platform.run(5_000);
    platform.startGateway('g1');
    const ended = await ann.end(payment);
    expect(ended).toMatchObject({ kind: 'executed' });
    expect(chips(platform, BOB)).toBe(10_100n);
  });

  it('is playing again within five seconds', async () => {
    const { platform, ann } = await given();
    const startedMs = platform.nowMs();
    platform.gateways.get('g0')?.kill();
    await platform.run(10);
    await platform.runUntil(() => ann.status === 'live', 5_000);
    expect(await ann.play(pay(1n))).toMatchObject({ kind: 'executed' });
    expect(platform.nowMs() - startedMs).toBeLessThan(5_000);
  });

  it('is told of each gateway that it cannot connect to', async () => {
    const platform = createSimulatedPlatform(5);
    platform.startGateway('g1');
    const ann = await simulatedPlayer(platform, { gatewayUrl: ['ws://away/play', 'g1'] });
    expect(ann.left).toEqual(['no connection: closed with 1006, refused']);
  });

  it('waits for one until its signal is aborted, and goes on all the same', async () => {
    const { platform, ann } = await given();
    for (const { kill } of [...platform.gateways.values()]) kill();
    await platform.run(1_000);
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = ann.ready({ signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(ann.ready({ signal })).rejects.toThrow('enough');
    platform.startGateway('g0');
    expect(ann.status).toBe('connecting');
    await platform.runUntil(() => ann.status === 'live', 30_000);
  });

  it('notices one that hangs, by its own heartbeat', async () => {
    const { platform, ann } = await given();
    const g0 = platform.gateways.get('g0');
    if (g0 !== undefined) g0.tamper = () => null;
    const startedMs = platform.nowMs();
    expect(await ann.play(pay(1n))).toMatchObject({ kind: 'executed' });
    expect(ann.left).toEqual(['no sign of life']);
    expect(platform.nowMs() - startedMs).toBeLessThan(6_000);
  });

  it('stays at one that is quiet, while it is quiet itself', async () => {
    const { platform, ann } = await given();
    await platform.run(100_000);
    expect(ann.left).toEqual([]);
    expect(ann.statuses).toEqual(['live']);
  });

  it('dials with growing pauses, and small ones again after being well', async () => {
    const platform = createSimulatedPlatform(3);
    platform.startGateway('g0');
    const ann = await simulatedPlayer(platform);
    const dialled: number[] = [];
    const g0 = platform.gateways.get('g0');
    await platform.run(31_000);
    g0?.kill();
    const before = platform.nowMs();
    await platform.run(120_000);
    platform.startGateway('g0');
    await platform.runUntil(() => ann.status === 'live', 21_000);
    dialled.push(platform.nowMs() - before);
    await platform.run(31_000);
    platform.gateways.get('g0')?.kill();
    platform.startGateway('g0');
    const again = platform.nowMs();
    await platform.run(10);
    await platform.runUntil(() => ann.status === 'live', 1_000);
    expect(platform.nowMs() - again).toBeLessThan(500);
    expect(dialled[0]).toBeGreaterThan(120_000);
  });
});

describe('a client whose gateway is about to stop', () => {
  it('is live at another one before it leaves', async () => {
    const { platform, ann } = await given();
    const g0 = platform.gateways.get('g0');
    const g1 = platform.gateways.get('g1');
    const [payment] = ann.submit([pay(5n)]);
    g0?.gateway.drain();
    g0?.gateway.sayGoAway(2_000);
    expect(await ann.end(payment)).toMatchObject({ kind: 'executed' });
    await platform.runUntil(() => g0?.gateway.state.sessions.size === 0, 2_000);
    expect(g1?.gateway.state.sessions.size).toBe(1);
    expect(ann.statuses).toEqual(['live']);
    expect(await ann.play(pay(5n))).toMatchObject({ kind: 'executed' });
    expect(chips(platform, BOB)).toBe(10_010n);
  });

  it('stays with it while there is no other, and comes back', async () => {
    const platform = createSimulatedPlatform(4);
    platform.startGateway('g0');
    const ann = await simulatedPlayer(platform);
    const g0 = platform.gateways.get('g0');
    g0?.gateway.drain();
    g0?.gateway.sayGoAway(2_000);
    await platform.run(1_500);
    expect(ann.status).toBe('live');
    g0?.kill();
    platform.startGateway('g0');
    expect(await ann.play(CLAIM)).toMatchObject({ kind: 'executed' });
  });
});

describe('nonces', () => {
  it('go on after a refusal in a block', async () => {
    const { ann } = await given();
    expect(await ann.play(pay(99_999n))).toMatchObject({
      kind: 'refused',
      stage: 'block',
      code: RejectCode.insufficientBalance,
    });
    expect(await ann.play(pay(1n))).toMatchObject({ kind: 'executed' });
  });

  it('are used again after an expiry, so that commands behind can go on', async () => {
    const { platform, ann } = await given();
    platform.ordering = false;
    const [first, second] = ann.submit([pay(1n), pay(2n)], 2_000);
    await platform.run(3_000);
    platform.ordering = true;
    const ends = [await ann.end(first), await ann.end(second)];
    expect(ends.map(({ kind }) => kind)).toEqual(['expired', 'expired']);
    expect(await ann.play(pay(3n))).toMatchObject({ kind: 'executed' });
    expect(chips(platform, BOB)).toBe(10_003n);
  });

  it('come back from a command that no validator got', async () => {
    const { platform, ann } = await given();
    const g0 = platform.gateways.get('g0');
    const g1 = platform.gateways.get('g1');
    g0?.reach.clear();
    g1?.reach.clear();
    const [lost] = ann.submit([pay(1n)], 2_000);
    await platform.run(4_000);
    for (const each of [g0, g1]) {
      for (const validator of [0, 1, 2, 3]) {
        each?.reach.add(validator);
        each?.gateway.onValidatorOpen(validator);
      }
    }
    expect(await ann.end(lost)).toMatchObject({
      kind: 'expired',
      supersededBy: null,
      pending: { code: RejectCode.unavailable, name: 'unavailable' },
    });
    expect(await ann.play(pay(2n))).toMatchObject({ kind: 'executed' });
    expect(chips(platform, BOB)).toBe(10_002n);
  });

  it('of two devices on one lane: one command wins each, both are told', async () => {
    const { platform, ann } = await given();
    const phone = await simulatedPlayer(platform, { gatewayUrl: 'g1' });
    const [here] = ann.submit([pay(10n)]);
    const [there] = phone.submit([pay(20n)]);
    const ends = [await ann.end(here), await phone.end(there)];
    expect(ends.map(({ kind }) => kind).sort()).toEqual(['executed', 'expired']);
    expect(await ann.play(pay(1n))).toMatchObject({ kind: 'executed' });
    // The phone does not know of that one: it is shown the receipt, and goes on behind it.
    expect(await phone.play(pay(1n))).toMatchObject({ supersededBy: expect.any(String) });
    expect(await phone.play(pay(1n))).toMatchObject({ kind: 'executed' });
  });

  it('of a lane that another device has used go on behind it, once that was read', async () => {
    const { platform, ann } = await given();
    const phone = await simulatedPlayer(platform, { signer: ann.signer });
    const paid = async (player: SimulatedPlayer) => (await player.play(pay(1n))).kind;
    expect([await paid(ann), await paid(ann)]).toEqual(['executed', 'executed']);
    phone.passNonce(3);
    phone.passNonce(0);
    expect(await paid(phone)).toBe('executed');
    expect(await ann.play(pay(1n))).toMatchObject({ kind: 'expired', nextNonce: 4 });
  });

  it('hold the bounds that a client keeps itself', async () => {
    const { ann } = await given();
    expect(() => ann.submit([])).toThrow('1 to 64');
    expect(() => ann.submit(Array(65).fill(pay(1n)))).toThrow('1 to 64');
    ann.close();
    expect(() => ann.submit([pay(1n)])).toThrow(PlayerClosedError);
    await expect(ann.ready()).rejects.toThrow(PlayerClosedError);
  });
});

describe('a command that validators would not take yet', () => {
  it('is sent again until they do', async () => {
    const { platform, ann } = await given();
    const carol = await simulatedPlayer(platform, { name: 'carol', gatewayUrl: 'g1' });
    const [payment] = carol.submit([pay(100n)]);
    await platform.run(3_000);
    expect(carol.pending).toContain(RejectCode.unknownAccount);
    const [late] = carol.submit([pay(100n)], 1_000);
    expect(await carol.end(late)).toMatchObject({
      ...{ kind: 'expired', supersededBy: null },
      pending: { code: expect.any(Number), name: expect.any(String) },
    });
    // Her account is made by the first payment to it.
    const carolKey = keyedHashSigner('carol').publicKey;
    expect(await ann.play(pay(5_000n, carolKey))).toMatchObject({ kind: 'executed' });
    expect(await carol.end(payment)).toMatchObject({ kind: 'executed' });
    expect(chips(platform, carolKey)).toBe(4_900n);
  });
});

describe('a session key', () => {
  it('plays on its own lane within its spend limit until it is revoked', async () => {
    const { platform, ann } = await given();
    const signer = keyedHashSigner('session');
    const authorized = await ann.play({
      kind: 'AuthorizeSession',
      sessionKey: signer.publicKey,
      expiresAtMs: platform.nowMs() + 300_000,
      spendLimits: [{ asset: 0, amount: 100n }],
    });
    expect(authorized).toMatchObject({ kind: 'executed' });
    const account = ann.signer.publicKey;
    const session = await simulatedPlayer(platform, { signer, account, authorization: 1 });
    const start = (stake: bigint): CommandInstruction => ({ kind: 'StartHiLo', asset: 0, stake });
    expect(await session.play(start(60n))).toMatchObject({ kind: 'executed' });
    expect(await session.play(start(60n))).toMatchObject({
      kind: 'refused',
      code: RejectCode.spendLimitExceeded,
    });
    expect(await session.play(pay(1n))).toMatchObject({ code: RejectCode.ownKeyRequired });
    // Both lanes at once: neither holds up the other.
    const [own] = ann.submit([pay(1n)]);
    const [delegated] = session.submit([start(40n)]);
    expect(await ann.end(own)).toMatchObject({ kind: 'executed' });
    expect(await session.end(delegated)).toMatchObject({ kind: 'executed' });
    expect(await ann.play({ kind: 'RevokeSession', authorization: 1 })).toMatchObject({
      kind: 'executed',
    });
    const [revoked] = session.submit([start(10n)], 2_000);
    // The validators' clocks pass the expiry before blocks do.
    platform.ordering = false;
    await platform.run(6_000);
    expect(session.pending.at(-1)).toBe(RejectCode.expired);
    platform.ordering = true;
    const code = RejectCode.unauthorizedSigner;
    const pending = { code, name: 'unauthorizedSigner' };
    expect(await session.end(revoked)).toMatchObject({ kind: 'expired', pending });
    expect(session.pending).toContain(RejectCode.unauthorizedSigner);
  });
});

describe('the outbox', () => {
  it('lets a client that begins anew see the end of what the last one sent', async () => {
    const { platform } = await given();
    const outbox = memoryOutbox();
    const cat = await simulatedPlayer(platform, { name: 'cat', outbox });
    await cat.play(CLAIM);
    platform.ordering = false;
    cat.submit([pay(7n), pay(8n)]);
    await platform.run(50);
    cat.close();
    platform.ordering = true;
    await platform.run(5_000);
    expect(outbox.entries.size).toBe(1);
    const later = await simulatedPlayer(platform, { name: 'cat', outbox });
    expect(later.restored).toHaveLength(2);
    for (const submission of later.restored) {
      expect(await later.end(submission)).toMatchObject({ kind: 'executed' });
    }
    await platform.run(10);
    expect(outbox.entries.size).toBe(0);
    expect(chips(platform, BOB)).toBe(10_015n);
    expect(await later.play(pay(1n))).toMatchObject({ kind: 'executed' });
  });

  it('keeps before anything is sent, also when no gateway is there', async () => {
    const { platform } = await given();
    const outbox = memoryOutbox();
    const cat = await simulatedPlayer(platform, { name: 'cat', outbox });
    for (const { kill } of [...platform.gateways.values()]) kill();
    await platform.run(100);
    cat.submit([CLAIM]);
    await platform.run(10);
    expect(outbox.entries.size).toBe(1);
    cat.close();
    platform.startGateway('g0');
    const later = await simulatedPlayer(platform, { name: 'cat', outbox });
    expect(await later.end(later.restored[0])).toMatchObject({ kind: 'executed' });
  });

  it('that fails leaves the command unsent and says so', async () => {
    const { platform } = await given();
    const failing = { ...memoryOutbox(), keep: () => Promise.reject(new Error('disk full')) };
    const cat = await simulatedPlayer(platform, { name: 'cat', outbox: failing });
    await expect(cat.play(CLAIM)).rejects.toThrow('disk full');
    await platform.run(3_000);
    expect(chips(platform, cat.signer.publicKey)).toBe(0n);
  });

  it('that cannot be read closes the player, which says why whenever it is asked', async () => {
    const { platform } = await given();
    const gone = { ...memoryOutbox(), load: () => Promise.reject(new Error('disk gone')) };
    const signer = keyedHashSigner('cat');
    const cat = openPlayer({
      ...{ gatewayUrl: 'ws://g0/play', trust: platform.trust, signer, authorization: 0 },
      ...{ world: { ...platform.clientWorld(), outbox: gone }, account: signer.publicKey },
    });
    const early = cat.ready();
    await expect(early).rejects.toThrow('disk gone');
    await platform.run(100);
    await expect(cat.ready()).rejects.toThrow('disk gone');
    expect(() => cat.submit([CLAIM])).toThrow(/closed: disk gone/);
    expect(cat.status).toBe('closed');
  });

  it('of another lane is left alone', async () => {
    const { platform } = await given();
    const outbox = memoryOutbox();
    outbox.entries.set('junk', Uint8Array.of(1, 2, 3));
    const cat = await simulatedPlayer(platform, { name: 'cat', outbox });
    platform.ordering = false;
    cat.submit([CLAIM]);
    await platform.run(50);
    cat.close();
    const dan = await simulatedPlayer(platform, { name: 'dan', outbox });
    expect(dan.restored).toEqual([]);
    expect(outbox.entries.size).toBe(2);
  });
});
