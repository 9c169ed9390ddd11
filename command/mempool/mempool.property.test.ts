import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import type { Signer } from '../../schemas/crypto/signatures.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Command } from '../../schemas/types/command.js';
import {
  claim,
  createToyLedger,
  type ToyLedger,
  toyChainId,
  toyEnvelope,
  toySigner,
} from '../../test/simulation/toyLedger.js';
import { createMempool, type Mempool } from './mempool.js';
import { mempoolLimits } from './mempoolConfig.js';
import { prepareEnvelope } from './preparedEnvelope.js';
import { createVerifiedEnvelopes } from './verifiedEnvelopes.js';

const players = ['a', 'b', 'c', 'd'].map(toySigner);
const gateway = toySigner('gateway');
const strangers = ['x', 'y', 'z'].map(toySigner);
const limits = {
  ...mempoolLimits(40),
  perAccountMax: 8,
  ownKeyReserved: 2,
  nonceWindow: 8,
  faucetMax: 2,
  fundedReserved: 4,
  bytesMax: 8_000,
};

type Step =
  | { readonly kind: 'submit'; readonly by: number; readonly picks: readonly [number, number][] }
  | { readonly kind: 'claim'; readonly by: number }
  | { readonly kind: 'again'; readonly which: number }
  | { readonly kind: 'propose'; readonly maxCommands: number }
  | { readonly kind: 'execute'; readonly advanceMs: number };

const pick = fc.tuple(fc.nat(3), fc.nat(9));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      by: fc.nat(4),
      picks: fc.array(pick, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('claim' as const), by: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), which: fc.nat(30) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('propose' as const),
      maxCommands: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('execute' as const),
      advanceMs: fc.integer({ min: 20, max: 9_000 }),
    }),
  },
);

/** What was promised: a held command, and where it may end. */
interface Promised {
  readonly envelope: OpenedEnvelope;
  readonly id: string;
  readonly command: Command;
}

class Run {
  readonly ledger: ToyLedger = createToyLedger();
  readonly pool: Mempool;
  readonly promised: Promised[] = [];
  readonly sent: OpenedEnvelope[] = [];
  blocks: (readonly Uint8Array[])[] = [];
  nowMs = 1000;

  constructor() {
    const { view } = this.ledger;
    const chain = { chainId: toyChainId, shard: 0, maxCommandLifetimeMs: 60_000 };
    const config = { ...chain, faucetClaimsPerBlockMax: 1, limits, view: () => view };
    this.pool = createMempool(config, createVerifiedEnvelopes());
    for (const [index, player] of players.entries()) {
      this.ledger.create(player, { funded: index % 2 === 0 });
      this.ledger.authorize(player, gateway, 1);
    }
  }

  run(step: Step): void {
    if (step.kind === 'submit') this.submit(step.by, step.picks);
    else if (step.kind === 'claim') this.claim(strangers[step.by]!);
    else if (step.kind === 'again') this.again(step.which);
    else if (step.kind === 'propose') this.propose(step.maxCommands);
    else this.execute(step.advanceMs);
    this.check();
  }

  /** Player `by` with own commands, or the gateway (4) for several players. */
  submit(by: number, picks: readonly [number, number][]): void {
    const signer = players[by] ?? gateway;
    const isOwn = by < players.length;
    const commands = picks.map(([player, ahead]) => {
      const account = isOwn ? signer : players[player]!;
      const authorization = isOwn ? 0 : 1;
      return { account, authorization, nonce: this.next(account, signer, authorization) + ahead };
    });
    const expiresAtMs = this.nowMs + 5_000 + 1_000 * picks.length;
    this.insert(toyEnvelope(signer, commands, { expiresAtMs }));
  }

  claim(stranger: Signer): void {
    const command = { account: stranger, nonce: 0, instruction: claim };
    this.insert(toyEnvelope(stranger, [command], { expiresAtMs: this.nowMs + 4_000 }));
  }

  again(which: number): void {
    const envelope = this.sent[which];
    if (envelope === undefined) return;
    const before = this.pool.sizes;
    const wasHeld = this.pool.holds(envelope.hash);
    this.insert(envelope);
    if (wasHeld) expect(this.pool.sizes).toEqual(before);
  }

