import { useLayoutEffect, useRef } from 'preact/hooks';
import { useGenesis } from '../api/assets.js';
import { SearchBox } from './searchBox.js';
import { ThemeButton } from './themeButton.js';

const PAGES = [
  ['/play', 'Play'],
  ['/blocks', 'Blocks'],
  ['/commands', 'Commands'],
  ['/accounts', 'Accounts'],
  ['/games', 'Games'],
  ['/validators', 'Validators'],
  ['/stats', 'Charts'],
  ['/tools', 'Tools'],
  ['/status', 'Status'],
] as const;

/** A page below belongs to its list: `/block/7` to Blocks. */
function isAt(path: string, page: string): boolean {
  return path === page || path.startsWith(`${page.replace(/s$/, '')}/`);
}

/** The page one is at is in view, from the first paint on, where there is no room for all. */
function useCurrentInView(path: string) {
  const pages = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const nav = pages.current;
    const current = nav?.querySelector<HTMLElement>('[aria-current]');
    if (!nav || !current) return;
    const middle = current.offsetLeft - nav.offsetLeft + current.offsetWidth / 2;
    nav.scrollLeft = middle - nav.clientWidth / 2;
  }, [path]);
  return pages;
}

export function Header(props: { readonly path: string }) {
  const name = useGenesis()?.name ?? ' ';
  const pages = useCurrentInView(props.path);
  return (
    <header>
      <div class="bar">
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          Nullspace
        </a>
        <span class="network" title={`the network is called “${name}”`}>
          {name}
        </span>
        <SearchBox place={props.path} />
        <ThemeButton />
      </div>
      <nav class="pages" ref={pages} aria-label="pages">
        {PAGES.map(([page, title]) => (
          <a key={page} href={page} aria-current={isAt(props.path, page) ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
    </header>
  );
}
