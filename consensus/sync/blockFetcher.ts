import { toHex } from '../../schemas/kernel/bytes.js';
import {
  BLOCK_REQUEST_MS,
  BLOCK_REQUEST_MS_MAX,
  BLOCK_REQUESTS_MAX,
} from '../../schemas/limits.js';

interface WantedBlock {
  readonly digest: Uint8Array;
  /** Highest view that needs it: given up when that view is settled without it. */
  view: number;
  /** Whom to ask first: who is sure to have it. */
  peer: number | null;
  attempts: number;
  dueMs: number;
}

export interface BlockFetcherPorts {
  request(peer: number, digest: Uint8Array): void;
  connected(): readonly number[];
  nowMs(): number;
}

/** Asks for blocks by digest, one peer after the other, until they come or are not needed. */
export interface BlockFetcher {
  /** Asks at once for what was not wanted before. `peer`: whom to ask first, if anybody. */
  want(digest: Uint8Array, view: number, peer: number | null): void;
  wanted(key: string): boolean;
  /** The block is here. */
  received(key: string): void;
  /** This peer does not have it: ask the next one now. */
  missing(key: string, peer: number): void;
  /** Nothing at or below this view is needed any more. */
  settled(view: number): void;
  /** Asks again for what is overdue. */
  tick(): void;
  /** When `tick` is due; null: never. */
  dueMs(): number | null;
}

export function createBlockFetcher(ports: BlockFetcherPorts): BlockFetcher {
  const wanted = new Map<string, WantedBlock>();
  let turn = 0;

  function choosePeer(block: WantedBlock): number | null {
    const connected = ports.connected();
    if (block.peer !== null && connected.includes(block.peer)) return block.peer;
    return connected[turn++ % Math.max(1, connected.length)] ?? null;
  }

  function ask(block: WantedBlock): void {
    const peer = choosePeer(block);
    block.peer = null;
    const delayMs = Math.min(BLOCK_REQUEST_MS * 2 ** block.attempts, BLOCK_REQUEST_MS_MAX);
    block.dueMs = ports.nowMs() + delayMs;
    if (peer === null) return;
    block.attempts++;
    ports.request(peer, block.digest);
  }

  return {
    want(digest, view, peer) {
      const key = toHex(digest);
      const known = wanted.get(key);
      if (known !== undefined) {
        known.view = Math.max(known.view, view);
        return;
      }
      if (wanted.size >= BLOCK_REQUESTS_MAX) return;
      const block = { digest, view, peer, attempts: 0, dueMs: 0 };
      wanted.set(key, block);
      ask(block);
    },
    wanted: (key) => wanted.has(key),
    received: (key) => {
      wanted.delete(key);
    },
    missing(key, peer) {
      const block = wanted.get(key);
      // A round of refusals goes on at the slower pace of `tick`.
      if (block === undefined || block.peer === peer) return;
      if (block.attempts < ports.connected().length) ask(block);
    },
    settled(view) {
      for (const [key, block] of wanted) if (block.view <= view) wanted.delete(key);
    },
    tick() {
      const nowMs = ports.nowMs();
      for (const block of wanted.values()) if (block.dueMs <= nowMs) ask(block);
    },
    dueMs() {
      let due: number | null = null;
      for (const block of wanted.values()) {
        if (due === null || block.dueMs < due) due = block.dueMs;
      }
      return due;
    },
  };
}
