import { describe, expect, it } from 'vitest';
import { decodeTrusted } from '../../schemas/codec/codec.js';
import { envelopeHash } from '../../schemas/crypto/digests.js';
import { CloseCode } from '../../schemas/gateway/protocol.js';
import { fromHex } from '../../schemas/kernel/bytes.js';
import {
  GATEWAY_GAP_MS_MAX,
  GATEWAY_HEARTBEAT_MS,
  GATEWAY_OUTBOX_BYTES_MAX,
  GATEWAY_SILENCE_MS_MAX,
} from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import {
  authMessage,
  end,
  enter,
  greet,
  newPlayer,
  ownLane,
  say,
  seal,
} from '../../test/contracts/rawClient.js';
import { engineGenesis } from '../../test/simulation/engineChain.js';
import { simulatedGatewayWorld } from '../../test/simulation/simulatedGatewayWorld.js';
import type { SimulatedGateway } from '../../test/simulation/simulatedPlatform.js';
import { verifyExecutedHeight } from './executedHeight.js';
import { deliver } from './gatewayState.js';
import type { ClientSocket } from './ports.js';

const START: CommandInstruction = { kind: 'StartHiLo', asset: 0, stake: 10n };

function world(seed = 1) {
  const made = simulatedGatewayWorld(seed);
  return { ...made, first: made.platform.gateways.get('gateway') as SimulatedGateway };
}

/** The same clients at another gateway. */
function at(made: ReturnType<typeof world>, url: string) {
  return { ...made, connect: () => made.connectTo(url) };
}

describe('a gateway that began later', () => {
  it('finds the receipt of a command that it did not see', async () => {
    const made = world();
    const session = await newPlayer(made);
    const { hex, ids } = seal(made, session.lane, 1, START);
    say(session, { type: 'submit', ref: 'a', envelope: hex });
    const first = await end(session);
    await made.wait(3_000);
    const late = made.platform.startGateway('late');
    await made.wait(1_000);
    const other = await enter(at(made, 'late'), session.lane);
    say(other, { type: 'submit', ref: 'b', envelope: hex });
    const again = await end(other);
    expect(again).toMatchObject({ type: 'executed', commandId: ids[0] });
    expect(again).toEqual(first);
    expect(late.gateway.state.tracker.sizes).toMatchObject({ open: 0, envelopes: 0 });
  });

  it('is told that a nonce is stale, and by what', async () => {
    const made = world();
    const session = await newPlayer(made);
    await made.wait(3_000);
    made.platform.startGateway('late');
    await made.wait(1_000);
    const other = await enter(at(made, 'late'), session.lane);
    const { hex } = seal(made, session.lane, 0, START);
    say(other, { type: 'submit', ref: 'b', envelope: hex });
    const hints: number[] = [];
    let answer = await other.connection.next();
    while (answer.type === 'pending') {
      hints.push(answer.code);
      answer = await other.connection.next();
    }
    expect(new Set(hints)).toEqual(new Set([RejectCode.staleNonce]));
    expect(answer).toMatchObject({ type: 'expired', supersededBy: expect.any(String) });
  });
});

