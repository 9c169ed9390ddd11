import { useEffect } from 'preact/hooks';
import type { SearchAnswer } from '../../../command/client/answers.js';
import { useRead } from '../api/read.js';
import { pageOf } from '../frame/searchBox.js';
import { go, useTitle } from '../router.js';
import { Await } from '../widgets/await.js';
import { Hash } from '../widgets/hash.js';
import { ungrouped } from '../widgets/ungrouped.js';

const GROUPS = [
  ['block', 'Blocks'],
  ['command', 'Commands'],
  ['account', 'Accounts'],
] as const;

/** The least digits of a digest, an id or a key that the reader looks for; fewer are a height. */
const BEGINNING_DIGITS_MIN = 6;

function NothingFound(props: { readonly text: string }) {
  const { text } = props;
  const digits = ungrouped(text);
  const isHeightOnly = /^[0-9]+$/.test(digits) && digits.length < BEGINNING_DIGITS_MIN;
  const few = `Fewer than ${BEGINNING_DIGITS_MIN} digits are searched among heights alone`;
  return (
    <div class="missing">
      <p class="break">
        {isHeightOnly
          ? `There is no block of height ${digits}. ${few}.`
          : `No block, command or account is called “${text}” or begins so. A command that is ` +
            'still on its way is not here yet.'}
      </p>
    </div>
  );
}

/** Goes on to the only exact match; else shows all that begins so, or that nothing does. */
export function SearchPage(props: { readonly text: string }) {
  const { text } = props;
  useTitle(`Search for ${text}`);
  const loaded = useRead<SearchAnswer>(`/explorer/search?q=${encodeURIComponent(ungrouped(text))}`);
  const exact = loaded.state === 'loaded' && loaded.value.redirect !== null ? loaded.value : null;
  const only = exact?.matches.find(({ path }) => path === exact.redirect);
  useEffect(() => {
    if (only !== undefined) go(pageOf(only), true);
  }, [only]);
  return (
    <div class="card">
      <h1 class="break">Search for “{text}”</h1>
      <Await loaded={loaded} what={`search for “${text}”`}>
        {({ matches }) =>
          matches.length === 0 ? (
            <NothingFound text={text} />
          ) : (
            GROUPS.map(([kind, title]) => {
              const found = matches.filter((match) => match.kind === kind);
              if (found.length === 0) return null;
              return (
                <section key={kind}>
                  <h2>{title}</h2>
                  <ul class="plain-list">
                    {found.map((match) => (
                      <li key={match.path}>
                        <Hash value={match.id} to={pageOf(match)} whole />
                      </li>
                    ))}
                  </ul>
                </section>
              );
            })
          )
        }
      </Await>
    </div>
  );
}
