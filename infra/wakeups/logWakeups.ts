import { setTimeout as sleep } from 'node:timers/promises';
import type { StartWakeups } from '../../query/ports.js';
import { decode } from '../../schemas/codec/codec.js';
import { PROJECTION_READ_BYTES_MAX } from '../../schemas/limits.js';
import type { Log, LogReader, LogSubscription } from '../../schemas/log.js';
import type { AdapterLog } from '../postgres/connection.js';

/** How soon a lost subscription is replaced. */
const SUBSCRIBE_AGAIN_MS = 500;

/** The end of `blocks` in the log: a height is there before a projector has it. */
export function logWakeups(options: {
  /** Opens the log; asked again after each failure. */
  readonly open: () => Promise<Log>;
  readonly topic: string;
  readonly partition: number;
  readonly log: AdapterLog;
}): StartWakeups {
  const { open, topic, partition, log } = options;
  return (wake) => {
    const closing = new AbortController();
    let subscription: LogSubscription | null = null;
    /** That the log is away is said once, until it is back. */
    let isSaid = false;

    const follow = async (reader: LogReader): Promise<void> => {
      const { end } = await reader.offsets(topic, partition);
      const partitions = [{ topic, partition, fromOffset: end }];
      subscription = await reader.subscribe({
        partitions,
        maxBatchBytes: PROJECTION_READ_BYTES_MAX,
      });
      if (closing.signal.aborted) return;
      isSaid = false;
      wake(0);
      for await (const { records } of subscription.batches) {
        wake(Math.max(...records.map(({ value }) => heightOf(value)), 0));
      }
    };
    const attempt = async (): Promise<void> => {
      const opened = await open();
      try {
        await follow(opened.reader);
      } finally {
        await subscription?.close();
        await opened.close();
      }
    };
    const run = async (): Promise<void> => {
      while (!closing.signal.aborted) {
        await attempt().catch((error: unknown) => {
          if (closing.signal.aborted) return;
          log[isSaid ? 'debug' : 'warn'](
            { err: error },
            'the end of the log is out of reach, polling until it is back',
          );
          isSaid = true;
        });
        await sleep(SUBSCRIBE_AGAIN_MS, null, { signal: closing.signal }).catch(() => null);
      }
    };
    const running = run();
    return {
      async close() {
        closing.abort();
        await subscription?.close();
        await running;
      },
    };
  };
}

/** What a record claims, whoever wrote it; the tables know better. 0 when it is no block. */
function heightOf(value: Uint8Array): number {
  const decoded = decode('BlocksRecord', value);
  if (!decoded.ok || decoded.value.body.kind !== 'CertifiedBlock') return 0;
  return decoded.value.body.block.header.height;
}
