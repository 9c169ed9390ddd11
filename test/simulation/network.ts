import type { Prng } from './prng.js';
import type { Scheduler } from './scheduler.js';

/** How links behave; may be changed while the world runs. */
export interface LinkConditions {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Probability that a message is lost. */
  readonly loss: number;
  /** Probability that a message comes twice. */
  readonly duplication: number;
}

/** Point-to-point links between `nodes` nodes with seeded delay, loss, duplication, partition. */
export interface Network<Message> {
  conditions: LinkConditions;
  /** Group of each node; messages between groups are lost. Null: no partition. */
  groups: readonly number[] | null;
  /** Links keep order for a peer when true (as TCP does); loss still makes holes. */
  isOrdered: boolean;
  send(from: number, to: number, message: Message): void;
  onMessage(node: number, receive: (from: number, message: Message) => void): void;
}

export function createNetwork<Message>(
  scheduler: Scheduler,
  prng: Prng,
  conditions: LinkConditions,
): Network<Message> {
  const receivers = new Map<number, (from: number, message: Message) => void>();
  const lastDueMs = new Map<string, number>();
  const network: Network<Message> = {
    conditions,
    groups: null,
    isOrdered: true,
    onMessage: (node, receive) => void receivers.set(node, receive),
    send(from, to, message) {
      const { loss, duplication } = network.conditions;
      if (prng.chance(loss)) return;
      const copies = prng.chance(duplication) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) deliver(from, to, message);
    },
  };
  const deliver = (from: number, to: number, message: Message): void => {
    const { delayMinMs, delayMaxMs } = network.conditions;
    const link = `${from}>${to}`;
    let dueMs = scheduler.nowMs + prng.between(delayMinMs, delayMaxMs);
    if (network.isOrdered) dueMs = Math.max(dueMs, lastDueMs.get(link) ?? 0);
    lastDueMs.set(link, dueMs);
    scheduler.after(dueMs - scheduler.nowMs, () => {
      const { groups } = network;
      if (groups !== null && groups[from] !== groups[to]) return;
      receivers.get(to)?.(from, message);
    });
  };
  return network;
}
