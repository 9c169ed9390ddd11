import { useEffect, useState } from 'preact/hooks';

export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Paths that the server answers with something else than the page. */
const NOT_PAGES = /^\/(explorer|state|schemas|genesis|openapi\.json|healthz|livez|metrics)(\/|$)/;

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

const listeners = new Set<() => void>();

function change(to: string, replace: boolean, state: unknown): void {
  if (replace) history.replaceState(state, '', to);
  else history.pushState(state, '', to);
  for (const listener of listeners) listener();
}

/** Goes to a page without loading the document again. */
export function go(to: string, replace = false): void {
  change(to, replace, null);
  if (!replace) window.scrollTo(0, 0);
}

/**
 * Changes what the address says of the page that is open, null for nothing, and leaves the reader
 * where he is. `state` comes back from the history with the address.
 */
export function goWithin(
  changes: Readonly<Record<string, string | null>>,
  options: { readonly replace?: boolean; readonly state?: unknown } = {},
): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const search = query.size === 0 ? '' : `?${query}`;
  const to = `${location.pathname}${search}${location.hash}`;
  change(to, options.replace ?? false, options.state ?? null);
}

function onClick(event: MouseEvent): void {
  const anchor = (event.target as Element).closest('a');
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (anchor === null || anchor.origin !== location.origin || !isPlain) return;
  if (anchor.hasAttribute('download') || anchor.target !== '') return;
  if (NOT_PAGES.test(anchor.pathname)) return;
  const isSame = anchor.pathname === location.pathname && anchor.search === location.search;
  if (isSame && anchor.hash !== '') return;
  event.preventDefault();
  go(anchor.pathname + anchor.search + anchor.hash);
}

/** The address of the page, kept in step with the browser's history: for any part of it. */
export function useHere(): Place {
  const [place, setPlace] = useState(here());
  useEffect(() => {
    const update = () => setPlace(here());
    listeners.add(update);
    window.addEventListener('popstate', update);
    return () => {
      listeners.delete(update);
      window.removeEventListener('popstate', update);
    };
  }, []);
  return place;
}

/** For the part that holds all others: the address, kept in step with links too. */
export function usePlace(): Place {
  useEffect(() => {
    document.addEventListener('click', onClick);
    return () => document.removeEventListener('click', onClick);
  }, []);
  return useHere();
}

/** The title of the window, while the page is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Nullspace`;
  }, [title]);
}
