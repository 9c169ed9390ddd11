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

/** Goes to a page without loading the document again. */
export function go(to: string, replace = false): void {
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  for (const listener of listeners) listener();
  if (!replace) window.scrollTo(0, 0);
}

function onClick(event: MouseEvent): void {
  const anchor = (event.target as Element).closest('a');
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (anchor === null || anchor.origin !== location.origin || !isPlain) return;
  if (anchor.hasAttribute('download') || anchor.target !== '') return;
  if (NOT_PAGES.test(anchor.pathname)) return;
  if (anchor.pathname === location.pathname && anchor.hash !== '') return;
  event.preventDefault();
  go(anchor.pathname + anchor.search + anchor.hash);
}

/** The address of the page, kept in step with the browser's history and with links. */
export function usePlace(): Place {
  const [place, setPlace] = useState(here());
  useEffect(() => {
    const update = () => setPlace(here());
    listeners.add(update);
    window.addEventListener('popstate', update);
    document.addEventListener('click', onClick);
    return () => {
      listeners.delete(update);
      window.removeEventListener('popstate', update);
      document.removeEventListener('click', onClick);
    };
  }, []);
  return place;
}

/** The title of the window, while the page is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Nullspace`;
  }, [title]);
}
