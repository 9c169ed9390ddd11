import { describe, expect, it } from 'vitest';
import { BAD_ENVELOPE } from './countingApplication.js';
import { assertAgreement, type SimulatedCluster, simulateCluster } from './simulatedCluster.js';

async function startAll(cluster: SimulatedCluster): Promise<void> {
  for (const { index } of cluster.nodes) await cluster.start(index);
}

const certifiedHeight = (cluster: SimulatedCluster, index: number): number =>
  cluster.status(index).certifiedHeight;

const executedCount = (cluster: SimulatedCluster, index: number): number =>
  cluster.nodes[index]!.application.executed.length;

/** Submits one envelope every `everyMs`. */
async function play(cluster: SimulatedCluster, count: number, everyMs: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    cluster.submit();
    await cluster.run(everyMs);
  }
}

function expectHealthy(cluster: SimulatedCluster, indices: readonly number[]): void {
  assertAgreement(cluster);
  for (const index of indices) {
    expect(cluster.nodes[index]!.halts).toEqual([]);
    const { executed, certifiedHeights } = cluster.nodes[index]!.application;
    expect(new Set(executed).size).toBe(executed.length);
    const expected = certifiedHeights.map((_, at) => (certifiedHeights[0] ?? 1) + at);
    expect(certifiedHeights).toEqual(expected);
  }
}

describe('a validator alone', () => {
  it('orders, draws and certifies without peers', async () => {
    const cluster = simulateCluster({ validators: 1, seed: 1 });
    await startAll(cluster);
    cluster.submit();
    await cluster.runUntil(() => certifiedHeight(cluster, 0) >= 3, 5_000);
    expect(executedCount(cluster, 0)).toBe(1);
    expectHealthy(cluster, [0]);
  });

  it('goes on where it was after kill -9', async () => {
    const cluster = simulateCluster({ validators: 1, seed: 2 });
    await startAll(cluster);
    await play(cluster, 20, 30);
    cluster.crash(0);
    await cluster.run(100);
    const before = cluster.certified(0).length;
    await cluster.start(0);
    cluster.submit();
    await cluster.runUntil(() => certifiedHeight(cluster, 0) > before + 2, 5_000);
    expect(cluster.status(0).signing).toBe(true);
    expectHealthy(cluster, [0]);
  });
});