describe('what a validator says', () => {
  it('is believed of a height as far as it is certified', async () => {
    const made = world();
    const session = await newPlayer(made);
    const executed: (PeerMessageBody & { readonly kind: 'ExecutedHeight' })[] = [];
    const { options } = made.first.gateway.state;
    const { keys, verifier } = options;
    for (let height = 1; height <= made.platform.height; height++) {
      const { body } = decodeTrusted('PeerMessage', made.platform.frame(height));
      if (body.kind === 'ExecutedHeight') executed.push(body);
    }
    const busy = executed.find(({ events }) => events.length > 1);
    if (busy === undefined) throw new Error('no height with events');
    const check = (message: typeof busy) =>
      verifyExecutedHeight(message, keys, engineGenesis.eventPartitions, verifier);
    expect(check(busy)).not.toBeNull();
    const { header, certificate, leaves, events } = busy;
    const wrong: (typeof busy)[] = [
      { ...busy, header: { ...header, timestampMs: header.timestampMs + 60_000 } },
      { ...busy, header: { ...header, height: header.height + 1 } },
      { ...busy, certificate: { ...certificate, signatures: certificate.signatures.slice(0, 2) } },
      { ...busy, events: events.slice(1) },
      { ...busy, events: [...events, events[0] as Uint8Array] },
      { ...busy, events: [...events].reverse() },
      { ...busy, leaves: leaves.slice(1) },
      { ...busy, leaves: leaves.map((leaf) => ({ ...leaf, previousHeight: 99 })) },
    ];
    for (const message of wrong) expect(check(message)).toBeNull();
    session.connection.close();
  });

  it('of a false time changes nothing, and is counted', async () => {
    const made = world();
    await newPlayer(made);
    const { gateway, counts } = made.first;
    made.platform.ordering = false;
    await made.wait(1_000);
    const { body } = decodeTrusted('PeerMessage', made.platform.frame(made.platform.height));
    if (body.kind !== 'ExecutedHeight') throw new Error('not a height');
    const { height, blockTimeMs } = gateway.state;
    const { result } = body.certificate;
    const header = { ...body.header, timestampMs: blockTimeMs + 600_000 };
    const certificate = { ...body.certificate, result: { ...result, height: height + 1 } };
    gateway.onValidatorMessage(2, { ...body, header, certificate });
    expect(gateway.state).toMatchObject({ height, blockTimeMs });
    expect(counts.get('gateway_bad_heights_total 2')).toBe(1);
  });

  it('counts as one voice, and only for the envelope that it was given', async () => {
    const made = world();
    const session = await newPlayer(made);
    made.platform.ordering = false;
    const { gateway, reach } = made.first;
    // Nobody else is heard.
    reach.clear();
    reach.add(0);
    const mine = seal(made, session.lane, 1, START);
    const other = seal(made, session.lane, 2, START);
    for (const [ref, { hex }] of [
      ['mine', mine],
      ['other', other],
    ] as const) {
      say(session, { type: 'submit', ref, envelope: hex });
    }
    await made.wait(50);
    const isAccepted = (id: string | undefined) =>
      gateway.state.tracker.command(id as string)?.accepted;
    expect(isAccepted(mine.ids[0])).toBe(false);
    const verdict = (ids: readonly string[]) => ({
      ...{ kind: 'EnvelopeVerdict' as const, durable: true },
      hash: envelopeHash(fromHex(mine.hex)),
      verdicts: ids.map((id) => ({ commandId: fromHex(id), code: 0 })),
    });
    // The same validator again, and another one that speaks of what it was not asked.
    gateway.onValidatorMessage(0, verdict(mine.ids));
    gateway.onValidatorMessage(1, verdict(other.ids));
    expect([isAccepted(mine.ids[0]), isAccepted(other.ids[0])]).toEqual([false, false]);
    gateway.onValidatorMessage(1, verdict(mine.ids));
    expect([isAccepted(mine.ids[0]), isAccepted(other.ids[0])]).toEqual([true, false]);
  });
});

describe('heights that are missed', () => {
  it('are asked for; those that nobody has are given up, and followers told', async () => {
    const made = world();
    const session = await newPlayer(made);
    say(session, { type: 'subscribe', channel: 'blocks' });
    await made.wait(100);
    const { gateway, reach } = made.first;
    reach.clear();
    await made.wait(6_000);
    const missedFrom = gateway.state.height + 1;
    made.platform.forget(missedFrom + 2);
    for (const validator of [0, 1, 2, 3]) reach.add(validator);
    await made.wait(GATEWAY_GAP_MS_MAX - 1_000);
    expect(gateway.state.height).toBe(missedFrom - 1);
    await made.wait(3_000);
    expect(gateway.state.height).toBe(made.platform.height);
    expect(await session.connection.closed()).toBe(CloseCode.lostPosition);
  });
});

describe('a tracker', () => {
  it('forgets an envelope with the last of its commands', async () => {
    const made = world();
    const session = await newPlayer(made);
    const { gateway } = made.first;
    const { hex } = seal(made, session.lane, 1, START);
    say(session, { type: 'submit', ref: 'a', envelope: hex });
    say(session, { type: 'submit', ref: 'b', envelope: hex });
    expect(await end(session)).toMatchObject({ type: 'executed' });
    expect(gateway.state.tracker.sizes).toMatchObject({ open: 0, envelopes: 0 });
    expect(gateway.state.waiting.size).toBe(0);
    expect(made.first.counts.get('gateway_duplicates_total')).toBe(1);
  });

  it('lets go of what nobody can prove any more, and says so', async () => {
    const made = world();
    const owner = await newPlayer(made);
    const signer = made.newSigner();
    // The absence of a lane long after the expiry proves nothing: it may have left the state.
    const lane = { account: owner.lane.account, signer, authorization: 1 };
    const session = await enter(made, lane);
    const { hex } = seal(made, lane, 0, START, { expiresAtMs: made.nowMs() - 200_000 });
    say(session, { type: 'submit', ref: 'old', envelope: hex });
    for (let i = 0; i < 8; i++) {
      await made.wait(10_000);
      say(session, { type: 'ping', at: i });
    }
    let answer = await session.connection.next();
    while (answer.type === 'pong') answer = await session.connection.next();
    expect(answer).toMatchObject({ type: 'error', code: RejectCode.stateUnavailable, ref: 'old' });
    expect(made.first.gateway.state.tracker.sizes.open).toBe(0);
  });
});

