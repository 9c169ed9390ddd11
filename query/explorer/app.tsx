import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { LiveContext, useLiveFeed } from './api/liveContext.js';
import { loadCode, loadCodeAgain } from './api/loadCode.js';
import { whenConnectionIsBack } from './api/read.js';
import { Footer } from './frame/footer.js';
import { Header } from './frame/header.js';
import { AccountPage } from './pages/accountPage.js';
import { AccountsPage } from './pages/accountsPage.js';
import { BlockPage } from './pages/blockPage.js';
import { BlocksPage } from './pages/blocksPage.js';
import { CommandPage } from './pages/commandPage.js';
import { CommandsPage } from './pages/commandsPage.js';
import { GamesPage } from './pages/gamesPage.js';
import { HomePage } from './pages/homePage.js';
import { NotFoundPage } from './pages/notFoundPage.js';
import { SearchPage } from './pages/searchPage.js';
import { StatsPage } from './pages/statsPage.js';
import { StatusPage } from './pages/statusPage.js';
import { ValidatorsPage } from './pages/validatorsPage.js';
import { type Place, usePlace } from './router.js';
import { NotLoaded } from './widgets/notLoaded.js';
import { ungrouped } from './widgets/ungrouped.js';

/** A page that brings much code of its own: loaded when somebody goes there. */
function Later(props: { readonly load: () => Promise<ComponentType> }) {
  const [Loaded, setLoaded] = useState<{ readonly page: ComponentType | null } | undefined>();
  useEffect(() => {
    loadCode(props.load).then((page) => setLoaded({ page }));
  }, []);
  const again = () => {
    setLoaded(undefined);
    loadCodeAgain(props.load).then((page) => setLoaded({ page }));
  };
  const isMissing = Loaded?.page === null;
  useEffect(() => (isMissing ? whenConnectionIsBack(again) : undefined), [isMissing]);
  if (Loaded === undefined) return <p class="loading">Loading…</p>;
  if (Loaded.page !== null) return <Loaded.page />;
  return (
    <div class="card">
      <NotLoaded what="This page" again={again} isPage />
    </div>
  );
}

const loadPlay = async () => (await import('./play/playPage.js')).PlayPage;
const loadTools = async () => (await import('./pages/toolsPage.js')).ToolsPage;

function pageAt({ path, query }: Place): VNode {
  const [kind = '', id = '', more] = path.split('/').slice(1);
  const name = decodeURIComponent(id);
  if (more === undefined && id !== '') {
    if (kind === 'block') {
      const block = ungrouped(name);
      return <BlockPage key={block} id={block} />;
    }
    if (kind === 'command') return <CommandPage key={name} id={name} />;
    if (kind === 'account') return <AccountPage key={name} id={name} query={query} />;
  }
  switch (path) {
    case '/':
      return <HomePage />;
    case '/blocks':
      return <BlocksPage query={query} />;
    case '/commands':
      return <CommandsPage query={query} />;
    case '/accounts':
      return <AccountsPage />;
    case '/games':
      return <GamesPage query={query} />;
    case '/validators':
      return <ValidatorsPage />;
    case '/stats':
      return <StatsPage query={query} />;
    case '/status':
      return <StatusPage />;
    case '/search':
      return <SearchPage key={query.get('q')} text={query.get('q') ?? ''} />;
    case '/play':
      return <Later key="play" load={loadPlay} />;
    case '/tools':
      return <Later key="tools" load={loadTools} />;
    default:
      return <NotFoundPage path={path} />;
  }
}

export function App() {
  const place = usePlace();
  const live = useLiveFeed();
  return (
    <LiveContext.Provider value={live}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header path={place.path} />
      <main id="content">{pageAt(place)}</main>
      <Footer />
    </LiveContext.Provider>
  );
}