describe('four validators', () => {
  it('agree on every height and execute every envelope once', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 3 });
    await startAll(cluster);
    await play(cluster, 100, 10);
    await cluster.runUntil(
      () => cluster.nodes.every((_, i) => executedCount(cluster, i) === 100),
      2_000,
    );
    await cluster.run(100);
    expectHealthy(cluster, [0, 1, 2, 3]);
  });

  it('make one block a second when there is nothing to do', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 4 });
    await startAll(cluster);
    await cluster.run(500);
    const before = certifiedHeight(cluster, 0);
    await cluster.run(10_000);
    const blocks = certifiedHeight(cluster, 0) - before;
    expect(blocks).toBeGreaterThanOrEqual(8);
    expect(blocks).toBeLessThanOrEqual(11);
  });

  it('report an envelope certified within a few hops', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 5 });
    await startAll(cluster);
    await cluster.run(2_500);
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const count = executedCount(cluster, 0);
      cluster.submit();
      times.push(await cluster.runUntil(() => executedCount(cluster, 0) > count, 1_000));
      await cluster.run(137);
    }
    times.sort((a, b) => a - b);
    expect(times[10]).toBeLessThan(40);
  });

  it('lose nothing to lossy links', async () => {
    const links = { delayMinMs: 1, delayMaxMs: 20, loss: 0.1, duplication: 0.05 };
    const cluster = simulateCluster({ validators: 4, seed: 6, links });
    await startAll(cluster);
    await play(cluster, 30, 50);
    await cluster.runUntil(
      () => cluster.nodes.every((_, i) => executedCount(cluster, i) === 30),
      60_000,
    );
    expectHealthy(cluster, [0, 1, 2, 3]);
  });

  it('go on without one, which catches up over 200 blocks and signs again', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 7 });
    await startAll(cluster);
    await play(cluster, 20, 20);
    cluster.crash(3);
    await play(cluster, 400, 20);
    expect(certifiedHeight(cluster, 0)).toBeGreaterThan(200);
    await cluster.start(3);
    await cluster.runUntil(
      () => certifiedHeight(cluster, 3) >= certifiedHeight(cluster, 0) - 2,
      5_000,
    );
    const from = certifiedHeight(cluster, 0);
    await play(cluster, 50, 20);
    const signers = cluster
      .certified(0)
      .slice(from)
      .flatMap(({ finality }) => finality.finalization.signatures.map(({ signer }) => signer));
    expect(signers).toContain(3);
    expectHealthy(cluster, [0, 1, 2, 3]);
  });

  it('come back after all are killed at once, at any moment', async () => {
    for (const seed of [11, 12, 13, 14, 15]) {
      const cluster = simulateCluster({ validators: 4, seed });
      await startAll(cluster);
      for (let round = 0; round < 3; round++) {
        await play(cluster, 20, 5 + cluster.prng.next() * 20);
        for (const { index } of cluster.nodes) cluster.crash(index);
        await cluster.run(50);
        const before = cluster.certified(0).length;
        await startAll(cluster);
        cluster.submit();
        await cluster.runUntil(() => certifiedHeight(cluster, 0) > before + 2, 20_000);
      }
      await cluster.run(3_000);
      expectHealthy(cluster, [0, 1, 2, 3]);
    }
  });

  it('survive one crash after another, at any moment', async () => {
    for (const seed of [21, 22, 23, 24, 25]) {
      const cluster = simulateCluster({ validators: 4, seed });
      await startAll(cluster);
      for (let round = 0; round < 8; round++) {
        const victim = cluster.prng.below(4);
        await play(cluster, 10, 5 + cluster.prng.next() * 20);
        cluster.crash(victim);
        await play(cluster, 10, 5 + cluster.prng.next() * 60);
        await cluster.start(victim);
      }
      const target = certifiedHeight(cluster, 0) + 5;
      await cluster.runUntil(
        () => cluster.nodes.every((_, i) => certifiedHeight(cluster, i) >= target),
        20_000,
      );
      expectHealthy(cluster, [0, 1, 2, 3]);
    }
  });

  it('stop the one whose result differs from the certificate, and go on', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 31 });
    await startAll(cluster);
    await play(cluster, 20, 20);
    cluster.nodes[2]!.application.corrupt();
    await play(cluster, 20, 20);
    expect(cluster.status(2).state).toBe('diverged');
    expect(cluster.status(2).signing).toBe(false);
    const [halt] = cluster.nodes[2]!.halts;
    expect(halt).toMatchObject({ kind: 'diverged' });
    expect(halt!.height).toBe(cluster.status(2).certifiedHeight + 1);
    const before = certifiedHeight(cluster, 0);
    await play(cluster, 20, 40);
    expect(certifiedHeight(cluster, 0)).toBeGreaterThan(before + 5);
    expectHealthy(cluster, [0, 1, 3]);
  });

  it('switch engines at one height, and replay each height by the one that made it', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 34 });
    const switchAt = 12;
    for (const node of cluster.nodes.slice(0, 3)) node.secondEngineFrom = switchAt;
    await startAll(cluster);
    await play(cluster, 20, 20);
    expectHealthy(cluster, [0, 1, 2]);
    const engines = cluster.certified(0).map(({ certificate }) => certificate.result.engineVersion);
    expect(engines.length).toBeGreaterThan(switchAt);
    expect(engines).toEqual(engines.map((_, index) => (index + 1 < switchAt ? 1 : 2)));
    // Whatever its own table says of new heights, a release executes old ones as certified.
    cluster.crash(0);
    cluster.nodes[0]!.secondEngineFrom = 1;
    await cluster.start(0);
    await play(cluster, 10, 20);
    expectHealthy(cluster, [0, 1, 2]);
    expect(certifiedHeight(cluster, 0)).toBeGreaterThan(engines.length);
  });

  it('say which release one needs that lacks the engine, and take it back with that', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 35 });
    const switchAt = 12;
    for (const node of cluster.nodes.slice(0, 3)) node.secondEngineFrom = switchAt;
    await startAll(cluster);
    await play(cluster, 20, 20);
    const late = cluster.nodes[3]!;
    expect(late.halts[0]?.height).toBe(switchAt);
    // It may have been told by signatures alone; a restart meets the certificate.
    cluster.crash(3);
    await cluster.start(3);
    await play(cluster, 10, 20);
    expect(late.halts.at(-1)).toEqual({
      kind: 'outdated',
      height: switchAt,
      reason: `height ${switchAt} was made by 2`,
    });
    expect(cluster.status(3).certifiedHeight).toBe(switchAt - 1);
    cluster.crash(3);
    late.secondEngineFrom = switchAt;
    late.halts = [];
    await cluster.start(3);
    await play(cluster, 10, 20);
    await cluster.runUntil(
      () => certifiedHeight(cluster, 3) >= certifiedHeight(cluster, 0) - 1,
      20_000,
    );
    expectHealthy(cluster, [0, 1, 2, 3]);
    // Back to the old release: its own disk holds what it cannot execute.
    cluster.crash(3);
    late.secondEngineFrom = Number.POSITIVE_INFINITY;
    await cluster.start(3);
    await cluster.run(100);
    expect(late.halts).toMatchObject([{ kind: 'outdated', height: switchAt }]);
  });

  it('draw without the shares of one who withholds them', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 32 });
    cluster.nodes[1]!.tamper = (_to, message) =>
      message.kind === 'BeaconShareMessage' ? null : message;
    await startAll(cluster);
    await play(cluster, 50, 20);
    expect(executedCount(cluster, 0)).toBeGreaterThan(45);
    expectHealthy(cluster, [0, 1, 2, 3]);
  });

  it('blame false beacon shares and draw without them', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 33 });
    cluster.nodes[0]!.tamper = (_to, message) =>
      message.kind === 'BeaconShareMessage'
        ? { ...message, signature: new Uint8Array(96) }
        : message;
    await startAll(cluster);
    await play(cluster, 50, 20);
    expect(executedCount(cluster, 1)).toBeGreaterThan(45);
    expect(cluster.nodes[1]!.counters.get('validator_bad_beacon_shares_total')).toBeGreaterThan(0);
    expectHealthy(cluster, [0, 1, 2, 3]);
  });

  it('ask for the seed and the certificate that did not come', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 34 });
    for (const node of cluster.nodes) {
      node.tamper = (to, message) => {
        const lost =
          message.kind === 'BeaconShareMessage' || message.kind === 'ResultSignatureMessage';
        return lost && to === 3 && message.height % 2 === 0 ? null : message;
      };
    }
    // Answers to requests are let through: only what is sent unasked is lost.
    await startAll(cluster);
    await play(cluster, 20, 50);
    for (const node of cluster.nodes) node.tamper = (_to, message) => message;
    await cluster.runUntil(() => executedCount(cluster, 3) === 20, 3_000);
    expect(cluster.nodes[3]!.counters.get('validator_height_requests_total')).toBeGreaterThan(0);
    expectHealthy(cluster, [0, 1, 2, 3]);
  });

  it('reject a leader whose envelopes are invalid and whose votes are forged', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 35 });
    await startAll(cluster);
    cluster.nodes[0]!.application.submit(Uint8Array.of(BAD_ENVELOPE, 1));
    cluster.nodes[0]!.validator.workChanged();
    await play(cluster, 30, 30);
    expect(cluster.nodes[1]!.counters.get('validator_invalid_blocks_total')).toBeGreaterThan(0);
    await cluster.runUntil(() => executedCount(cluster, 1) === 30, 10_000);
    expect(executedCount(cluster, 1)).toBe(30);
    expectHealthy(cluster, [1, 2, 3]);
  });

  it('write one group of votes at a time, and send none before, on slow disks', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 39, syncMaxMs: 40 });
    await startAll(cluster);
    await play(cluster, 60, 15);
    await cluster.run(2_000);
    expect(executedCount(cluster, 0)).toBe(60);
    expectHealthy(cluster, [0, 1, 2, 3]);
  });

  it('wait for a block from the future instead of calling it invalid', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 36 });
    cluster.nodes[1]!.clockAheadMs = 550;
    await startAll(cluster);
    await play(cluster, 40, 30);
    await cluster.run(2_000);
    expect(cluster.nodes[0]!.counters.get('validator_early_blocks_total')).toBeGreaterThan(0);
    expect(cluster.nodes[0]!.counters.get('validator_invalid_blocks_total')).toBeUndefined();
    expect(executedCount(cluster, 0)).toBe(40);
    expectHealthy(cluster, [0, 1, 2, 3]);
  });

  it('do not let a validator sign whose journal is lost', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 37 });
    await startAll(cluster);
    await play(cluster, 20, 20);
    cluster.crash(2);
    cluster.nodes[2]!.disk.journal = { entries: [], created: false };
    await cluster.start(2);
    const before = certifiedHeight(cluster, 0);
    await play(cluster, 40, 20);
    expect(cluster.status(2)).toMatchObject({ state: 'running', signing: false });
    expect(certifiedHeight(cluster, 2)).toBeGreaterThan(before + 5);
    const { journal } = cluster.nodes[2]!.disk;
    expect(journal.entries.length).toBeGreaterThan(0);
    const signers = cluster
      .certified(0)
      .slice(before + 2)
      .flatMap(({ finality, certificate }) => [
        ...finality.finalization.signatures,
        ...certificate.signatures,
      ])
      .map(({ signer }) => signer);
    expect(signers).not.toContain(2);
    expectHealthy(cluster, [0, 1, 2, 3]);
  });

  it('order without commands while results cannot be certified, and recover', async () => {
    const cluster = simulateCluster({ validators: 4, seed: 38, limits: { maxExecutionLag: 6 } });
    await startAll(cluster);
    await play(cluster, 10, 30);
    const silence = cluster.nodes.map((node) => node.tamper);
    for (const node of cluster.nodes) {
      node.tamper = (_to, message) =>
        message.kind === 'ResultSignatureMessage' || message.kind === 'ResultCertificate'
          ? null
          : message;
    }
    await play(cluster, 20, 50);
    const stuck = certifiedHeight(cluster, 0);
    await cluster.run(5_000);
    expect(certifiedHeight(cluster, 0)).toBe(stuck);
    expect(cluster.status(0).finalHeight).toBeGreaterThan(stuck + 8);
    for (const node of cluster.nodes) node.tamper = silence[node.index]!;
    await cluster.runUntil(() => executedCount(cluster, 0) === 30, 20_000);
    expectHealthy(cluster, [0, 1, 2, 3]);
  });
});
