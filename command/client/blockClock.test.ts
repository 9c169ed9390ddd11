import { describe, expect, it } from 'vitest';
import { openEnvelope } from '../../schemas/crypto/envelope.js';
import type { ServerMessage } from '../../schemas/gateway/protocol.js';
import { CLIENT_LIFETIME_MS_DEFAULT } from '../../schemas/limits.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import { keyedHashSigner } from '../../test/simulation/keyedHashCrypto.js';
import { createSimulatedPlatform } from '../../test/simulation/simulatedPlatform.js';
import { memoryOutbox, simulatedPlayer } from '../../test/simulation/simulatedPlayer.js';
import { CLOCK_TOLERANCE_MS } from './blockClock.js';

const HOUR_MS = 3_600_000;
const CLAIM: CommandInstruction = { kind: 'ClaimFaucet', asset: 0 };
const BOB = keyedHashSigner('bob').publicKey;
/** Less than an account of bob's needs to begin with: executed once it exists. */
const PAY: CommandInstruction = { kind: 'Transfer', asset: 0, to: BOB, amount: 500n };

/** A gateway, and ann whose clock is `skewMs` from block time: it can be set. */
async function given(skewMs: number, isTold = false) {
  const platform = createSimulatedPlatform(1);
  const gateways = [platform.startGateway('g0'), platform.startGateway('g1')];
  const clock = { skewMs };
  const outbox = memoryOutbox();
  const ann = await simulatedPlayer(platform, {
    world: { ...platform.clientWorld(), nowMs: () => platform.nowMs() + clock.skewMs, outbox },
    ...(isTold && { onBlock: () => undefined }),
  });
  expect(await ann.play(CLAIM)).toMatchObject({ kind: 'executed' });
  const bob = await simulatedPlayer(platform, { name: 'bob' });
  await bob.play(CLAIM);
  bob.close();
  return { platform, gateways, ann, clock, outbox };
}

describe('a player whose clock is wrong', () => {
  it.each([-29_900, -12_000, 29_000, HOUR_MS, -HOUR_MS])('by %d ms plays on', async (skewMs) => {
    const { ann } = await given(skewMs);
    expect(await ann.play(PAY)).toMatchObject({ kind: 'executed' });
    expect(ann.left).toEqual([]);
  });

  for (const [from, to] of [
    [0, HOUR_MS],
    [0, -HOUR_MS],
    [HOUR_MS, 0],
    [-HOUR_MS, 0],
    [0, -20_000],
  ] as const) {
    it(`plays on soon after it was set, from ${from} to ${to} ms`, async () => {
      const { platform, ann, clock } = await given(from);
      await platform.run(30_000);
      clock.skewMs = to;
      await platform.run(3_000);
      expect(await ann.play(PAY)).toMatchObject({ kind: 'executed' });
      expect(await ann.play(PAY)).toMatchObject({ kind: 'executed' });
      expect(ann.left).toEqual([]);
      expect(new Set(ann.statuses)).toEqual(new Set(['live']));
    });
  }

  it('does not take what is signed for overdue because the clock was set', async () => {
    const { platform, ann, clock } = await given(0);
    await platform.run(20_000);
    platform.ordering = false;
    const [payment] = ann.submit([PAY]);
    await platform.run(1_000);
    clock.skewMs = HOUR_MS;
    await platform.run(10_000);
    expect(ann.left).toEqual([]);
    platform.ordering = true;
    expect(await ann.end(payment)).toMatchObject({ kind: 'executed' });
  });

  it('goes on as before when the chain stood still', async () => {
    const { platform, ann } = await given(0, true);
    platform.ordering = false;
    await platform.run(120_000);
    platform.ordering = true;
    await platform.run(5_000);
    expect(await ann.play(PAY)).toMatchObject({ kind: 'executed' });
  });
});

describe('a gateway that lies about block time', () => {
  it('does not make commands live longer', async () => {
    const { platform, gateways, ann, outbox } = await given(0, true);
    for (const gateway of gateways) {
      gateway.tamper = (frame) => {
        const message = JSON.parse(frame) as ServerMessage;
        if (message.type === 'executed') return null;
        const later: Partial<Record<string, object>> = {
          block: { timestampMs: platform.nowMs() + 300_000 },
          pong: { blockTimeMs: platform.nowMs() + 300_000 },
        };
        return JSON.stringify({ ...message, ...later[message.type] });
      };
    }
    await platform.run(20_000);
    expect(ann.status).toBe('live');
    const nowMs = platform.nowMs();
    ann.submit([PAY]);
    await platform.run(100);
    const [kept] = outbox.entries.values();
    const opened = openEnvelope(kept ?? new Uint8Array(0));
    const expiresAtMs = opened.ok ? opened.envelope.head.expiresAtMs : Number.POSITIVE_INFINITY;
    expect(expiresAtMs - nowMs).toBeLessThan(CLIENT_LIFETIME_MS_DEFAULT + CLOCK_TOLERANCE_MS);
  });
});
