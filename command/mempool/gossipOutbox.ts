import {
  GOSSIP_BATCH_BYTES,
  GOSSIP_BATCH_ENVELOPES,
  GOSSIP_FLUSH_MS,
} from '../../schemas/limits.js';
import type { CommandTimer, EnvelopeGossip } from '../ports.js';

/** Gathers envelopes for a few milliseconds, so that links carry batches. */
export interface GossipOutbox {
  /** `handedTo`: bit i says that validator i got it from the same hand. */
  add(envelope: Uint8Array, handedTo: number): void;
  /** Sends what waits and starts no timer any more. */
  close(): void;
}

export function createGossipOutbox(gossip: EnvelopeGossip, timer: CommandTimer): GossipOutbox {
  let batch: Uint8Array[] = [];
  let batchHandedTo = 0;
  let sizeBytes = 0;
  let cancel: (() => void) | null = null;
  let isClosed = false;

  const flush = (): void => {
    cancel?.();
    cancel = null;
    if (batch.length === 0) return;
    const envelopes = batch;
    batch = [];
    sizeBytes = 0;
    gossip.send(envelopes, batchHandedTo);
  };

  return {
    add(envelope, handedTo) {
      if (isClosed) return;
      const isFull = sizeBytes + envelope.length > GOSSIP_BATCH_BYTES;
      if (isFull || handedTo !== batchHandedTo) flush();
      batchHandedTo = handedTo;
      batch.push(envelope);
      sizeBytes += envelope.length;
      if (batch.length >= GOSSIP_BATCH_ENVELOPES) flush();
      else cancel ??= timer.after(GOSSIP_FLUSH_MS, flush);
    },
    close() {
      flush();
      isClosed = true;
    },
  };
}
