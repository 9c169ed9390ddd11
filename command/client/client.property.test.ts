import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommandInstruction } from '../../schemas/types/command.js';
import { keyedHashSigner } from '../../test/simulation/keyedHashCrypto.js';
import { createSimulatedPlatform } from '../../test/simulation/simulatedPlatform.js';
import { memoryOutbox, simulatedPlayer } from '../../test/simulation/simulatedPlayer.js';
import { balance } from '../../test/vectors/engine/engineWorld.js';

const CLAIM: CommandInstruction = { kind: 'ClaimFaucet', asset: 0 };
const BOB = keyedHashSigner('bob').publicKey;
const GATEWAYS = ['g0', 'g1', 'g2'];
const RUNS = 6;

/**
 * Connections break, frames come twice and in another order, gateways die and come back without
 * memory, the client itself is ended and begins anew from its outbox: every command ends, exactly
 * once for a client, with what the chain holds.
 */
async function campaign(seed: number): Promise<void> {
  const platform = createSimulatedPlatform(seed);
  const { prng } = platform;
  for (const url of GATEWAYS) platform.startGateway(url);
  const faults = { duplicate: 0.2, reorder: 0.3, breakConnection: 0.05, latencyMsMax: 300 };
  const outbox = memoryOutbox();
  const open = async () => simulatedPlayer(platform, { gatewayUrl: GATEWAYS, faults, outbox });
  const bob = await simulatedPlayer(platform, { name: 'bob', gatewayUrl: GATEWAYS });
  await bob.play(CLAIM);
  let ann = await open();
  expect(await ann.play(CLAIM)).toMatchObject({ kind: 'executed' });
  /** By command, then by client: one that begins anew sees what the one before it sent. */
  const ends = new Map<string, string[][]>();
  const amounts = new Map<string, bigint>();
  const watch = (
    submissions: readonly { commandId: string; ended: Promise<{ kind: string }> }[],
  ) => {
    for (const { commandId, ended } of submissions) {
      const seen: string[] = [];
      ends.set(commandId, [...(ends.get(commandId) ?? []), seen]);
      ended.then(
        ({ kind }) => seen.push(kind),
        () => undefined,
      );
    }
  };
  for (let step = 0; step < 20; step++) {
    if (ann.status === 'live' && prng.chance(0.7)) {
      const count = 1 + prng.below(3);
      const payments = Array.from({ length: count }, (): CommandInstruction => {
        return { kind: 'Transfer', asset: 0, to: BOB, amount: BigInt(1 + prng.below(9)) };
      });
      const lifetimeMs = prng.chance(0.3) ? 500 : 20_000;
      const submissions = ann.submit(payments, lifetimeMs);
      for (const [index, { commandId }] of submissions.entries()) {
        amounts.set(commandId, (payments[index] as { amount: bigint }).amount);
      }
      watch(submissions);
    }
    if (prng.chance(0.1)) {
      const url = GATEWAYS[prng.below(3)] as string;
      platform.gateways.get(url)?.kill();
      await platform.run(prng.below(500));
      platform.startGateway(url);
    }
    if (prng.chance(0.1)) {
      ann.close();
      ann = await open();
      watch(ann.restored);
    }
    platform.ordering = !prng.chance(0.2);
    await platform.run(prng.below(1_500));
  }
  platform.ordering = true;
  await platform.run(90_000);
  const counted = [...ends].map(([commandId, clients]) => ({ commandId, clients }));
  for (const { clients } of counted) {
    expect(clients.every((seen) => seen.length <= 1)).toBe(true);
    expect(new Set(clients.flat()).size).toBe(1);
  }
  expect(outbox.entries.size).toBe(0);
  const paid = counted
    .filter(({ clients }) => clients.flat()[0] === 'executed')
    .reduce((sum, { commandId }) => sum + (amounts.get(commandId) ?? 0n), 0n);
  expect(balance(platform.world, BOB)).toBe(10_000n + paid);
  expect(balance(platform.world, ann.signer.publicKey)).toBe(10_000n - paid);
  expect(ann.left.filter((reason) => /proven|message|chain/.test(reason))).toEqual([]);
}

describe('a client among faults', () => {
  it('sees every command end exactly once, as the chain has it', { timeout: 120_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 0x7fff_ffff }), campaign), {
      numRuns: RUNS,
      endOnFailure: true,
    });
  });
});