  insert(envelope: OpenedEnvelope): void {
    this.sent.push(envelope);
    const checked = this.pool.check(envelope.bytes, this.nowMs);
    const { kind, verdicts } = this.pool.insert(prepareEnvelope(envelope), this.nowMs);
    expect(kind).toBe(checked.kind === 'verify' ? 'held' : checked.kind);
    if (checked.kind !== 'verify') expect(verdicts).toEqual(checked.verdicts);
    if (kind !== 'held') return;
    for (const [index, { id, command }] of envelope.commands.entries()) {
      if (verdicts[index]!.code !== 0) continue;
      const known = this.promised.some((promised) => promised.id === toHex(id));
      if (!known) this.promised.push({ envelope, id: toHex(id), command });
    }
  }

  /** A block on top of those that are not executed yet. */
  propose(maxCommands: number): void {
    const unexecuted = this.blocks;
    const timestampMs = this.nowMs;
    const bounds = { timestampMs, maxCommands, maxBytes: 4_000, unexecuted };
    const wouldTake = this.pool.hasExecutable(timestampMs, unexecuted);
    const most = this.pool.take({ ...bounds, maxCommands: 1_000, maxBytes: 1 << 20 });
    expect(wouldTake).toBe(most.length > 0);
    const items = this.pool.take(bounds);
    expect(items.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(4_000);
    this.blocks.push(items);
  }

  /** Executes the oldest block: none of its envelopes is there for nothing. */
  execute(advanceMs: number): void {
    const block = this.blocks.shift() ?? [];
    for (const item of block) {
      const before = this.ledger.executedIds.length;
      const receipts = this.ledger.execute([item], this.nowMs);
      expect(this.ledger.executedIds.length).toBeGreaterThan(before);
      this.pool.executed(receipts, this.nowMs);
    }
    this.nowMs += advanceMs;
    this.pool.executed(this.ledger.execute([], this.nowMs), this.nowMs);
  }

  next(account: Signer, signer: Signer, authorization: number): number {
    const lane = this.ledger.view.laneOf(account.publicKey, signer.publicKey, authorization);
    return lane?.nextNonce ?? 0;
  }

  hasEnded({ envelope, id, command }: Promised): boolean {
    const { account, authorization, nonce } = command;
    const lane = this.ledger.view.laneOf(account, envelope.head.signer, authorization);
    const isConsumed = lane !== null && lane.nextNonce > nonce;
    const { timestampMs } = this.ledger.view;
    return (
      isConsumed || this.ledger.executedIds.includes(id) || envelope.head.expiresAtMs <= timestampMs
    );
  }

  check(): void {
    const { sizes } = this.pool;
    expect(sizes.commands).toBeLessThanOrEqual(limits.commandsMax);
    expect(sizes.sizeBytes).toBeLessThanOrEqual(limits.bytesMax);
    expect(sizes.faucetCommands).toBeLessThanOrEqual(limits.faucetMax);
    const open = this.promised.filter((promised) => !this.hasEnded(promised));
    expect(sizes.commands).toBe(open.length);
    for (const { envelope } of open) expect(this.pool.holds(envelope.hash)).toBe(true);
    for (const player of players) {
      const held = open.filter(({ command }) => toHex(command.account) === toHex(player.publicKey));
      expect(held.length).toBeLessThanOrEqual(limits.perAccountMax);
    }
  }

  /** Blocks until none is left to take: then nothing that could execute is still held. */
  drain(): void {
    while (this.blocks.length > 0) this.execute(20);
    for (let round = 0; round < 100 && this.pool.hasExecutable(this.nowMs); round++) {
      this.propose(12);
      this.execute(20);
    }
    for (const promised of this.promised.filter((each) => !this.hasEnded(each))) {
      const { account, authorization, nonce } = promised.command;
      const { signer } = promised.envelope.head;
      const lane = this.ledger.view.laneOf(account, signer, authorization);
      expect(lane?.nextNonce).not.toBe(nonce);
    }
  }
}

test('any traffic: bounds hold, order holds, nothing accepted is lost, nothing runs twice', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const run = new Run();
      for (const each of steps) run.run(each);
      run.drain();
      const { executedIds } = run.ledger;
      expect(new Set(executedIds).size).toBe(executedIds.length);
      run.nowMs += 100_000;
      run.execute(1);
      expect(run.pool.sizes).toMatchObject({ envelopes: 0, commands: 0, sizeBytes: 0, signers: 0 });
    }),
    { numRuns: 150 },
  );
});
