import {
  CATCH_UP_BLOCKS_MAX,
  CATCH_UP_LEVEL_HEIGHTS,
  CATCH_UP_PAUSE_MS,
  CATCH_UP_PROBE_MS,
  CATCH_UP_TIMEOUT_MS,
} from '../../schemas/limits.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { CertifiedAnswer } from '../../schemas/types/wire.js';

export interface CatchUpPorts {
  request(peer: number, fromHeight: number, count: number): void;
  connected(): readonly number[];
  nowMs(): number;
  /** Highest height whose certified block is held. */
  certifiedHeight(): number;
  /**
   * Takes verified facts in height order and makes them durable; false at the first that does not
   * continue the chain by the reader's rule.
   */
  adopt(blocks: readonly CertifiedBlock[]): Promise<boolean>;
  blame(peer: number): void;
}

/**
 * Follows the certified heights of the others: one request at a time, another peer when one is
 * silent or wrong. It asks at start, when told that it is behind, and when nothing new was
 * certified here for a while.
 */
export interface CatchUp {
  /** Something shows that peers are ahead of us. */
  behind(): void;
  answered(peer: number, answer: CertifiedAnswer): Promise<void>;
  /** A height was certified here without help. */
  advanced(): void;
  tick(): void;
  /** Whether an answer is awaited or being adopted, with more known to come. */
  busy(): boolean;
  /**
   * Whether the last peer that showed anything had little more than is held here. False until one
   * has answered; a peer that claims more than it shows changes nothing.
   */
  isLevel(): boolean;
}

interface Request {
  readonly peer: number;
  readonly fromHeight: number;
  readonly untilMs: number;
}

export function createCatchUp(ports: CatchUpPorts): CatchUp {
  let request: Request | null = null;
  let adopting = false;
  let level = false;
  let turn = 0;
  let askedMs = Number.NEGATIVE_INFINITY;
  /** A probe is due at the start. */
  let probeMs = ports.nowMs();

  function ask(): void {
    const connected = ports.connected();
    const peer = connected[turn++ % Math.max(1, connected.length)];
    if (peer === undefined) return;
    const fromHeight = ports.certifiedHeight() + 1;
    const nowMs = ports.nowMs();
    askedMs = nowMs;
    request = { peer, fromHeight, untilMs: nowMs + CATCH_UP_TIMEOUT_MS };
    probeMs = nowMs + CATCH_UP_PROBE_MS;
    ports.request(peer, fromHeight, CATCH_UP_BLOCKS_MAX);
  }

  async function adopt(peer: number, answer: CertifiedAnswer): Promise<void> {
    adopting = true;
    const good = await ports.adopt(answer.blocks);
    adopting = false;
    const ahead = answer.tip - ports.certifiedHeight();
    if (good && (ahead <= 0 || answer.blocks.length > 0)) level = ahead <= CATCH_UP_LEVEL_HEIGHTS;
    if (!good) ports.blame(peer);
    else if (answer.blocks.length === 0) return;
    // The same peer while it helps, the next one otherwise.
    if (good) turn += Math.max(0, ports.connected().length - 1);
    if (!good || answer.tip > ports.certifiedHeight()) ask();
  }

  return {
    behind() {
      probeMs = Math.min(probeMs, askedMs + CATCH_UP_PAUSE_MS);
      if (request === null && !adopting && ports.nowMs() >= probeMs) ask();
    },
    async answered(peer, answer) {
      if (request === null || request.peer !== peer || adopting) return;
      const { fromHeight } = request;
      request = null;
      const first = answer.blocks[0];
      const asked = first === undefined || first.block.header.height === fromHeight;
      if (asked && answer.blocks.length <= CATCH_UP_BLOCKS_MAX) await adopt(peer, answer);
      else ports.blame(peer);
    },
    advanced() {
      probeMs = ports.nowMs() + CATCH_UP_PROBE_MS;
    },
    tick() {
      const nowMs = ports.nowMs();
      if (adopting) return;
      if (request !== null && nowMs < request.untilMs) return;
      if (request !== null || nowMs >= probeMs) {
        request = null;
        ask();
      }
    },
    busy: () => adopting || request !== null,
    isLevel: () => level,
  };
}
