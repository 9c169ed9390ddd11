import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { useNow } from '../widgets/age.js';
import { lastHeardText } from './lastHeard.js';
import { followLive, type Live, NO_LIVE } from './liveFeed.js';
import { connectionIsBack } from './read.js';

/** The one feed of the page, for all of its parts. */
export const LiveContext = createContext<Live>(NO_LIVE);

export function useLive(): Live {
  return useContext(LiveContext);
}

/** For the part that holds all others: opens the feed and closes it at the end. */
export function useLiveFeed(): Live {
  const [live, setLive] = useState<Live>(NO_LIVE);
  useEffect(() => followLive(setLive), []);
  useEffect(() => {
    if (live.status === 'live') connectionIsBack();
  }, [live.status]);
  return live;
}

/**
 * Since when the page has heard nothing of the chain, in words, when it is not connected or what
 * should have come is overdue; null while what it shows is of now.
 */
export function useLastHeard(): string | null {
  const live = useLive();
  return lastHeardText(live, useNow());
}

/** Grows by one every `everyMs` while the chain grows: how often a summary is read again. */
export function useSlowHeight(everyMs: number): number {
  const { height } = useLive();
  const [shown, setShown] = useState({ height, atMs: 0 });
  useEffect(() => {
    const waitMs = Math.max(0, shown.atMs + everyMs - Date.now());
    if (height === shown.height) return;
    const timer = setTimeout(() => setShown({ height, atMs: Date.now() }), waitMs);
    return () => clearTimeout(timer);
  }, [height === shown.height, shown.atMs]);
  return shown.height;
}
