import type { Game } from '../../../command/client/answers.js';
import { useSlowHeight } from '../api/liveContext.js';
import { goWithin, useTitle } from '../router.js';
import { Await } from '../widgets/await.js';
import { Nothing } from '../widgets/fields.js';
import { GameRows } from '../widgets/gameRows.js';
import { FIRST_PAGE } from '../widgets/pageIn.js';
import { Pager, usePages } from '../widgets/pager.js';
import { Tabs } from '../widgets/tabs.js';

const REFRESH_MS = 2_000;

/** Games of `path`, as the accounts' pages show them too. */
export function GameList(props: {
  readonly path: string;
  readonly version: number;
  readonly none: string;
  readonly withoutAccount?: boolean;
}) {
  const paged = usePages<Game>(props.path, props.version);
  return (
    <Await loaded={paged.loaded} what="list of games">
      {({ items }) =>
        items.length === 0 ? (
          <Nothing>{props.none}</Nothing>
        ) : (
          <>
            <GameRows games={items} withoutAccount={props.withoutAccount ?? false} />
            <Pager paged={paged} label="the games" />
          </>
        )
      }
    </Await>
  );
}

/** What is played and what was played, the newest first. */
export function GamesPage(props: { readonly query: URLSearchParams }) {
  useTitle('Games');
  const game = props.query.get('game') ?? '';
  const choose = (event: Event) => {
    const { value } = event.currentTarget as HTMLSelectElement;
    goWithin({ ...FIRST_PAGE, game: value }, { replace: true });
  };
  const version = useSlowHeight(REFRESH_MS);
  const path = `/explorer/games?limit=25${game === '' ? '' : `&game=${encodeURIComponent(game)}`}`;
  const list = (status: string, none: string) => (
    <GameList key={status} path={`${path}&status=${status}`} version={version} none={none} />
  );
  return (
    <>
      <div class="title">
        <h1>Games</h1>
        <div class="inline">
          <label>
            Game{' '}
            <select value={game} onChange={choose}>
              <option value="">any</option>
              <option value="hiLo">Hi-lo</option>
              <option value="roulette">Roulette</option>
            </select>
          </label>
          <a class="button" href="/play">
            Play
          </a>
        </div>
      </div>
      <Tabs
        label="games"
        tabs={[
          {
            id: 'finished',
            title: 'Finished',
            content: () => list('finished', 'No game has ended yet.'),
          },
          {
            id: 'playing',
            title: 'In play',
            content: () => list('playing', 'Nobody is playing just now.'),
          },
        ]}
      />
    </>
  );
}
