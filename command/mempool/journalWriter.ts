import { MEMPOOL_JOURNAL_PAUSE_MS, MEMPOOL_JOURNAL_REWRITE_BYTES } from '../../schemas/limits.js';
import type { CommandTelemetry, CommandTimer, MempoolJournal } from '../ports.js';

/**
 * Group commit over a journal: what arrives during a write, and for a moment after it, shares the
 * next one. The disk is the votes' too, and nothing becomes final later for an answer that waits.
 */
export interface JournalWriter {
  /** Tells whether the envelope is on disk; false when the disk failed. */
  store(envelope: Uint8Array, onStored: (isDurable: boolean) => void): void;
  /** Resolves when everything stored before has been written, or has failed to be. */
  barrier(): Promise<void>;
  /** Rewrites a journal that is large and mostly dead, between two writes. */
  rewriteIfDead(liveBytes: number, live: () => readonly Uint8Array[]): void;
  /** Resolves when nothing is being written. */
  idle(): Promise<void>;
}

interface Waiting {
  /** Null only waits. */
  readonly envelope: Uint8Array | null;
  readonly onStored: (isDurable: boolean) => void;
}

function envelopesOf(group: readonly Waiting[]): Uint8Array[] {
  const envelopes: Uint8Array[] = [];
  for (const { envelope } of group) if (envelope !== null) envelopes.push(envelope);
  return envelopes;
}

/** The dead share at which rewriting pays: three quarters. */
const DEAD_FACTOR = 4;

export function createJournalWriter(
  journal: MempoolJournal,
  telemetry: CommandTelemetry,
  timer: Pick<CommandTimer, 'after'>,
): JournalWriter {
  let waiting: Waiting[] = [];
  let rewrite: (() => readonly Uint8Array[]) | null = null;
  let writing: Promise<void> | null = null;

  const append = async (group: readonly Waiting[]): Promise<void> => {
    const envelopes = envelopesOf(group);
    let isDurable = true;
    try {
      if (envelopes.length > 0) await journal.append(envelopes);
      telemetry.count('mempool_journal_appends_total');
    } catch (error) {
      isDurable = false;
      telemetry.count('mempool_journal_failures_total');
      telemetry.log('error', 'mempool journal cannot be written', { error });
    }
    for (const { onStored } of group) onStored(isDurable);
  };

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0 || rewrite !== null) {
      const group = waiting;
      const live = rewrite;
      waiting = [];
      rewrite = null;
      if (group.length > 0) await append(group);
      if (live !== null) await replace(live());
      await new Promise<void>((resolve) => timer.after(MEMPOOL_JOURNAL_PAUSE_MS, resolve));
    }
    writing = null;
  };

  const replace = async (live: readonly Uint8Array[]): Promise<void> => {
    try {
      await journal.rewrite(live);
      telemetry.count('mempool_journal_rewrites_total');
    } catch (error) {
      // The old content stands: nothing is lost, the file only stays longer than need be.
      telemetry.log('warn', 'mempool journal cannot be rewritten', { error });
    }
  };

  const start = (): void => {
    // Later in this tick, so that what arrives together is written together.
    writing ??= Promise.resolve().then(writeAll);
  };

  const enqueue = (envelope: Uint8Array | null, onStored: (isDurable: boolean) => void): void => {
    waiting.push({ envelope, onStored });
    start();
  };

  return {
    store: enqueue,
    async barrier() {
      if (writing !== null) await new Promise((resolve) => enqueue(null, resolve));
    },
    rewriteIfDead(liveBytes, live) {
      const { sizeBytes } = journal;
      if (sizeBytes < MEMPOOL_JOURNAL_REWRITE_BYTES || sizeBytes < DEAD_FACTOR * liveBytes) return;
      rewrite = live;
      start();
    },
    idle: () => writing ?? Promise.resolve(),
  };
}
