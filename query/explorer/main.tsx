import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { read, useLive } from './api.js';
import { AccountPage, BlockPage, Blocks, CommandPage, Home } from './pages.js';

/** The path of the page, kept in step with the browser's history. */
function usePath(): [string, (to: string) => void] {
  const [path, setPath] = useState(location.pathname);
  const go = (to: string) => {
    history.pushState(null, '', to);
    setPath(location.pathname);
    window.scrollTo(0, 0);
  };
  useEffect(() => {
    const onPop = () => setPath(location.pathname);
    const onClick = (event: MouseEvent) => {
      const anchor = (event.target as Element).closest('a');
      const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
      if (anchor === null || anchor.origin !== location.origin || !isPlain) return;
      event.preventDefault();
      go(anchor.pathname);
    };
    window.addEventListener('popstate', onPop);
    document.addEventListener('click', onClick);
    return () => {
      window.removeEventListener('popstate', onPop);
      document.removeEventListener('click', onClick);
    };
  }, []);
  return [path, go];
}

interface SearchAnswer {
  readonly redirect: string | null;
}

/** Where the page of something that was found is. */
function pageOf(apiPath: string): string {
  return apiPath
    .replace('/explorer/blocks/', '/block/')
    .replace('/explorer/commands/', '/command/')
    .replace('/explorer/accounts/', '/account/');
}

function Search(props: { readonly go: (to: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const query = input.current?.value.trim() ?? '';
    if (query === '') return;
    try {
      const { redirect } = await read<SearchAnswer>(
        `/explorer/search?q=${encodeURIComponent(query)}`,
      );
      setProblem(redirect === null ? `Nothing is known of “${query}”.` : '');
      if (redirect !== null) props.go(pageOf(redirect));
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <form class="search" onSubmit={submit}>
      <input
        ref={input}
        type="search"
        aria-label="search"
        placeholder="Height, block, command or account   ( / )"
      />
      {problem !== '' && <p role="alert">{problem}</p>}
    </form>
  );
}

function Theme() {
  const [theme, setTheme] = useState(localStorage.getItem('theme') ?? 'auto');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem('theme', theme);
  }, [theme]);
  const next = theme === 'auto' ? 'dark' : theme === 'dark' ? 'light' : 'auto';
  return (
    <button
      type="button"
      class="second"
      onClick={() => setTheme(next)}
      aria-label={`theme: ${theme}`}
    >
      {theme}
    </button>
  );
}

function App() {
  const [path, go] = usePath();
  const live = useLive();
  const [kind = '', id = ''] = path.split('/').slice(1);
  const height = live.blocks[0]?.height ?? 0;
  const page =
    path === '/' ? (
      <Home live={live} />
    ) : path === '/blocks' ? (
      <Blocks live={live} />
    ) : kind === 'block' && id !== '' ? (
      <BlockPage key={id} id={id} />
    ) : kind === 'command' && id !== '' ? (
      <CommandPage key={id} id={id} />
    ) : kind === 'account' && id !== '' ? (
      <AccountPage key={id} id={id} version={height} />
    ) : (
      <div class="card">
        <h1>There is no such page</h1>
        <p>
          Nothing stands at <code>{path}</code>. Search for a height, a block, a command or an
          account.
        </p>
      </div>
    );
  return (
    <>
      <header>
        <a class="brand" href="/">
          Nullspace
        </a>
        <nav aria-label="pages">
          <a href="/blocks">Blocks</a>
        </nav>
        <Search go={go} />
        <Theme />
      </header>
      <main>{page}</main>
      <footer>
        <span class={`dot ${live.connected ? 'on' : ''}`} aria-hidden="true" />
        {live.connected ? `live at height ${height}` : 'reconnecting…'} ·{' '}
        <a href="/openapi.json">API</a>
      </footer>
    </>
  );
}

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
