import { useEffect, useState } from 'preact/hooks';

const listeners = new Set<(nowMs: number) => void>();
let timer = 0;

/** One clock for all ages of a page. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    listeners.add(setNow);
    if (timer === 0) {
      timer = window.setInterval(() => {
        for (const listener of listeners) listener(Date.now());
      }, 1_000);
    }
    return () => {
      listeners.delete(setNow);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = 0;
    };
  }, []);
  return now;
}

export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** How long ago; on hover, when. */
export function Age(props: { readonly timestampMs: number }) {
  const now = useNow();
  const at = new Date(props.timestampMs);
  return (
    <time class="age" dateTime={at.toISOString()} title={`${at.toISOString()} (${at})`}>
      {ageText(now - props.timestampMs)}
    </time>
  );
}

/** Date and time to the millisecond, UTC. */
export function Instant(props: { readonly timestampMs: number }) {
  const text = new Date(props.timestampMs).toISOString().replace('T', ' ').replace('Z', ' UTC');
  return (
    <span>
      <Age timestampMs={props.timestampMs} /> <span class="quiet">({text})</span>
    </span>
  );
}
