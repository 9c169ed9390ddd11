import { useState } from 'preact/hooks';
import type { Page } from '../../../command/client/answers.js';
import { type Loaded, useRead } from '../api/read.js';
import { Icon } from './icons.js';

export interface Paged<T> {
  readonly loaded: Loaded<Page<T>>;
  /** 0 is the first page, the newest rows. */
  readonly index: number;
  older(): void;
  newer(): void;
}

/** A list by cursors: `path` without one is the first page, read again when `version` grows. */
export function usePages<T>(path: string, version = 0): Paged<T> {
  const [at, setAt] = useState<{ readonly path: string; readonly cursors: readonly string[] }>({
    path,
    cursors: [],
  });
  const cursors = at.path === path ? at.cursors : [];
  const cursor = cursors.at(-1);
  const joint = path.includes('?') ? '&' : '?';
  const whole = cursor === undefined ? path : `${path}${joint}cursor=${encodeURIComponent(cursor)}`;
  const loaded = useRead<Page<T>>(whole, cursor === undefined ? version : 0);
  const next = loaded.state === 'loaded' ? loaded.value.nextCursor : null;
  return {
    loaded,
    index: cursors.length,
    older: () => next !== null && setAt({ path, cursors: [...cursors, next] }),
    newer: () => setAt({ path, cursors: cursors.slice(0, -1) }),
  };
}

export function Pager<T>(props: { readonly paged: Paged<T>; readonly label: string }) {
  const { loaded, index, older, newer } = props.paged;
  const hasNext = loaded.state === 'loaded' && loaded.value.nextCursor !== null;
  if (index === 0 && !hasNext) return null;
  return (
    <nav class="pager" aria-label={`pages of ${props.label}`}>
      <button type="button" class="second" disabled={index === 0} onClick={newer}>
        <Icon name="left" /> Newer
      </button>
      <span>Page {index + 1}</span>
      <button type="button" class="second" disabled={!hasNext} onClick={older}>
        Older <Icon name="right" />
      </button>
    </nav>
  );
}
