import type { Page } from '../../../command/client/answers.js';
import { type Loaded, useRead } from '../api/read.js';
import { goWithin, useHere } from '../router.js';
import { Icon } from './icons.js';
import { FIRST_PAGE, pageIn } from './pageIn.js';

export interface Paged<T> {
  readonly loaded: Loaded<Page<T>>;
  /** 0 is the first page, the newest rows. */
  readonly index: number;
  /** Null: there is none. */
  readonly older: (() => void) | null;
  /** Null: there is none, or the page before this one is not known. */
  readonly newer: (() => void) | null;
}

/** Goes to the last of the pages that these cursors lead to, one after the other. */
function goToPage(cursors: readonly string[]): void {
  const cursor = cursors.at(-1);
  if (cursor === undefined) return goWithin(FIRST_PAGE);
  goWithin({ cursor, page: String(cursors.length + 1) }, { state: { cursors } });
}

/**
 * A list by cursors, of which the address keeps the page; `path` is the first one, read again when
 * `version` grows. The history keeps the cursors of the pages before. Null reads nothing yet.
 */
export function usePages<T>(path: string | null, version = 0): Paged<T> {
  const { query } = useHere();
  const { index, cursor, before } = pageIn(query, history.state);
  const joint = path?.includes('?') ? '&' : '?';
  const whole =
    cursor === null || path === null ? path : `${path}${joint}cursor=${encodeURIComponent(cursor)}`;
  const loaded = useRead<Page<T>>(whole, cursor === null ? version : 0);
  const next = loaded.state === 'loaded' ? loaded.value.nextCursor : null;
  const trail = cursor === null ? [] : [...(before ?? Array(index - 1).fill('')), cursor];
  return {
    loaded,
    index,
    older: next === null ? null : () => goToPage([...trail, next]),
    newer: before === null ? null : () => goToPage(before),
  };
}

export function Pager<T>(props: { readonly paged: Paged<T>; readonly label: string }) {
  const { index, older, newer } = props.paged;
  if (index === 0 && older === null) return null;
  return (
    <nav class="pager" aria-label={`pages of ${props.label}`}>
      {index > 0 && newer === null ? (
        <button type="button" class="second" onClick={() => goToPage([])}>
          <Icon name="left" /> Newest
        </button>
      ) : (
        <button type="button" class="second" disabled={index === 0} onClick={newer ?? undefined}>
          <Icon name="left" /> Newer
        </button>
      )}
      <span>Page {index + 1}</span>
      <button type="button" class="second" disabled={older === null} onClick={older ?? undefined}>
        Older <Icon name="right" />
      </button>
    </nav>
  );
}
