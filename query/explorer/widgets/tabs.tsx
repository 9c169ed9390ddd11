import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { go, useHere } from '../router.js';
import { queryOfFirstPage } from './pageIn.js';

export interface Tab {
  readonly id: string;
  readonly title: string;
  readonly content: () => ComponentChildren;
}

/** Panels of which one is shown; the address keeps which (`#events`), the arrow keys move. */
export function Tabs(props: { readonly label: string; readonly tabs: readonly Tab[] }) {
  const { label, tabs } = props;
  const fromAddress = () => tabs.find(({ id }) => `#${id}` === location.hash);
  const first = tabs[0]?.id ?? '';
  const [shown, setShown] = useState(fromAddress()?.id ?? first);
  const here = useHere();
  useEffect(() => {
    // Other fragments, that of the skip link, lead to other parts of the page.
    const onHash = () =>
      setShown((last) => fromAddress()?.id ?? (location.hash === '' ? first : last));
    onHash();
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }, [here]);
  const show = (id: string) => {
    setShown(id);
    // The page of the list that was shown says nothing of the next one.
    go(`${location.pathname}${queryOfFirstPage(location.search)}#${id}`, true);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = tabs.findIndex(({ id }) => id === shown);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    show(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  const current = tabs.find(({ id }) => id === shown) ?? tabs[0];
  return (
    <section class="card">
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={onKey}>
        {tabs.map(({ id, title }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-selected={id === current?.id}
            aria-controls={`panel-${id}`}
            tabIndex={id === current?.id ? 0 : -1}
            onClick={() => show(id)}
          >
            {title}
          </button>
        ))}
      </div>
      {current !== undefined && (
        <div role="tabpanel" id={`panel-${current.id}`} aria-labelledby={`tab-${current.id}`}>
          {current.content()}
        </div>
      )}
    </section>
  );
}
