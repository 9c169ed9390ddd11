import type { FeedMessage } from './feedMessage.js';
import { type FeedOptions, type FeedRefusedError, followFeed } from './followFeed.js';
import type { Abortable } from './reader.js';

/** So many messages wait for a slow taker; then the feed pauses, and resumes at half of them. */
export const FEED_BUFFER_MESSAGES_MAX = 1_000;
/** And so much of what they came in: a thousand commands of ordinary bets are under one MiB. */
export const FEED_BUFFER_CHARACTERS_MAX = 4 * 1024 * 1024;

/** The messages of a feed, to be taken one by one: by one loop, which ends with the feed. */
export interface FeedMessages extends AsyncIterable<FeedMessage> {
  /** Ends the feed, and the loop when it has taken what has come. A `break` of it does so too. */
  close(): void;
}

/**
 * Follows a feed at the pace of whoever takes its messages. One who is slow loses nothing: the feed
 * waits at its place in the chain. The loop throws FeedRefusedError when every reader refuses, and
 * the reason of `signal` when that is aborted.
 */
export function feedMessages(
  options: Omit<FeedOptions, 'onMessage' | 'onRefused'> & Abortable,
): FeedMessages {
  const { signal } = options;
  const waiting: { readonly message: FeedMessage; readonly length: number }[] = [];
  let characters = 0;
  const isAbove = (share: number): boolean =>
    waiting.length >= FEED_BUFFER_MESSAGES_MAX * share ||
    characters >= FEED_BUFFER_CHARACTERS_MAX * share;
  let refusal: FeedRefusedError | null = null;
  let wake = (): void => undefined;
  const feed = followFeed({
    ...options,
    onMessage(message, length) {
      waiting.push({ message, length });
      characters += length;
      if (isAbove(1)) feed.pause();
      wake();
    },
    onRefused(error) {
      refusal = error;
      wake();
    },
  });
  const close = (): void => {
    signal?.removeEventListener('abort', close);
    feed.close();
    wake();
  };
  if (signal?.aborted === true) close();
  else signal?.addEventListener('abort', close);
  const take = async function* (): AsyncGenerator<FeedMessage, void, undefined> {
    try {
      for (;;) {
        if (signal?.aborted === true) throw signal.reason;
        const next = waiting.shift();
        characters -= next?.length ?? 0;
        if (next !== undefined) yield next.message;
        if (!isAbove(1 / 2)) feed.resume();
        if (waiting.length > 0) continue;
        if (refusal !== null) throw refusal;
        if (feed.status === 'closed') return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      close();
    }
  };
  const taken = take();
  return { [Symbol.asyncIterator]: () => taken, close };
}