describe('sessions', () => {
  it('of one account are bounded, of a gateway too', async () => {
    const made = world();
    made.platform.startGateway('small', { sessionsPerAccountMax: 2, sessionsMax: 4 });
    await made.wait(2_000);
    const there = at(made, 'small');
    const lane = ownLane(made.newSigner());
    const first = await enter(there, lane);
    await enter(there, lane);
    const third = await greet(there, lane);
    say(third, authMessage(third));
    expect(await third.connection.next()).toMatchObject({ code: RejectCode.tooManyConnections });
    expect(await third.connection.closed()).toBe(CloseCode.tooManyConnections);
    await enter(there, ownLane(made.newSigner()));
    await enter(there, ownLane(made.newSigner()));
    const full = await there.connect();
    expect(await full.closed()).toBe(CloseCode.tooManyConnections);
    first.connection.close();
    await made.wait(100);
    await enter(there, lane);
  });

  it('that are about to end are told; new ones and new commands are refused', async () => {
    const made = world();
    const session = await newPlayer(made);
    const { gateway } = made.first;
    gateway.drain();
    const late = await made.connect();
    expect(await late.closed()).toBe(CloseCode.draining);
    say(session, { type: 'submit', ref: 'a', envelope: seal(made, session.lane, 1, START).hex });
    expect(await end(session)).toMatchObject({
      ...{ type: 'refused', code: RejectCode.draining, retry: 'reconnect' },
    });
    gateway.sayGoAway(500);
    expect(await end(session)).toMatchObject({ type: 'goaway', deadlineMs: 500 });
    gateway.close();
    expect(await session.connection.closed()).toBe(CloseCode.draining);
  });

  it('are asked whether they live, and closed when nothing comes back', async () => {
    const made = world();
    const session = await newPlayer(made);
    await made.wait(GATEWAY_HEARTBEAT_MS + 1_000);
    expect(made.first.gateway.state.sessions.size).toBe(1);
    await made.wait(GATEWAY_SILENCE_MS_MAX);
    expect(await session.connection.closed()).toBe(CloseCode.noHeartbeat);
  });

  it('of a connection that answers pings stay', async () => {
    const { first, wait } = world();
    const pings: number[] = [];
    const socket: ClientSocket = {
      address: '192.0.2.1',
      send: () => undefined,
      ping: () => pings.push(1),
      bufferedBytes: () => 0,
      close: () => undefined,
    };
    const { sessions } = first.gateway.state;
    const handle = first.gateway.connect(socket);
    const [session] = [...sessions.values()];
    if (session === undefined) throw new Error('no session');
    session.status = 'live';
    for (let i = 0; i < 10; i++) {
      await wait(10_000);
      handle.onAlive();
    }
    expect(sessions.size).toBe(1);
    await wait(50_000);
    expect(sessions.size).toBe(0);
    expect(pings.length).toBeGreaterThan(0);
  });

  it('that do not read are closed, and nobody waits for them', () => {
    const { first } = world();
    let buffered = 0;
    const closed: number[] = [];
    const socket: ClientSocket = {
      address: '192.0.2.1',
      send: (text) => {
        buffered += text.length;
      },
      ping: () => undefined,
      bufferedBytes: () => buffered,
      close: (code) => closed.push(code),
    };
    first.gateway.connect(socket);
    const [session] = [...first.gateway.state.sessions.values()];
    if (session === undefined) throw new Error('no session');
    for (let i = 0; i < 2_000; i++) deliver(first.gateway.state, session, 'x'.repeat(1_000));
    expect(closed).toEqual([CloseCode.slowConsumer]);
    expect(buffered).toBeLessThan(GATEWAY_OUTBOX_BYTES_MAX + 2_000);
    expect(first.counts.get('gateway_evictions_total slow')).toBe(1);
  });
});
